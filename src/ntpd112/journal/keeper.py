"""The journal's thread: it does what waits for a disk, so that the event loop never does.

Once a second it flushes the WAL (a power cut loses at most that second), notes that the agent lives, and,
when the WAL has grown, brings it into the database file. Checkpointing has two steps: a PASSIVE one,
beside which commits go on, and a short RESTART with the write lock held, during which commits go to the
spill file. The row written right after starts the WAL anew, so that SQLite's flush of the new WAL header
happens here and not in the loop.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from ntpd112.journal import schema
from ntpd112.journal.lockfile import LockFile
from ntpd112.journal.spill import Spill

PERIOD_S = 1.0
"Between flushes: what a power cut may lose."
CHECKPOINT_BYTES = 16 << 20
"WAL size at which a checkpoint is worth its work."
PRUNE_ROWS = 500
"Rows removed at a time: about 2 ms during which commits go to the spill file."

log = logging.getLogger(__name__)


class Keeper:
    """Runs until `stop`. `mutex` is held whenever it writes to the database: commits try it and spill when
    they cannot have it. `after_period` is called in this thread once a period."""

    def __init__(
        self,
        path: Path,
        mutex: threading.Lock,
        spill: Spill,
        lock_file: LockFile,
        after_period: Callable[[], None],
        checkpoint_bytes: int = CHECKPOINT_BYTES,
    ) -> None:
        self._wal = path.with_name(path.name + "-wal")
        self._mutex = mutex
        self._spill = spill
        self._lock_file = lock_file
        self._after_period = after_period
        self._checkpoint_bytes = checkpoint_bytes
        self._connection = schema.connect(path, synchronous="FULL", timeout_s=0)
        self._checkpointing = threading.Lock()
        self._wal_fd = os.open(self._wal, os.O_RDONLY)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-keeper", daemon=True)
        self._last_error = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits for the thread, then brings all of the WAL into the file. The writer must be closed
        before."""
        self._stopping.set()
        self._thread.join()
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            log.warning("journal: last checkpoint failed (the next start takes it over): %s", error)
        self._connection.close()
        os.close(self._wal_fd)

    def _run(self) -> None:
        while not self._stopping.wait(PERIOD_S):
            self._say(self._period())
            self._after_period()

    def _period(self) -> str:
        """One period's work; returns what went wrong."""
        try:
            self._lock_file.touch()
            os.fdatasync(self._wal_fd)
            self._spill.sync()
            if os.fstat(self._wal_fd).st_size >= self._checkpoint_bytes:
                self.checkpoint()
        except (OSError, sqlite3.Error) as error:
            return str(error)
        return ""

    def _say(self, error: str) -> None:
        if error != self._last_error:
            self._last_error = error
            if error:
                log.error("journal: flushing to disk fails: %s", error)
            else:
                log.info("journal: flushing to disk works again")

    def checkpoint(self) -> bool:
        """Brings the WAL into the database file and starts it anew. False: a reader stood in the way."""
        with self._checkpointing:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            return self._restart()

    def _restart(self) -> bool:
        with self._mutex:
            (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
            if not busy:
                self._connection.execute("UPDATE journal SET checkpoints = checkpoints + 1")
        return not busy


def prune(path: Path, mutex: threading.Lock, *, up_to_seq: int, before: float) -> int:
    """Removes events up to `up_to_seq` that are older than `before` (epoch seconds), except those of open
    calls and the newest one, which keeps the count. Blocks for long: call it from a thread. Returns rows
    removed."""
    connection = schema.connect(path, synchronous="NORMAL", timeout_s=1)
    removed = 0
    try:
        while True:
            with mutex:
                cursor = connection.execute(_PRUNE, (up_to_seq, before, PRUNE_ROWS))
            removed += cursor.rowcount
            if cursor.rowcount < PRUNE_ROWS:
                return removed
    finally:
        connection.close()


_PRUNE = """
DELETE FROM events WHERE seq IN (
    SELECT seq FROM events
    WHERE seq <= ? AND at < ? AND seq < (SELECT max(seq) FROM events)
      AND call_id NOT IN (SELECT call_id FROM open_calls)
    ORDER BY seq LIMIT ?)
"""
