"""How many calls a second: a token bucket of one second's calls. Pure."""

from __future__ import annotations

from ntpd112.cell_rate import take

BURST_S = 1.0
"Seconds of calls that may come at once; always one."


class Pace:
    """`rate`: calls a second; 0: no limit."""

    def __init__(self, rate: float = 0.0) -> None:
        self.rate = rate
        self._full_at = float("-inf")

    def wait(self, now: float) -> float:
        """Counts a call and returns 0; or counts none and returns in how many seconds one may come."""
        if not self.rate:
            return 0.0
        interval = 1 / self.rate
        self._full_at, wait_s = take(self._full_at, now, interval, max(0.0, BURST_S - interval))
        return wait_s
