"""How many calls a second: a token bucket as the generic cell rate algorithm (ITU-T I.371 annex A). Pure.

Of the bucket one number is kept: when it will be full again.
"""

from __future__ import annotations

BURST_S = 1.0
"Seconds of calls that may come at once; always one."
ROUNDING_S = 1e-6
"What adding and subtracting times may be wrong by."


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
        full_at = max(now, self._full_at)
        wait_s = full_at - now - max(0.0, BURST_S - interval)
        if wait_s > ROUNDING_S:
            return wait_s
        self._full_at = full_at + interval
        return 0.0
