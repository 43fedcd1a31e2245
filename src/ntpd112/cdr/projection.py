"""From the journal to the CDRs in the main database, for ever, at its own pace.

Woken by the journal's commits, never polling. CDRs and the position read up to are written in one
transaction, so neither a crash nor a database that was away loses or doubles a CDR; the same call may be
written again when more becomes known of it (media figures, a classification).
"""

from __future__ import annotations

import asyncio
import logging
import time

from ntpd112.cdr.database import first_line, is_refusal
from ntpd112.cdr.fold import fold
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.store import CdrStore, Position
from ntpd112.journal import Source
from ntpd112.journal.events import CallClassified, CallEnded, LegQuality

NAME = "cdrs"
LINGER_S = 0.25
"""After a wake-up: media figures come shortly after a call's end, and many calls are written at once. At 130
calls/s a call costs 0.8 ms less than with a step for every two or three calls (0.1 s: 0.5 ms less)."""
BATCH_EVENTS = 2_000
"Events read at a time: bounds memory and the transaction when catching up."
RETRY_S = (0.5, 5.0)
"First and longest pause while the database fails; doubled in between."
LOG_EVERY_S = 60.0

log = logging.getLogger(__name__)


class CdrProjection:
    """`problem`: why CDRs are not written now, None when they are. `written`, `refused`: counts since the
    start."""

    def __init__(
        self,
        journal: Source,
        store: CdrStore,
        *,
        linger_s: float = LINGER_S,
        retry_s: tuple[float, float] = RETRY_S,
    ) -> None:
        self._journal = journal
        self._store = store
        self._linger_s = linger_s
        self._retry_s = retry_s
        self._wake = asyncio.Event()
        self._position: int | None = None
        self._logged_at = float("-inf")
        self.problem: str | None = None
        self.written = 0
        self.refused = 0

    @property
    def position(self) -> int:
        """Up to where the journal is in the database; 0 before that is known."""
        return self._position or 0

    @property
    def lag(self) -> int:
        """Events of the journal not yet dealt with."""
        return max(0, self._journal.last_seq - self.position)

    def wake(self, _last_seq: int) -> None:
        """For the journal's `on_commit`."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        pause = self._retry_s[0]
        while True:
            self._wake.clear()
            try:
                await self._catch_up()
                pause = self._retry_s[0]
            except Exception as error:  # whatever it is, CDRs must go on being written
                self._failed(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._retry_s[1])
                continue
            await self._wake.wait()
            await asyncio.sleep(self._linger_s)

    async def drain(self) -> None:
        """At the end: writes what is left, once. Raises what the database raises."""
        await self._catch_up()

    async def _catch_up(self) -> None:
        if self._position is None:
            known = await self._store.position(NAME)
            self._position = known.seq if known and known.journal == self._journal.id else 0
        # What comes meanwhile waits for the next time: each step would have one or two calls, for ever.
        last = self._journal.last_seq
        while self._position < last:
            await self._step(self._position, last)
        if self.problem is not None:
            log.warning("CDRs are written again")
            self.problem = None
            self._logged_at = float("-inf")

    async def _step(self, after: int, last: int) -> None:
        """Deals with one batch of events behind `after`; `last` is known to be in the journal."""
        records, position = await asyncio.to_thread(self._read, after)
        where = Position(self._journal.id, last if position is None else position)
        try:
            await self._store.write(records, NAME, where)
            self.written += len(records)
        except Exception as error:
            if not is_refusal(error):
                raise
            await self._write_singly(records, where)
        self._position = where.seq

    def _read(self, after: int) -> tuple[list[Cdr], int | None]:
        """In a thread: CDRs of the calls that a batch tells something new of, and the batch's last seq
        (None: no readable event is left)."""
        batch = self._journal.read(after, BATCH_EVENTS)
        touched = dict.fromkeys(
            stored.event.call_id
            for stored in batch
            if isinstance(stored.event, CallEnded | LegQuality | CallClassified)
        )
        folded = (fold(stored.event for stored in self._journal.read_call(call_id)) for call_id in touched)
        return [record for record in folded if record is not None], batch[-1].seq if batch else None

    async def _write_singly(self, records: list[Cdr], where: Position) -> None:
        """After the database refused a batch for its contents: one bad CDR must not hold up the others."""
        before = Position(where.journal, self.position)
        for record in records:
            try:
                await self._store.write([record], NAME, before)
                self.written += 1
            except Exception as error:
                if not is_refusal(error):
                    raise
                self.refused += 1
                reason, of_call = first_line(error), {"call_id": record.id}
                log.critical(
                    "CDR of call %s is refused by the database: %s", record.id, reason, extra=of_call
                )
        await self._store.write([], NAME, where)

    def _failed(self, error: Exception) -> None:
        self.problem = f"CDRs wait in the journal ({self.lag} events): {first_line(error)}"
        if time.monotonic() - self._logged_at >= LOG_EVERY_S:
            self._logged_at = time.monotonic()
            log.error("%s", self.problem)
