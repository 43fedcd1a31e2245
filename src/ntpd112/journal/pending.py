"""Events appended and not yet in SQLite. Usually those of one turn; more only while the disk fails."""

from __future__ import annotations

from typing import NamedTuple

LIMIT = 100_000
"""Events (about 30 MB): an hour of failing disk at three calls a second. Beyond, the oldest inessential
half goes."""


class Row(NamedTuple):
    """An event, encoded, with what the tables need of it."""

    seq: int
    at: float
    call_id: str
    data: bytes
    opens: bool
    "It starts a call."
    closes: bool
    "It ends a call."

    @property
    def essential(self) -> bool:
        """Without it a call would have no CDR at all."""
        return self.opens or self.closes


class Pending:
    """A bounded buffer. `spilled` counts the rows at its front that are also in the spill file."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.rows: list[Row] = []
        self.spilled = 0
        self.dropped = 0
        self._limit = limit

    def add(self, row: Row) -> None:
        if len(self.rows) >= self._limit:
            self._make_room()
        self.rows.append(row)

    def done(self, count: int) -> None:
        """The first `count` rows are in the database."""
        del self.rows[:count]
        self.spilled = max(0, self.spilled - count)

    def _make_room(self) -> None:
        """Drops the oldest half of the inessential rows; if there are none, the oldest half of all."""
        before = self.rows
        inessential = [index for index, row in enumerate(before) if not row.essential]
        candidates = inessential or range(len(before))
        gone = set(candidates[: (len(candidates) + 1) // 2])
        self.spilled -= sum(1 for index in gone if index < self.spilled)
        self.rows = [row for index, row in enumerate(before) if index not in gone]
        self.dropped += len(gone)
