"""Tells systemd how the agent is, if systemd wants to know (sd_notify(3)): ready, alive, stopping.

The watchdog is fed from the event loop: a loop that stands still for good is what a restart mends.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping

import structlog

log = structlog.get_logger("ntpd112")


class Supervisor:
    """Without `NOTIFY_SOCKET` in the environment its methods do nothing. They never raise."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        wanted = environ.get("WATCHDOG_USEC", "")
        self._watchdog_s = int(wanted) / 1e6 if wanted.isdigit() and self._address else 0.0
        self._feeding: asyncio.Task[None] | None = None

    def ready(self) -> None:
        """Calls are taken from now on. The watchdog is fed until the loop ends."""
        self._tell("READY=1")
        if self._watchdog_s:
            self._feeding = asyncio.get_running_loop().create_task(self._feed(), name="systemd's watchdog")

    def stopping(self, calls: int) -> None:
        """No new calls; `calls` may still go on."""
        self._tell(f"STOPPING=1\nSTATUS=draining, {calls} calls to go")

    async def _feed(self) -> None:
        """Twice in each interval, as sd_watchdog_enabled(3) recommends."""
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 2)

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
                sock.sendto(state.encode(), address)
        except OSError as error:
            log.warning("systemd cannot be told", state=state, reason=error.strerror or str(error))
