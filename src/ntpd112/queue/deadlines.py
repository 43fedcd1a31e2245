"""One deadline per key, the earliest first. Setting and cancelling cost the logarithm of their number."""

from __future__ import annotations

import heapq

Key = tuple[str, str]
"What it is that falls due, and whose."

SLACK = 64
"Cancelled entries that may stay in the heap beyond the number of live ones before it is rebuilt."


class Deadlines:
    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, key: Key) -> bool:
        return key in self._at

    @property
    def heap_size(self) -> int:
        """Entries held, live and cancelled; at most `2 * len(self) + SLACK`."""
        return len(self._heap)

    def set(self, key: Key, at: float) -> None:
        """Replaces the key's former deadline."""
        self._at[key] = at
        heapq.heappush(self._heap, (at, key))
        self._trim()

    def cancel(self, key: Key) -> None:
        """No harm if the key has none."""
        if self._at.pop(key, None) is not None:
            self._trim()

    def next(self) -> float | None:
        while self._heap and not self._live(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> Key | None:
        """Take the earliest key whose deadline is not after `now`."""
        at = self.next()
        if at is None or at > now:
            return None
        _, key = heapq.heappop(self._heap)
        del self._at[key]
        return key

    def _live(self, entry: tuple[float, Key]) -> bool:
        return self._at.get(entry[1]) == entry[0]

    def _trim(self) -> None:
        if len(self._heap) > 2 * len(self._at) + SLACK:
            self._heap = [(at, key) for key, at in self._at.items()]
            heapq.heapify(self._heap)
