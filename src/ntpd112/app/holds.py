"""Legal hold: a call's CDR, segments and recording are kept past retention, and so is what journal and trace
have of it, in a file beside them (`journal.held`)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from ntpd112.cdr.keeping import Hold, Keeping
from ntpd112.journal.events import CallStarted, JournalEvent
from ntpd112.journal.held import HeldCalls
from ntpd112.sip.capture import read_messages

MAX_HELD = 10_000
"Held calls looked at to see whether more is known of them."

log = structlog.get_logger("ntpd112.holds")


class LegalHolds:
    """`read_call`: a call's events as the journal has them; `trace`: the file of SIP messages, None: there is
    none. Methods raise what the database raises."""

    def __init__(
        self,
        keeping: Keeping,
        copies: HeldCalls,
        read_call: Callable[[str], Sequence[JournalEvent]],
        trace: Path | None,
    ) -> None:
        self._keeping = keeping
        self._copies = copies
        self._read_call = read_call
        self._trace = trace

    async def hold(self, call_id: str, reason: str, by: str) -> Hold | None:
        """None: there is no CDR of this call."""
        held = await self._keeping.hold(call_id, reason, by, datetime.now(UTC))
        if held is not None:
            await asyncio.to_thread(self._copy, call_id)
            log.warning("LEGAL HOLD: call is kept", call_id=call_id, by=by, reason=reason)
        return held

    async def release(self, call_id: str, by: str) -> bool:
        """False: it was not held. From now on retention applies again."""
        released = await self._keeping.release(call_id)
        if released:
            await asyncio.to_thread(self._copies.remove, call_id)
            log.warning("legal hold ended", call_id=call_id, by=by)
        return released

    async def held(self, call_id: str) -> Hold | None:
        return await self._keeping.held(call_id)

    async def holds(self, limit: int) -> list[Hold]:
        """The latest first."""
        return await self._keeping.holds(limit)

    async def removed_at(self, call_id: str) -> datetime | None:
        """When retention removed the call's recording; None: it did not."""
        recording = (await self._keeping.recordings([call_id])).get(call_id)
        return recording.removed_at if recording else None

    def history(self, call_id: str) -> Sequence[JournalEvent]:
        """A call's events, of a held one also when the journal has them no longer. From any thread. Raises
        sqlite3.Error, OSError, ValueError."""
        return self._read_call(call_id) or self._copies.events(call_id)

    async def refresh(self) -> None:
        """Before the journal forgets: what has come to held calls since (a classification)."""
        for hold in await self._keeping.holds(MAX_HELD):
            await asyncio.to_thread(self._copy, hold.id)

    def _copy(self, call_id: str) -> None:
        """A copy that fails is tried again hourly: the hold itself stands."""
        try:
            events = self._read_call(call_id)
            legs = [event.sip_call_id for event in events if isinstance(event, CallStarted)]
            messages = read_messages(self._trace, call_id, legs) if self._trace else []
            self._copies.save(call_id, events, [msgspec.to_builtins(message) for message in messages])
        except (OSError, sqlite3.Error, ValueError) as error:
            log.error("HELD CALL: its events are not copied yet", call_id=call_id, reason=str(error))
