"""A webhook's deliveries until they were taken, and the dead ones, in an SQLite file beside the journal.

What is read from the journal and the position behind it are written in one transaction: whenever the agent
dies, an event is either still to be read or has its delivery.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from .delivery import Delivery
from .position import TIMEOUT_S, PositionStore

MAX_PENDING = 10_000
"Deliveries of one webhook, some 20 MB; while there are as many, further events wait in the journal."
MAX_DEAD = 10_000
"Of one webhook; the oldest fall out."
HOLDS_TRIES = 5
"A delivery tried less often holds up those behind it about the same call: three minutes or so."
MAX_ERROR = 500
"Characters kept of what went wrong."

_TABLES = """
CREATE TABLE IF NOT EXISTS pending (
    n INTEGER PRIMARY KEY AUTOINCREMENT, hook TEXT NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL,
    about TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, queued_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, first_at REAL, due_at REAL NOT NULL DEFAULT 0,
    status INTEGER, error TEXT NOT NULL DEFAULT '', UNIQUE (hook, id));
CREATE INDEX IF NOT EXISTS pending_of_one ON pending (hook, about, n);
CREATE TABLE IF NOT EXISTS dead (
    n INTEGER PRIMARY KEY AUTOINCREMENT, hook TEXT NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL,
    about TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, queued_at REAL NOT NULL,
    tries INTEGER NOT NULL, first_at REAL NOT NULL, died_at REAL NOT NULL,
    status INTEGER, error TEXT NOT NULL, UNIQUE (hook, id));
"""
_PUT = """
INSERT INTO pending (hook, id, event, about, seq, body, queued_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hook, id) DO NOTHING
"""
_DUE = """
SELECT n, id, event, about, seq, body, tries, first_at FROM pending AS p
WHERE hook = ? AND due_at <= ? AND NOT EXISTS (
    SELECT 1 FROM pending AS e
    WHERE e.hook = p.hook AND e.about = p.about AND e.n < p.n AND e.due_at > ? AND e.tries < ?)
ORDER BY n LIMIT ?
"""
_BURY = """
INSERT OR REPLACE INTO dead
    (hook, id, event, about, seq, body, queued_at, tries, first_at, died_at, status, error)
SELECT hook, id, event, about, seq, body, queued_at, ?, ?, ?, ?, ? FROM pending WHERE n = ?
"""
_FORGET = """
DELETE FROM dead WHERE hook = ? AND n <= (
    SELECT n FROM dead WHERE hook = ? ORDER BY n DESC LIMIT 1 OFFSET ?)
