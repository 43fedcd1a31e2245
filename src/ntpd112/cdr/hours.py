"""Calls counted by the hour in which they began: what daily and monthly reports are added up from.

An hour, because it is the same in every zone of Indonesia: nothing here knows where a day begins. A CDR may
be written again (a classification comes late), so an hour is never added to or taken from: a write marks it
as due, in the transaction of the CDRs, and it is counted anew from all of them. Reports count the hours that
are due themselves. Once retention has removed a call of an hour it is closed: its counts stay as they are.

Each change begins at the hour's own row, so that of a write, a count and a removal at once one is first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    not_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ntpd112.cdr.revisions import insert_for
from ntpd112.cdr.summary import HANDED, SHORT_MS
from ntpd112.cdr.tables import COUNTED, MEASURED, cdrs, hour_agencies, hour_counts, hours, segments

HOUR_S = 3600
PAUSE_S = 0.01
"Between hours that are counted: CDRs and calls have their turn."
MARKED_AT_ONCE = 500
"Rows of one statement; SQLite takes 32,766 parameters."
PURPOSES = {"transferred": "transfer", "conferenced": "conference", "overflowed": "ladder"}
"Of a leg to an agency, by what is counted."


def hour_of(at: datetime) -> int:
    """Since 1970."""
    return int(at.timestamp() // HOUR_S)


def beginning_of(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR_S, UTC)


# ---- marks on the hours


async def mark_due(connection: AsyncConnection, starts: Iterable[datetime]) -> None:
    """In the transaction that wrote calls of these times, after them."""
    await _mark(connection, {hour_of(at) for at in starts}, is_due=True)


async def close(connection: AsyncConnection, starts: Iterable[datetime]) -> None:
    """In the transaction that removed calls of these times."""
    await _mark(connection, {hour_of(at) for at in starts}, is_closed=True)


async def _mark(connection: AsyncConnection, marked: Iterable[int], **mark: bool) -> None:
    """In the order of the hours: of two who mark several, neither waits for the other in a circle."""
    ordered = sorted(marked)
    for start in range(0, len(ordered), MARKED_AT_ONCE):
        rows = [_row(hour, **mark) for hour in ordered[start : start + MARKED_AT_ONCE]]
        statement = insert_for(connection)(hours).values(rows)
        changed = [not_(hours.c[name]) for name in mark]  # an hour is written once, however many calls it has
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["hour"], set_=mark, where=and_(*changed))
        )


def _row(hour: int, *, is_due: bool = False, is_closed: bool = False) -> dict[str, Any]:
    begins_at = beginning_of(hour)
    ends_at = begins_at + timedelta(seconds=HOUR_S)
    return {
        "hour": hour,
        "begins_at": begins_at,
        "ends_at": ends_at,
        "is_due": is_due,
        "is_closed": is_closed,
    }


DUE = and_(hours.c.is_due, not_(hours.c.is_closed))
"Hours whose counts are not up to date."


def is_counted(at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether the hour of a time is not due."""
    return not_(exists().where(DUE, hours.c.begins_at <= at, hours.c.ends_at > at))


# ---- what is counted. The definitions are in docs/reports.md.


def _ms(seconds: ColumnElement[float]) -> ColumnElement[int]:
    return cast(func.round(seconds * 1000), BigInteger)


_IN = cdrs.c.direction == "in"
_ANSWERED = and_(_IN, cdrs.c.disposition == "answered")
_QUEUED = and_(_IN, cdrs.c.queue.is_not(None))
_WAIT_MS, _TALK_MS = _ms(cdrs.c.wait_s), _ms(cdrs.c.talk_s)
_CASES: dict[str, ColumnElement[bool]] = {
    "incoming": _IN,
    **{
        name: and_(_IN, cdrs.c.disposition == name)
        for name in ("answered", "abandoned", "overflowed", "rejected", "failed", "interrupted")
    },
    "abandoned_short": and_(_IN, cdrs.c.disposition == "abandoned", _WAIT_MS < SHORT_MS),
    **{
        name: and_(_IN, cdrs.c.classification == name)
        for name in ("emergency", "information", "ghost", "prank")
    },
    **{f"within_{limit_s}": and_(_ANSWERED, _WAIT_MS.between(0, limit_s * 1000)) for limit_s in (10, 15, 20)},
    "queued": _QUEUED,
    "outgoing": cdrs.c.direction == "out",
    "internal": cdrs.c.direction == "internal",
}
_SUMS: dict[str, ColumnElement[Any]] = {
    "answer_ms": func.sum(_WAIT_MS).filter(_ANSWERED),
    "wait_ms": func.sum(_WAIT_MS).filter(_QUEUED),
    "longest_wait_ms": func.max(_WAIT_MS).filter(_QUEUED),
    "talk_ms": func.sum(_TALK_MS).filter(_ANSWERED),
}
KEY: tuple[ColumnElement[Any], ...] = (
    cdrs.c.region,
    func.coalesce(cdrs.c.queue, literal_column("''")).label("queue"),
    cdrs.c.trunk,
)
"What calls are counted by."
_REACHED = segments.c.outcome == "answered"
_LEGS: dict[str, ColumnElement[bool]] = {
    **{name: and_(_REACHED, segments.c.purpose == purpose) for name, purpose in PURPOSES.items()},
    "unanswered": not_(_REACHED),
}


