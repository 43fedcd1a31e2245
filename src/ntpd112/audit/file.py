"""The audit log's file: SQLite of its own, so that it is there when the main database is not, can be written
by the agent and by commands at the same time, and stays when the journal's old events go.

Each entry carries a hash over the one before it (`entry.digest`), so whoever changes, removes or slips in a
line has to write everything behind it anew. Commits are flushed: an entry that was written is there after a
power cut.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from .entry import GENESIS, Entry, digest

BUSY_S = 5.0
"How long one writer waits for another: a command for the agent."
CHUNK_ROWS = 1_000
"Entries removed in one transaction: some ms, for which another writer waits."

_TABLES = f"""
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE ends (
    one INTEGER PRIMARY KEY CHECK (one = 1), removed INTEGER NOT NULL, before TEXT NOT NULL,
    last INTEGER NOT NULL, head TEXT NOT NULL);
INSERT INTO ends VALUES (1, 0, '{GENESIS}', 0, '{GENESIS}');
"""
"""`ends`: where the entries begin (the last one removed by retention, and its hash) and where they end, so
that entries cut off at either end are missed."""


class AuditFile:
    """For one thread at a time. Methods raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        """Opens or creates it, for its owner's eyes only. Raises OSError, sqlite3.Error."""
        if not path.exists():
            _create(path)
        self._connection = _connect(path)

    def append(self, entries: Sequence[Entry]) -> None:
        """All, or none of them."""
        with _Transaction(self._connection) as execute:
            last, head = execute("SELECT last, head FROM ends").fetchone()
            for entry in entries:
                last += 1
                head = digest(head, last, entry)
                execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (last, *_row(entry), head))
            execute("UPDATE ends SET last = ?, head = ?", (last, head))

    def prune(self, before: float) -> int:
        """Removes up to `CHUNK_ROWS` of the oldest entries, as long as they are older than `before` (epoch
        seconds). Returns how many."""
        with _Transaction(self._connection) as execute:
            oldest = execute("SELECT seq, at, sha256 FROM entries ORDER BY seq LIMIT ?", (CHUNK_ROWS,))
            gone = None
            count = 0
            for seq, at, sha256 in oldest:
                if at >= before:
                    break
                gone = seq, sha256
                count += 1
            if gone is not None:
                execute("DELETE FROM entries WHERE seq <= ?", gone[:1])
                execute("UPDATE ends SET removed = ?, before = ?", gone)
        return count

    def close(self) -> None:
        self._connection.close()


def _create(path: Path) -> None:
    """Whole, so that nobody finds it without its tables; of two who do it at once one is first."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}-") as folder:
        made = Path(folder) / path.name
        connection = _connect(made)
        try:
            connection.executescript(_TABLES)
        finally:
            connection.close()
        made.chmod(0o600)
        with contextlib.suppress(FileExistsError):
            os.link(made, path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = full")
    except BaseException:
        connection.close()
        raise
    return connection


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Callable[..., sqlite3.Cursor]:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection.execute

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:  # SQLite itself rolls back after some errors
            self._connection.execute("ROLLBACK")


def _row(entry: Entry) -> tuple[object, ...]:
    values = msgspec.structs.asdict(entry)
    return *list(values.values())[:-1], msgspec.json.encode(values["detail"], order="deterministic").decode()