"""
_RAISE = """
INSERT INTO pending (hook, id, event, about, seq, body, queued_at)
SELECT hook, id, event, about, seq, body, ? FROM dead WHERE hook = ? AND (id = ? OR ? IS NULL) ORDER BY n
ON CONFLICT (hook, id) DO NOTHING
"""
_DEAD = """
SELECT id, event, about, seq, tries, first_at, died_at, status, error FROM dead
WHERE hook = ? ORDER BY n DESC LIMIT ?
"""


class Due(NamedTuple):
    n: int
    delivery: Delivery
    tries: int
    "Before."
    first_at: float | None
    "Of the first, epoch seconds."


class Tried(NamedTuple):
    """A delivery after a try. `due_at`: None when it is tried no more."""

    n: int
    tries: int
    first_at: float
    status: int | None
    error: str
    due_at: float | None


class Dead(msgspec.Struct, frozen=True):
    """A delivery that was given up. Times are epoch seconds."""

    id: str
    event: str
    about: str
    seq: int
    tries: int
    first_at: float
    died_at: float
    status: int | None
    "Of the last answer; None: there was none."
    error: str


class Counts(NamedTuple):
    pending: int
    dead: int
    oldest_at: float | None
    "When the oldest pending one was put in, epoch seconds."
    next_at: float | None
    "When the first of those that wait after a failure is due."


class Outbox(PositionStore):
    """One webhook's. As a `PositionStore` its methods block for the disk, any one at a time, and raise
    sqlite3.Error. Several may be open on one file, in several processes."""

    tables = PositionStore.tables + _TABLES

    def __init__(self, path: Path, hook: str) -> None:
        super().__init__(path, hook)
        self.hook = hook

    def put(
        self,
        journal: str,
        seq: int,
        keep: Mapping[str, bytes],
        deliveries: Iterable[Delivery],
        now: float,
    ) -> None:
        """As `move`, with what came of the events up to `seq`. `now`: epoch seconds."""
        rows = [(self.hook, *delivery, now) for delivery in deliveries]
        with self._lock, self._open() as connection:
            connection.executemany(_PUT, rows)
            self._move(connection, journal, seq, keep)

    def due(self, now: float, limit: int) -> list[Due]:
        """Deliveries to be tried now, oldest first; of one call never one behind another that has to wait,
        unless that has failed HOLDS_TRIES times."""
        with self._lock:
            rows = self._open().execute(_DUE, (self.hook, now, now, HOLDS_TRIES, limit)).fetchall()
        return [Due(row[0], Delivery(*row[1:6]), row[6], row[7]) for row in rows]

    def settle(self, taken: Iterable[int], tried: Sequence[Tried], now: float) -> int:
        """Writes down what came of tries. Returns how many dead ones had to fall out."""
        with self._lock, self._open() as connection:
            connection.executemany("DELETE FROM pending WHERE n = ?", [(n,) for n in taken])
            for one in tried:
                error = one.error[:MAX_ERROR]
                if one.due_at is not None:
                    connection.execute(
                        "UPDATE pending SET tries = ?, first_at = ?, due_at = ?, status = ?, error = ? "
                        "WHERE n = ?",
                        (one.tries, one.first_at, one.due_at, one.status, error, one.n),
                    )
                    continue
                connection.execute(_BURY, (one.tries, one.first_at, now, one.status, error, one.n))
                connection.execute("DELETE FROM pending WHERE n = ?", (one.n,))
            return connection.execute(_FORGET, (self.hook, self.hook, MAX_DEAD)).rowcount

    def counts(self, now: float) -> Counts:
        with self._lock:
            find = self._open().execute
            pending = find(
                "SELECT count(*), min(queued_at), min(CASE WHEN due_at > ? THEN due_at END) "
                "FROM pending WHERE hook = ?",
                (now, self.hook),
            ).fetchone()
            (dead,) = find("SELECT count(*) FROM dead WHERE hook = ?", (self.hook,)).fetchone()
        return Counts(pending[0], dead, pending[1], pending[2])

    def dead(self, limit: int) -> list[Dead]:
        """The last first."""
        with self._lock:
            return [Dead(*row) for row in self._open().execute(_DEAD, (self.hook, limit))]

    def resend(self, delivery: str | None, now: float) -> int:
        """Puts a dead delivery, by default all, behind the pending ones as if never tried. Returns how many.
        An agent notices within `courier.LOOK_S`."""
        with self._lock, self._open() as connection:
            connection.execute(_RAISE, (now, self.hook, delivery, delivery))
            return connection.execute(
                "DELETE FROM dead WHERE hook = ? AND (id = ? OR ? IS NULL)", (self.hook, delivery, delivery)
            ).rowcount


def deliveries_before(path: Path, before: float) -> int:
    """How many deliveries of all webhooks, waiting or dead, were put in before `before` (epoch seconds), also
    of webhooks that are configured no longer. 0 if there is no file. Raises sqlite3.Error."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=TIMEOUT_S)) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table} WHERE queued_at < ?", (before,)).fetchone()[0]
            for table in ("pending", "dead")
        ]
    return sum(counts)


def forget_deliveries(path: Path, before: float) -> int:
    """Removes them. Returns how many. A courier that is trying one meanwhile finds nothing to settle."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=TIMEOUT_S)) as connection, connection:
        return sum(
            connection.execute(f"DELETE FROM {table} WHERE queued_at < ?", (before,)).rowcount
            for table in ("pending", "dead")
        )


def outbox_file(journal: Path) -> Path:
    """Beside this journal."""
    return journal.with_name(journal.stem + "-webhooks.db")
