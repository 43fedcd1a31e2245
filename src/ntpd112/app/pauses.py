"""How long the event loop stood still: whatever is slow in it, calls waited for that long."""

from __future__ import annotations

import asyncio
import time
from collections import deque

import structlog

from ntpd112.histogram import Histogram

LOOK_S = 0.1
"Seconds between looks: a pause is seen if it is longer than what is left of this."
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"Seconds."
PERIOD_S = 15.0
PERIODS = 4
"The longest is told of the last minute, so that each of several scrapers sees it."
LONG_S = 0.5
"A caller's sound goes on, but phones repeat what they asked for (RFC 3261: T1 is 500 ms)."

log = structlog.get_logger("ntpd112")


class Pauses:
    def __init__(self) -> None:
        self.seen = Histogram(*BUCKETS_S)
        self._longest: deque[float] = deque([0.0], maxlen=PERIODS)
        "By period, the present one last."
        self._ends_at = 0.0

    @property
    def longest_s(self) -> float:
        """Of the last minute."""
        return max(self._longest)

    async def watch(self) -> None:
        """For ever."""
        while True:
            due = time.monotonic() + LOOK_S
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            self.note(now - due, now)

    def note(self, late_s: float, now: float) -> None:
        """A look came so many seconds late. `now`: monotonic seconds."""
        late_s = max(0.0, late_s)
        self.seen.observe(late_s)
        if now >= self._ends_at:
            self._ends_at = now + PERIOD_S
            self._longest.append(0.0)
        self._longest[-1] = max(self._longest[-1], late_s)
        if late_s >= LONG_S:
            log.warning(
                "THE AGENT STOOD STILL: the machine is overloaded or was asleep", for_s=round(late_s, 2)
            )
