"""The agent's process: wiring, start, stop. `run(config)` is what `ntpd112 run` calls."""

from .agent import Agent, StartError, run

__all__ = ["Agent", "StartError", "run"]
