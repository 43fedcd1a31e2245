"""The agent's side of the audit log: a thread writes, nobody in the event loop waits for a disk.

Two ways in. `write` is for what must not happen unrecorded (a recording is fetched): it returns when the
entry is on disk, and raises if it is not. `note` is for what has happened all the same (a command to a
call): no emergency waits for an audit line. What cannot be written then stays in memory, and is written when
the file can be again; what memory cannot hold goes to the program's log.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from .entry import Entry
from .file import AuditFile

MAX_PENDING = 10_000
"Entries in memory, about 10 MB: hours of commands."
BATCH = 100
"Entries in one transaction."
RETRY_S = 1.0
WRITE_S = 5.0
"How long `write` waits for the disk."
STOP_S = 8.0
"How long the thread gets at the end; more than another writer may hold it up."
LOG_EVERY_S = 60.0

log = logging.getLogger(__name__)


class AuditUnavailable(Exception):
    """The entry could not be written; the message says why."""


class _Waiting(NamedTuple):
    entry: Entry
    written: Future[None] | None
    "None: nobody waits for it."


class AuditLog:
    """`start`, then `note` and `write` from the event loop, then `close`. `problem`: why entries are not
    written now. `lost`: entries that are in the program's log alone."""

    def __init__(self, path: Path, max_pending: int = MAX_PENDING) -> None:
        self.path = path
        self.problem: str | None = None
        self.lost = 0
        self._max_pending = max_pending
        self._pending: deque[_Waiting] = deque()
        self._file: AuditFile | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._logged_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="audit log", daemon=True)

    @property
    def waiting(self) -> int:
        return len(self._pending)

    def start(self) -> None:
        """A file that cannot be opened is a `problem`, no error: calls come first."""
        self._wake.set()
        self._thread.start()

    def note(self, entry: Entry) -> None:
        """Never waits, never raises."""
        if len(self._pending) >= self._max_pending:
            self._lose(entry)
            return
        self._put(_Waiting(entry, None))

    async def write(self, entry: Entry) -> None:
        """Returns when the entry is on disk. Raises AuditUnavailable: it is not, and will hardly be."""
        if self.problem is not None:
            raise AuditUnavailable(self.problem)
        written: Future[None] = Future()
        self._put(_Waiting(entry, written))
        try:
            async with asyncio.timeout(WRITE_S):
                await asyncio.wrap_future(written)
        except TimeoutError:
            raise AuditUnavailable(f"not written within {WRITE_S:g} s") from None

    def close(self) -> None:
        """Writes what waits, if that is possible now."""
        self._stop.set()
        self._wake.set()
        self._thread.join(STOP_S)
        while self._pending:
            self._lose(self._pending.popleft().entry)

    def _put(self, waiting: _Waiting) -> None:
        self._pending.append(waiting)
        self._wake.set()

    def _lose(self, entry: Entry) -> None:
        self.lost += 1
        log.critical("audit entry not written: %r", entry)

    def _run(self) -> None:
        while True:
            self._wake.wait(RETRY_S if self.problem else None)
            self._wake.clear()
            ended = self._stop.is_set()
            try:
                self._write_all()
            except Exception as error:  # whatever it is, the log must go on
                self._failed(error)
            if ended:
                break
        if self._file is not None:
            self._file.close()

    def _write_all(self) -> None:
        """Also with nothing to write: that is how it is found out whether it can be done again."""
        while True:
            taken = [self._pending.popleft() for _ in range(min(BATCH, len(self._pending)))]
            # Who has given up on an entry was told that it is not written: then it must not be.
            taken = [
                one for one in taken if one.written is None or one.written.set_running_or_notify_cancel()
            ]
            try:
                self._file = self._file or AuditFile(self.path)
                self._file.append([one.entry for one in taken])
            except Exception as error:
                self._give_back(taken, error)
                raise
            for one in taken:
                if one.written is not None:
                    one.written.set_result(None)
            if not self._pending:
                break
        if self.problem is not None:
            log.warning("audit log: entries are written again")
            self.problem = None
            self._logged_at = float("-inf")

    def _give_back(self, taken: list[_Waiting], error: Exception) -> None:
        """What another try may write waits for it; an entry that is wrong in itself would hold up all."""
        again = isinstance(error, OSError | sqlite3.Error)
        for one in reversed(taken):
            if one.written is not None:
                one.written.set_exception(AuditUnavailable(str(error)))
            elif again:
                self._pending.appendleft(one)
            else:
                self._lose(one.entry)

    def _failed(self, error: Exception) -> None:
        self.problem = f'audit log "{self.path}": {error}; {self.waiting} entries wait in memory'
        if time.monotonic() - self._logged_at >= LOG_EVERY_S:
            self._logged_at = time.monotonic()
            log.error("%s", self.problem)