def calls_between(begin: int, end: int, *key: ColumnElement[Any]) -> Select[Any]:
    """The key and `Counts` of calls from one hour up to another, as the CDRs are now."""
    figures = [
        *(func.count().filter(_CASES[name]).label(name) for name in COUNTED),
        *(func.coalesce(cast(_SUMS[name], BigInteger), literal_column("0")).label(name) for name in MEASURED),
    ]
    return select(*key, *figures).where(*_between(begin, end)).group_by(*key)


def legs_between(begin: int, end: int, *key: ColumnElement[Any]) -> Select[Any]:
    """The key, `agency` and `AgencyCounts`, the same way."""
    agency = func.coalesce(segments.c.name, literal_column("''")).label("agency")
    return (
        select(*key, agency, *(func.count().filter(_LEGS[name]).label(name) for name in HANDED))
        .join_from(cdrs, segments, segments.c.call_id == cdrs.c.id)
        .where(_IN, segments.c.party.in_(("agency", "centre")), *_between(begin, end))
        .group_by(*key, agency)
    )


def _between(begin: int, end: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """By constants: with times of a joined table SQLite would not take the index."""
    return cdrs.c.started_at >= beginning_of(begin), cdrs.c.started_at < beginning_of(end)


class Hours:
    """Methods raise sqlalchemy.exc.SQLAlchemyError or OSError when the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def count(self, before: datetime) -> int:
        """Counts the hours that are due and began before `before`, each in a transaction of its own. Returns
        how many."""
        due = select(hours.c.hour).where(DUE, hours.c.begins_at < before).order_by(hours.c.hour)
        async with self._engine.connect() as connection:
            found = (await connection.scalars(due)).all()
        done = 0
        for hour in found:
            done += await self._count(hour)
            await asyncio.sleep(PAUSE_S)
        return done

    async def _count(self, hour: int) -> bool:
        """False: somebody else did."""
        async with self._engine.begin() as connection:
            claimed = update(hours).where(hours.c.hour == hour, DUE).values(is_due=False)
            if not (await connection.execute(claimed)).rowcount:
                return False
            for table, between in ((hour_counts, calls_between), (hour_agencies, legs_between)):
                await connection.execute(delete(table).where(table.c.hour == hour))
                found = between(hour, hour + 1, *KEY).subquery()
                rows = select(literal(hour), found)
                await connection.execute(insert(table).from_select(["hour", *found.c.keys()], rows))
        return True

    async def mark_all(self) -> int:
        """Marks every hour that has CDRs as due, but the closed ones: after CDRs were changed by others.
        Returns how many are due."""
        since, found = 0, [0]
        while found:
            async with self._engine.begin() as connection:
                found = await connection.run_sync(_hours_with_calls, since)
                await _mark(connection, found, is_due=True)
            since = max(found, default=since) + 1
        async with self._engine.connect() as connection:
            return await connection.scalar(select(func.count()).where(DUE)) or 0


def _hours_with_calls(connection: Connection, first: int) -> list[int]:
    """The next MARKED_AT_ONCE from `first`, in order. Goes from hour to hour by the index on CDRs' starts."""
    found: list[int] = []
    since = beginning_of(first)
    while (
        len(found) < MARKED_AT_ONCE
        and (at := connection.scalar(select(func.min(cdrs.c.started_at)).where(cdrs.c.started_at >= since)))
        is not None
    ):
        found.append(hour_of(at))
        since = beginning_of(found[-1] + 1)
    return found
