"""CDRs in the main database: written by the projection, read by the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import RowMapping, Select, delete, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ntpd112.cdr.hours import mark_due
from ntpd112.cdr.record import Cdr, Quality, Segment
from ntpd112.cdr.revisions import insert_for
from ntpd112.cdr.tables import UtcDateTime, cdrs, projections, segments

CDRS_PER_STATEMENT = 25
"Parameters are prepared in the event loop: 25 CDRs take it about 2 ms, then calls have their turn."
CDRS_PER_QUERY = 250
"Bounds what the driver holds at a time, and how many ids a query for segments names."
ROWS_AT_ONCE = 25
"Rows become records in the event loop: so many take it 0.7 ms at most, then calls have their turn."

KEEPING = ("recording_removed_at", "held_at", "held_by", "hold_reason")
"Columns that are not of the CDR, and stay when it is written again: see `keeping.py`."


class Position(NamedTuple):
    """How far a projection has read which journal."""

    journal: str
    seq: int


class Place(NamedTuple):
    """A CDR's place in the order of all: newest first, by start and id."""

    started_at: datetime
    id: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which CDRs; None: any. All that are given must hold."""

    started_from: datetime | None = None
    "At or after."
    started_to: datetime | None = None
    "Before."
    queue: str | None = None
    trunk: str | None = None
    operator: str | None = None
    disposition: str | None = None
    classification: str | None = None
    caller: str | None = None


class CdrStore:
    """Methods raise sqlalchemy.exc.SQLAlchemyError or OSError when the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def position(self, projection: str) -> Position | None:
        """None: never written."""
        query = select(projections.c.journal, projections.c.position).where(projections.c.name == projection)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Position(*row)

    async def write(self, records: Sequence[Cdr], projection: str, position: Position) -> None:
        """Adds or replaces the CDRs and notes the position, all or nothing."""
        async with self._engine.begin() as connection:
            if records:
                await _put(connection, records)
                await mark_due(connection, (record.started_at for record in records))
            insert = insert_for(connection)(projections)
            values = {"journal": position.journal, "position": position.seq}
            await connection.execute(
                insert.values(name=projection, **values).on_conflict_do_update(
                    index_elements=["name"], set_=values
                )
            )

    async def get(self, call_id: str) -> Cdr | None:
        async with self._engine.connect() as connection:
            found = await _fetch(connection, select(cdrs).where(cdrs.c.id == call_id))
        return found[0] if found else None

    async def page(self, wanted: Filter, limit: int, after: Place | None = None) -> list[Cdr]:
        """Up to `limit` CDRs, newest first, from behind `after`. CDRs that come meanwhile shift nothing."""
        found: list[Cdr] = []
        async with self._engine.connect() as connection:
            while len(found) < limit:
                count = min(limit - len(found), CDRS_PER_QUERY)
                some = await _fetch(connection, _page(wanted, count, after))
                found += some
                if len(some) < count:
                    break
                after = Place(some[-1].started_at, some[-1].id)
        return found


def _page(wanted: Filter, limit: int, after: Place | None) -> Select[Any]:
    query = _filtered(wanted).order_by(cdrs.c.started_at.desc(), cdrs.c.id.desc()).limit(limit)
    if after is not None:
        place = tuple_(literal(after.started_at, UtcDateTime), literal(after.id))
        query = query.where(tuple_(cdrs.c.started_at, cdrs.c.id) < place)
    return query


def _filtered(wanted: Filter) -> Select[Any]:
    query = select(cdrs)
    if wanted.started_from is not None:
        query = query.where(cdrs.c.started_at >= wanted.started_from)
    if wanted.started_to is not None:
        query = query.where(cdrs.c.started_at < wanted.started_to)
    for name in ("queue", "trunk", "operator", "disposition", "classification", "caller"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(cdrs.c[name] == value)
    return query


async def _put(connection: AsyncConnection, records: Sequence[Cdr]) -> None:
    insert = insert_for(connection)(cdrs)
    insert = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={column.name: column for column in insert.excluded if column.name not in {"id", *KEEPING}},
    )
    for start in range(0, len(records), CDRS_PER_STATEMENT):
        some = records[start : start + CDRS_PER_STATEMENT]
        await connection.execute(insert, [_row(record) for record in some])
        await connection.execute(
            delete(segments).where(segments.c.call_id.in_([record.id for record in some]))
        )
        await connection.execute(segments.insert(), [row for record in some for row in _segment_rows(record)])


def _segment_rows(record: Cdr) -> list[dict[str, Any]]:
    return [{**msgspec.structs.asdict(segment), "call_id": record.id} for segment in record.segments]


def _row(record: Cdr) -> dict[str, Any]:
    row = msgspec.structs.asdict(record)
    del row["segments"]
    row["quality"] = msgspec.to_builtins(record.quality)
    return row


async def _fetch(connection: AsyncConnection, query: Select[Any]) -> list[Cdr]:
    """The CDRs of a query over `cdrs` for at most `CDRS_PER_QUERY`, with their segments."""
    rows = [row async for row in _rows(connection, query)]
    legs: dict[str, list[Segment]] = {row["id"]: [] for row in rows}
    if legs:
        query = select(segments).where(segments.c.call_id.in_(legs))
        async for leg in _rows(connection, query.order_by(segments.c.call_id, segments.c.number)):
            values = dict(leg)
            legs[values.pop("call_id")].append(Segment(**values))
    found = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        found += [_record(row, legs[row["id"]]) for row in rows[start : start + ROWS_AT_ONCE]]
        await asyncio.sleep(0)
    return found


async def _rows(connection: AsyncConnection, query: Select[Any]) -> AsyncIterator[RowMapping]:
    """The query's, lets the loop go between some of them."""
    result = (await connection.execute(query)).mappings()
    while some := result.fetchmany(ROWS_AT_ONCE):
        for row in some:
            yield row
        await asyncio.sleep(0)


def _record(row: RowMapping, legs: list[Segment]) -> Cdr:
    values = dict(row)
    for name in KEEPING:
        del values[name]
    values["quality"] = msgspec.convert(values["quality"], Quality)
    return Cdr(**values, segments=legs)
