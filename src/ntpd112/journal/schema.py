"""The journal's SQLite file: its tables, and connections to it.

WAL mode, never checkpointed by a commit: that is the work of a thread (`keeper.py`).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ntpd112.journal.errors import JournalBroken, JournalError

VERSION = 1
"`user_version` of the file. Later versions must open earlier files."
WAL_KEPT = 1 << 20
"Bytes the WAL file is cut back to after a checkpoint, should it have grown beyond."

_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, call_id TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_of_call ON events (call_id);
CREATE TABLE IF NOT EXISTS open_calls (call_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
    one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, checkpoints INTEGER NOT NULL DEFAULT 0);
INSERT OR IGNORE INTO journal (one, id) VALUES (1, lower(hex(randomblob(8))));
"""


def connect(path: Path, *, synchronous: str, timeout_s: float) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any one thread at a time."""
    connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT}")
    return connection


def create(path: Path) -> None:
    """Makes the file and its tables if they are not there. Raises JournalBroken, JournalError."""
    try:
        connection = connect(path, synchronous="FULL", timeout_s=5)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise JournalBroken(
                    f'journal "{path}" is of version {version}, this program knows {VERSION}: '
                    "run the newer program, or move the file away once its CDRs are written"
                )
            connection.executescript(_TABLES)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise JournalError(
            f'journal "{path}" cannot be opened: {error}; is its folder there and writable?'
        ) from error
    except sqlite3.DatabaseError as error:
        raise JournalBroken(
            f'journal "{path}" is damaged or no journal ({error}): move it away and start again'
        ) from error
