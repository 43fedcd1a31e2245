"""The agent's process: wiring, start, stop. `run(config)` is what `ntpd112 run` calls."""

from .agent import Agent, StartError
from .serving import run

__all__ = ["Agent", "StartError", "run"]
