"""How full a trunk's line group is: the most calls at once, and an alarm before none is left. Pure."""

from __future__ import annotations

from collections import deque
from math import ceil, floor

HOUR_MINUTES = 60
HYSTERESIS = 0.1
"Share of the lines that has to become free below the alarm before it is over: calls come and go at its edge."
ROUNDING = 1e-9
"What shares of whole lines may be wrong by."


class Occupancy:
    """`alarm_at`: share of the lines at which the trunk counts as nearly full; 0: never."""

    def __init__(self, alarm_at: float = 0.0) -> None:
        self.alarm_at = alarm_at
        self.nearly_full = False
        self.peak = 0
        "The most calls at once since the start."
        self._minutes: deque[tuple[int, int]] = deque(maxlen=HOUR_MINUTES)
        "Of the last minutes in which calls began: the minute, and the most calls at once."

    def began(self, calls: int, now: float) -> None:
        """A call has begun; with it there are so many."""
        self.peak = max(self.peak, calls)
        minute = int(now // 60)
        if self._minutes and self._minutes[-1][0] == minute:
            calls = max(calls, self._minutes.pop()[1])
        self._minutes.append((minute, calls))

    def peak_of_hour(self, calls: int, now: float) -> int:
        """The most at once, as calls began in the last hour, or as there are now: `calls`."""
        oldest = int(now // 60) - HOUR_MINUTES
        return max([calls, *(most for minute, most in self._minutes if minute > oldest)])

    def look(self, calls: int, lines: int) -> bool:
        """Whether the alarm begins or ends with so many calls of so many lines."""
        was, alarm = self.nearly_full, max(1, ceil(self.alarm_at * lines - ROUNDING))
        if not self.alarm_at:
            self.nearly_full = False
        elif calls >= alarm:
            self.nearly_full = True
        elif calls <= max(0, min(alarm - 1, floor((self.alarm_at - HYSTERESIS) * lines + ROUNDING))):
            self.nearly_full = False
        return self.nearly_full != was
