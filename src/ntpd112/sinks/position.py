"""Up to where each sink has told the journal, and what it has to remember besides, in one small SQLite file
beside the journal: the main database may be away while a sink is not."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

TIMEOUT_S = 2.0
"For the file's lock: nobody but a backup ever holds it."

_TABLES = """
CREATE TABLE IF NOT EXISTS sinks (name TEXT PRIMARY KEY, journal TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS kept (
    sink TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (sink, key)) WITHOUT ROWID;
"""
_MOVE = """
INSERT INTO sinks VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET journal = excluded.journal, seq = excluded.seq
"""


class PositionStore:
    """One sink's place in the file. Methods block for the disk: call them from a thread, any one at a time.
    They raise sqlite3.Error."""

    tables = _TABLES

    def __init__(self, path: Path, sink: str) -> None:
        self._path = path
        self._sink = sink
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def load(self, journal: str, first: int) -> int:
        """The seq up to which this journal was told. A sink that is new begins behind `first`, and that is
        written down, so that it holds from now on; in another journal than last time it begins at 0."""
        with self._lock:
            found = self._open().execute("SELECT journal, seq FROM sinks WHERE name = ?", (self._sink,))
            row = found.fetchone()
        if row is not None and row[0] == journal:
            return int(row[1])
        seq = first if row is None else 0
        self.move(journal, seq, {})
        return seq

    def kept(self) -> dict[str, bytes]:
        """What was given to `move`, the last value of each key."""
        with self._lock:
            rows = self._open().execute("SELECT key, value FROM kept WHERE sink = ?", (self._sink,))
            return dict(rows.fetchall())

    def move(self, journal: str, seq: int, keep: Mapping[str, bytes]) -> None:
        """Everything up to `seq` was told. `keep`: written in the same transaction."""
        with self._lock, self._open() as connection:
            self._move(connection, journal, seq, keep)

    def _move(
        self, connection: sqlite3.Connection, journal: str, seq: int, keep: Mapping[str, bytes]
    ) -> None:
        connection.execute(_MOVE, (self._sink, journal, seq))
        connection.executemany(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)",
            [(self._sink, key, value) for key, value in keep.items()],
        )

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            with suppress(OSError):  # SQLite will say it
                os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))  # it has telephone numbers
            made = sqlite3.connect(self._path, timeout=TIMEOUT_S, check_same_thread=False)
            try:
                made.execute("PRAGMA journal_mode = wal")
                made.execute("PRAGMA synchronous = NORMAL")
                made.executescript(self.tables)
            except sqlite3.Error:
                made.close()
                raise
            self._connection = made
        return self._connection
