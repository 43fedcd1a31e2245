"""Runs the agent until it is told to stop: signals, draining, and what whoever started it is told."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import uvloop

from ntpd112.config import Config

from .agent import STOPPERS, Agent, StartError
from .logs import set_up_logging
from .supervisor import Supervisor
from .upkeep import allow_files, calm_collector


def run(config: Config, read: Callable[[], Config] | None = None) -> None:
    """Serve until SIGTERM or SIGINT: the first drains (up to `sip.drain`), a second stops at once. SIGHUP
    reads operators and configuration again, the latter by `read`. Raises StartError."""
    set_up_logging(config.log)
    allow_files()
    uvloop.run(_serve(config, read))


async def _serve(config: Config, read: Callable[[], Config] | None) -> None:
    agent, supervisor = Agent(config, read), Supervisor()
    signals: asyncio.Queue[None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.put_nowait, None)
    try:
        await agent.start()
    except BaseException as error:
        await agent.close()
        if isinstance(error, STOPPERS):
            raise StartError(str(error)) from error
        raise
    calm_collector()
    loop.add_signal_handler(signal.SIGHUP, agent.refresh_soon)
    supervisor.ready()
    await signals.get()
    agent.drain()
    supervisor.stopping(len(agent.context.calls))
    waits = [asyncio.create_task(signals.get()), asyncio.create_task(agent.drained())]
    await asyncio.wait(waits, timeout=config.sip.drain, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    await agent.stop()
