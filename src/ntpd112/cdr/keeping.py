"""How long CDRs and recordings are kept, and which calls longer: retention and legal hold in the database.

A hold is a mark on the CDR's own row, and what removes anything looks at it in the statement that does: of a
hold and a removal at the same moment one is first, on both databases. A recording is marked as removed before
its file is: killed in between, a file is left that the CDR no longer names as there, and found as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr.hours import Hours, close, is_counted
from ntpd112.cdr.tables import cdrs

CHUNK = 50
"Rows changed in one transaction: some ms, for which the CDRs of calls wait."


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A call that retention leaves alone."""

    id: str
    held_at: datetime
    held_by: str
    reason: str


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What a CDR says of its recording."""

    id: str
    file: str
    "Relative to the recordings' folder."
    removed_at: datetime | None


class Keeping:
    """Methods raise sqlalchemy.exc.SQLAlchemyError or OSError when the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def hold(self, call_id: str, reason: str, by: str, now: datetime) -> Hold | None:
        """Also anew, with another reason. None: there is no such CDR."""
        values = {"held_at": now, "held_by": by, "hold_reason": reason}
        async with self._engine.begin() as connection:
            done = await connection.execute(update(cdrs).where(cdrs.c.id == call_id).values(values))
        return Hold(id=call_id, held_at=now, held_by=by, reason=reason) if done.rowcount else None

    async def release(self, call_id: str) -> bool:
        """False: it was not held."""
        nothing = {"held_at": None, "held_by": None, "hold_reason": None}
        held = (cdrs.c.id == call_id) & cdrs.c.held_at.is_not(None)
        async with self._engine.begin() as connection:
            return bool((await connection.execute(update(cdrs).where(held).values(nothing))).rowcount)

    async def held(self, call_id: str) -> Hold | None:
        found = await self._holds(_HOLDS.where(cdrs.c.id == call_id))
        return found[0] if found else None

    async def holds(self, limit: int) -> list[Hold]:
        """The latest first."""
        return await self._holds(_HOLDS.order_by(cdrs.c.held_at.desc(), cdrs.c.id).limit(limit))

    async def _holds(self, query: Select[Any]) -> list[Hold]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Hold(id=row[0], held_at=row[1], held_by=row[2], reason=row[3]) for row in rows]

    async def due(self, cdrs_before: datetime | None, recordings_before: datetime | None) -> tuple[int, int]:
        """How many CDRs and recordings are due; None: those are kept for ever."""
        async with self._engine.connect() as connection:
            counts = []
            for before, what in ((cdrs_before, _DUE), (recordings_before, _DUE & _SOUNDS)):
                query = select(func.count()).select_from(cdrs).where(what)
                if before is None:
                    counts.append(0)
                else:
                    counts.append(await connection.scalar(query.where(cdrs.c.started_at < before)) or 0)
        return counts[0], counts[1]

    async def remove_recordings(self, before: datetime, now: datetime) -> list[Recording]:
        """Marks up to `CHUNK` recordings of calls from before `before`; their files go next."""
        some = select(cdrs.c.id).where(_DUE & _SOUNDS, cdrs.c.started_at < before).limit(CHUNK)
        statement = update(cdrs).where(cdrs.c.id.in_(some), _DUE).values(recording_removed_at=now)
        async with self._engine.begin() as connection:
            rows = await connection.execute(statement.returning(*_RECORDING))
            return [_recording(row) for row in rows.all()]

    async def remove_cdrs(self, before: datetime) -> list[Recording | None]:
        """Removes up to `CHUNK` CDRs with their segments, which reports go on counting. Their recordings,
        whose files are then to be removed; None for one without."""
        await Hours(self._engine).count(before)
        due = _DUE & is_counted(cdrs.c.started_at)
        some = select(cdrs.c.id).where(due, cdrs.c.started_at < before).order_by(cdrs.c.started_at)
        statement = delete(cdrs).where(cdrs.c.id.in_(some.limit(CHUNK)), due)
        async with self._engine.begin() as connection:
            rows = (await connection.execute(statement.returning(*_RECORDING, cdrs.c.started_at))).all()
            await close(connection, (row.started_at for row in rows))
        return [_recording(row) if row[1] else None for row in rows]

    async def recordings(self, call_ids: Iterable[str]) -> dict[str, Recording | None]:
        """Of these calls, by id; None of one without a recording. Calls without a CDR are not in it."""
        wanted: Sequence[str] = list(call_ids)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(*_RECORDING).where(cdrs.c.id.in_(wanted)))).all()
        return {row[0]: _recording(row) if row[1] else None for row in rows}


_HOLDS = select(cdrs.c.id, cdrs.c.held_at, cdrs.c.held_by, cdrs.c.hold_reason).where(
    cdrs.c.held_at.is_not(None)
)
_RECORDING = (cdrs.c.id, cdrs.c.recording, cdrs.c.recording_removed_at)
_DUE = cdrs.c.held_at.is_(None)
_SOUNDS = cdrs.c.recording.is_not(None) & cdrs.c.recording_removed_at.is_(None)


def _recording(row: Sequence[object]) -> Recording:
    return msgspec.convert({"id": row[0], "file": row[1], "removed_at": row[2]}, Recording)
