"""The append-only log of events, written inside the event loop and never waiting for a disk.

A commit is one SQLite transaction in WAL mode, without a flush: what it has written belongs to the
operating system and survives the end of the process (`kill -9`) at any moment. A power cut loses at most
the last second (`keeper.py` flushes once a second, in a thread). While the database file is locked, by a
checkpoint of our own or a backup program, the commit goes to a spill file instead, with the same
guarantee, and into the database with the next commit. When nothing can be written (disk full), calls go
on: events are kept in memory, `problem` says so, and every commit tries again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ntpd112.histogram import Histogram
from ntpd112.journal import codec, lockfile, schema
from ntpd112.journal.events import CallAccepted, CallConnected, CallEnded, CallStarted, JournalEvent
from ntpd112.journal.keeper import CHECKPOINT_BYTES, Keeper, prune
from ntpd112.journal.lockfile import LockFile
from ntpd112.journal.pending import LIMIT, Pending, Row
from ntpd112.journal.spill import Spill

LOG_EVERY_S = 60.0
"A lasting failure is logged this often."
CHUNK_ROWS = 2_000
"Events written in one transaction, about 10 ms: catching up must not hold up the loop."
PROBE_ROWS = 50
"Events tried first after a failure."
COMMIT_BUCKETS_S = (0.000_02, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 1.0)
"Seconds. A commit takes about 20 µs; above 1 ms it begins to hold up calls."
INTERRUPTED_Q850 = 41
"Temporary failure (ITU-T Q.850 table 1)."

log = logging.getLogger(__name__)


class Stored(NamedTuple):
    """An event with its place in the journal; later ones have higher `seq`, with gaps."""

    seq: int
    event: JournalEvent


class Journal:
    """Append and commit from one thread (the loop); `read` and `read_call` from any.

    `on_commit`: called with the last seq after each commit that reached the database, in its thread.
    `on_retry`: called about once a second **in another thread** while events wait; let it run a turn.
    `problem`: why events do not reach the disk, None while they do. `commits`: how long they took.
    """

    def __init__(
        self, path: Path | str, *, pending_limit: int = LIMIT, checkpoint_bytes: int = CHECKPOINT_BYTES
    ) -> None:
        """Opens or creates the journal. Raises JournalLocked (another agent writes it), JournalBroken,
        JournalError."""
        self.path = Path(path)
        self.problem: str | None = None
        self.on_commit: list[Callable[[int], None]] = []
        self.on_retry: Callable[[], None] | None = None
        self._lock_file = LockFile(_beside(self.path, lockfile.SUFFIX), self.path)
        try:
            schema.create(self.path)
            self._open(pending_limit, checkpoint_bytes)
        except BaseException:
            self._lock_file.close()
            raise

    def _open(self, pending_limit: int, checkpoint_bytes: int) -> None:
        self._mutex = threading.Lock()
        self._reading = threading.Lock()
        self._failing = False
        self.commits = Histogram(*COMMIT_BUCKETS_S)
        self._logged = (0.0, True)  # when (monotonic), and whether the events were safe
        self._pending = Pending(pending_limit)
        self._writer = schema.connect(self.path, synchronous="NORMAL", timeout_s=0)
        self._reader = schema.connect(self.path, synchronous="NORMAL", timeout_s=5)
        (self.id,) = self._writer.execute("SELECT id FROM journal").fetchone()
        (last,) = self._writer.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        self._last: int = last
        self._next: int = last + 1
        self._spill = Spill(_beside(self.path, "-spill"))
        self._recover()
        self._keeper = Keeper(
            self.path, self._mutex, self._spill, self._lock_file, self._after_period, checkpoint_bytes
        )
        self._keeper.start()

    def _recover(self) -> None:
        """Takes over what an agent that was killed had spilled."""
        for seq, data in self._spill.recover():
            if seq < self._next:
                continue
            try:
                self._pending.add(_row(seq, codec.decode(data), data))
            except codec.Unreadable as error:
                log.error("journal: spilled event %d is unreadable and left out: %s", seq, error)
                continue
            self._next = seq + 1
        self._pending.spilled = len(self._pending.rows)
        left = None
        while self._pending.rows and self.waiting != left:
            left = self.waiting
            self.commit()

    @property
    def last_seq(self) -> int:
        """Of the last event in the database; 0 when empty."""
        return self._last

    @property
    def waiting(self) -> int:
        """Events appended and not yet in the database."""
        return len(self._pending.rows)

    @property
    def size_bytes(self) -> int:
        """Of its files on the disk."""
        files = (self.path, _beside(self.path, "-wal"), _beside(self.path, "-spill"))
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def disk_free_bytes(self) -> int:
        """What is left for us where the journal is."""
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize

    @property
    def dropped(self) -> int:
        """Events lost because the disk failed for longer than memory lasts."""
        return self._pending.dropped

    def append(self, event: JournalEvent) -> None:
        """Buffers the event for the next commit. Never raises."""
        try:
            data = codec.encode(event)
        except Exception:
            kind, of_call = type(event).__name__, {"call_id": event.call_id}
            log.exception("journal: event cannot be encoded and is left out: %s", kind, extra=of_call)
            return
        self._pending.add(_row(self._next, event, data))
        self._next += 1

    def leave_out(self, places: int) -> None:
        """The next event's seq is higher by so much."""
        self._next += places

    def commit(self) -> int:
        """Writes what was appended, in one transaction (several after trouble); returns the last seq in
        the database. Never raises: on failure everything is kept for the next commit and `problem` is set."""
        if not self._pending.rows:
            return self._last
        error: sqlite3.Error | None = None
        before, began = self._last, time.perf_counter()
        if self._mutex.acquire(blocking=False):
            try:
                error = self._write_chunks()
            finally:
                self._mutex.release()
        if self._pending.rows:
            self._spill_rest(error)
        else:
            self._all_written()
        self.commits.observe(time.perf_counter() - began)
        if self._last != before:
            self._wake()
        return self._last

    def _write_chunks(self) -> sqlite3.Error | None:
        """Writes what is pending, but no more than would hold up the loop: the rest waits for the next
        commit. After a failure the first transaction is a small one, so that trying again costs little."""
        rows = self._pending.rows
        for size in (PROBE_ROWS, CHUNK_ROWS) if self._failing else (CHUNK_ROWS,):
            chunk = rows[:size]
            error = self._write(chunk)
            self._failing = error is not None
            if error is not None:
                return error
            self._last = chunk[-1].seq
            self._pending.done(len(chunk))
            if not rows:
                break
        return None

    def _write(self, rows: list[Row]) -> sqlite3.Error | None:
        """All rows in one transaction, or the error and none of them."""
        execute = self._writer.execute
        try:
            execute("BEGIN IMMEDIATE")
            self._writer.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", [row[:4] for row in rows])
            for row in rows:
                if row.opens:
                    execute("INSERT OR IGNORE INTO open_calls VALUES (?)", (row.call_id,))
                elif row.closes:
                    execute("DELETE FROM open_calls WHERE call_id = ?", (row.call_id,))
            execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            return error
        return None

    def _roll_back(self) -> None:
        if self._writer.in_transaction:  # SQLite itself rolls back after some errors
            try:
                self._writer.execute("ROLLBACK")
            except sqlite3.Error as error:
                log.error("journal: rollback failed: %s", error)

    def _all_written(self) -> None:
        if self.problem is not None:
            log.warning("journal: writes again, nothing waits any more")
            self.problem = None
            self._logged = (0.0, True)
        try:
            self._spill.clear()
        except OSError as error:  # harmless: recovery leaves out what the database has
            log.error("journal: spill file cannot be emptied: %s", error)

    def _wake(self) -> None:
        for callback in self.on_commit:
            try:
                callback(self._last)
            except Exception:
                log.exception("journal: a reader's wake-up failed")

    def _spill_rest(self, error: Exception | None) -> None:
        """Puts the rows that are in memory only into the spill file. `error`: why the database took none;
        None when it was busy with our own checkpoint or took some."""
        pending = self._pending
        rows = pending.rows
        try:
            self._spill.write([(row.seq, row.data) for row in rows[pending.spilled :]])
            pending.spilled = len(rows)
        except OSError as caught:
            error = caught
        if error is not None:
            self._failed(error, safe=pending.spilled == len(rows))

    def _failed(self, error: Exception, *, safe: bool) -> None:
        self.problem = f'journal "{self.path}": {error}; {len(self._pending.rows)} events wait ' + (
            "in the spill file" if safe else "in memory only: free some space"
        )
        logged_at, was_safe = self._logged
        if was_safe != safe or time.monotonic() >= logged_at + LOG_EVERY_S or not logged_at:
            self._logged = (time.monotonic(), safe)
            log.log(logging.WARNING if safe else logging.CRITICAL, "%s", self.problem)

    def _after_period(self) -> None:
        if self._pending.rows and self.on_retry is not None:
            self.on_retry()

    def read(self, after_seq: int, limit: int) -> list[Stored]:
        """Up to `limit` committed events after `after_seq`, in order; fewer only at the end. From any thread.
        Raises sqlite3.Error."""
        found: list[Stored] = []
        while len(found) < limit:
            rows = self._fetch(
                "SELECT seq, data FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
                after_seq,
                limit - len(found),
            )
            if not rows:
                break
            after_seq = rows[-1][0]
            found += _decoded(rows)
        return found

    def read_call(self, call_id: str) -> list[Stored]:
        """All committed events of a call, in order; empty for an unknown one. From any thread. Raises
        sqlite3.Error."""
        return _decoded(self._fetch("SELECT seq, data FROM events WHERE call_id = ? ORDER BY seq", call_id))

    def _fetch(self, sql: str, *parameters: object) -> list[tuple[int, bytes]]:
        with self._reading:
            return self._reader.execute(sql, parameters).fetchall()

    def open_calls(self) -> list[str]:
        """Calls started and not ended, oldest first."""
        rows = self._writer.execute("SELECT call_id FROM open_calls ORDER BY call_id").fetchall()
        ids = dict.fromkeys(call_id for (call_id,) in rows)
        for row in self._pending.rows:
            if row.opens:
                ids[row.call_id] = None
            elif row.closes:
                ids.pop(row.call_id, None)
        return list(ids)

    def has_call(self, call_id: str) -> bool:
        """Whether any event of this call is in the journal."""
        if self._writer.execute("SELECT 1 FROM events WHERE call_id = ? LIMIT 1", (call_id,)).fetchone():
            return True
        return any(row.call_id == call_id for row in self._pending.rows)

    def close_open_calls(self, now: float) -> list[str]:
        """At start-up, before any call: ends the calls an agent that died had left open, as `interrupted`,
        at the last moment it lived, and commits. `now`: epoch seconds. Returns the calls' ids."""
        left = self.open_calls()
        alive_at = min(self._lock_file.last_alive or 0.0, now)
        for call_id in left:
            events = [stored.event for stored in self.read_call(call_id)]
            answered = any(isinstance(event, CallAccepted | CallConnected) for event in events)
            self.append(
                CallEnded(
                    at=max([alive_at, *(event.at for event in events)]),
                    call_id=call_id,
                    disposition="interrupted",
                    hangup_by="system",
                    sip_code=200 if answered else 0,
                    q850_cause=INTERRUPTED_Q850,
                    reason="agent restarted",
                )
            )
        self.commit()
        return left

    def prune(self, *, up_to_seq: int, before: float) -> int:
        """Removes events of ended calls up to `up_to_seq` (what every projection has read) from before
        `before` (epoch seconds). Takes long: call it from a thread. Returns rows removed. Raises
        sqlite3.Error."""
        return prune(self.path, self._mutex, up_to_seq=up_to_seq, before=before)

    def checkpoint(self) -> bool:
        """Brings the log into the database file now; blocks for disk flushes. False: a reader stood in the
        way."""
        return self._keeper.checkpoint()

    def close(self) -> None:
        """Commits, and leaves one tidy file."""
        self.commit()
        self._writer.close()
        with self._reading:
            self._reader.close()
        self._keeper.stop()
        self._spill.close()
        self._lock_file.close()


def _row(seq: int, event: JournalEvent, data: bytes) -> Row:
    return Row(
        seq, event.at, event.call_id, data, isinstance(event, CallStarted), isinstance(event, CallEnded)
    )


def _decoded(rows: list[tuple[int, bytes]]) -> list[Stored]:
    """The rows' events, without those that no longer can be read (they are logged: one bad row stops
    nobody)."""
    found = []
    for seq, data in rows:
        try:
            found.append(Stored(seq, codec.decode(data)))
        except codec.Unreadable as error:
            log.error("journal: event %d is unreadable and left out: %s", seq, error)
    return found


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
