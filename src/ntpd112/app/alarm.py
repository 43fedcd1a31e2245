"""One timer on the loop for everything that has a next deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MIN_WAIT_S = 0.001
"Seconds: a deadline that has passed is served in the next iteration, never in a tight loop."


class Alarm:
    """Calls `fire` at the earliest deadline it was told of; re-armed only when that moved forward."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fire: Callable[[], None]) -> None:
        self._loop = loop
        self._fire = fire
        self._handle: asyncio.TimerHandle | None = None
        self._due = float("inf")

    def arm(self, *deadlines: float | None) -> None:
        """`deadlines`: loop time; None: nothing is due. A timer that turns out early does no harm."""
        due = min((deadline for deadline in deadlines if deadline is not None), default=float("inf"))
        if due >= self._due or due == float("inf"):
            return
        if self._handle is not None:
            self._handle.cancel()
        self._due = due
        self._handle = self._loop.call_at(max(due, self._loop.time() + MIN_WAIT_S), self._ring)

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._due = float("inf")

    def _ring(self) -> None:
        self._due = float("inf")
        self._fire()
