"""Token buckets: so many at once, then so many a second. Pure: `now` is the seconds of any clock.

Of each one number is kept, when it is full again (`cell_rate`); a full bucket need not be kept at all."""

from __future__ import annotations

import math
from collections.abc import Hashable

from ntpd112.cell_rate import ROUNDING_S, take

MAX_BUCKETS = 10_000
"Per table, about 1 MB. Beyond it the one unused for longest is forgotten, which only fills it."


class Buckets:
    """One bucket for each key. `rate`: tokens a second; `burst`: tokens of a full one."""

    def __init__(self, rate: float, burst: int, size: int = MAX_BUCKETS) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"a bucket of {burst} at {rate}/s would never give anything")
        self.burst = burst
        self.interval_s = 1 / rate
        "Between two tokens."
        self._size = size
        self._full_at: dict[Hashable, float] = {}
        "The longest unused first."

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: Hashable, now: float) -> float:
        """Takes a token and returns 0; or takes none and returns in how many seconds there will be one."""
        full_at = self._full_at.pop(key, now)
        self._full_at[key], wait_s = take(full_at, now, self.interval_s, (self.burst - 1) * self.interval_s)
        if len(self._full_at) > self._size:
            del self._full_at[next(iter(self._full_at))]
        return wait_s

    def give_back(self, key: Hashable) -> None:
        """A token that was taken and not needed."""
        if key in self._full_at:
            self._full_at[key] -= self.interval_s

    def fill(self, key: Hashable) -> None:
        self._full_at.pop(key, None)

    def full_in_s(self, key: Hashable, now: float) -> float:
        return max(0.0, self._full_at.get(key, now) - now)

    def left(self, key: Hashable, now: float) -> int:
        """Tokens there are now."""
        return self.burst - math.ceil((self.full_in_s(key, now) - ROUNDING_S) / self.interval_s)
