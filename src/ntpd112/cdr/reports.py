"""Daily and monthly summaries for the national report, added up from the counts of hours.

Hours that are due (the present one, and those of which something was written since they were counted) are
counted from their CDRs at the same moment, so a report is never behind the CDRs.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date, timedelta, tzinfo
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Select, Table, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ntpd112.cdr.calendar import Stretch, Unit, local_date, stretches
from ntpd112.cdr.hours import DUE, calls_between, legs_between
from ntpd112.cdr.summary import HANDED, SUMMED, AgencyCounts, Counts, Summary, Tally
from ntpd112.cdr.tables import cdrs, hour_agencies, hour_counts, hours

MAX_SUMMARIES = 20_000
"In a report: a month of all 514 regions by day, or 50 years of one; about 15 MB of JSON."
ROWS_AT_ONCE = 50
"Rows become summaries in the event loop: so many take it about a millisecond, then calls have their turn."


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls; None: any. All that are given must hold."""

    first: date | None = None
    until: date | None = None
    "The day behind the last. None: as far as there are calls. Of months, whole months."
    region: str | None = None
    queue: str | None = None
    trunk: str | None = None


class Report(NamedTuple):
    """`items`: by date, then region, of dates and regions that have calls."""

    items: list[Summary]
    total: Summary


class ReportTooLarge(Exception):
    """More than `MAX_SUMMARIES`; the message says what to do."""


class Reports:
    """Methods raise sqlalchemy.exc.SQLAlchemyError or OSError when the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def report(self, unit: Unit, wanted: Wanted, zone: tzinfo) -> Report:
        """`zone`: whose days. Raises ReportTooLarge."""
        tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
        total = Tally()
        async with self._engine.connect() as connection:
            await _begin_snapshot(connection)
            for stretch in await _stretches(connection, unit, wanted, zone):
                async for number, region, row in _found(connection, _COUNTS, wanted, stretch):
                    counts = Counts(**row)
                    tallies[stretch.dates[number], region].add(counts)
                    total.add(counts)
                    if len(tallies) > MAX_SUMMARIES:
                        raise ReportTooLarge(_TOO_LARGE)
                async for number, region, row in _found(connection, _AGENCIES, wanted, stretch):
                    agency = AgencyCounts(name=row.pop("agency"), **row)
                    tallies[stretch.dates[number], region].add(Counts(), [agency])
                    total.add(Counts(), [agency])
        items = [tally.summary(*key) async for key, tally in _slowly(tallies)]
        return Report(items, total.summary(None, None))


_TOO_LARGE = f"the report would have more than {MAX_SUMMARIES} rows: ask for fewer days, or for one region"


async def _slowly(
    tallies: dict[tuple[str, str], Tally],
) -> AsyncIterator[tuple[tuple[str, str], Tally]]:
    for index, key in enumerate(sorted(tallies), start=1):
        yield key, tallies[key]
        if index % ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)


async def _stretches(connection: AsyncConnection, unit: Unit, wanted: Wanted, zone: tzinfo) -> list[Stretch]:
    """Of what is wanted where there are calls: whatever dates are asked for, they are not many."""
    bounds = (await connection.execute(select(func.min(hours.c.hour), func.max(hours.c.hour)))).one()
    if bounds[0] is None:
        return []
    first, last = (local_date(hour, zone) for hour in bounds)
    first = max(first, wanted.first or first)
    if wanted.until is not None and wanted.until <= last:
        last = wanted.until - timedelta(days=1) if wanted.until > first else first - timedelta(days=1)
    return stretches(unit, first, last, zone) if first <= last else []


class _Source(NamedTuple):
    """Where figures are: in a table of hours, and of hours that are due in the CDRs."""

    table: Table
    between: Callable[..., Select[Any]]
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    longest: tuple[str, ...]


_COUNTS = _Source(hour_counts, calls_between, ("region",), SUMMED, ("longest_wait_ms",))
_AGENCIES = _Source(hour_agencies, legs_between, ("region", "agency"), HANDED, ())


async def _begin_snapshot(connection: AsyncConnection) -> None:
    """Everything read is of one moment: none is counted twice or left out, whoever counts meanwhile."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN")
    else:
        await connection.execution_options(isolation_level="REPEATABLE READ")


async def _found(
    connection: AsyncConnection, source: _Source, wanted: Wanted, stretch: Stretch
) -> AsyncIterator[tuple[int, str, dict[str, Any]]]:
    """Number of the date in its stretch, region, and figures."""
    async for row in _rows(connection, _stored(source, wanted, stretch)):
        yield row.pop("number"), row.pop("region"), row
    due = select(hours.c.hour).where(DUE, hours.c.hour >= stretch.begin, hours.c.hour < stretch.end)
    for number, begin, end in _runs((await connection.scalars(due.order_by(hours.c.hour))).all(), stretch):
        live = source.between(begin, end, cdrs.c.region).where(*_filters(cdrs.c, wanted))
        async for row in _rows(connection, live):
            yield number, row.pop("region"), row


async def _rows(connection: AsyncConnection, query: Select[Any]) -> AsyncIterator[dict[str, Any]]:
    async with connection.stream(query) as result:
        async for some in result.mappings().partitions(ROWS_AT_ONCE):
            for row in some:
                yield dict(row)
            await asyncio.sleep(0)


def _stored(source: _Source, wanted: Wanted, stretch: Stretch) -> Select[Any]:
    columns = source.table.c
    number = ((columns.hour - stretch.begin) // stretch.length).label("number")
    counted = (
        select(number, source.table)
        .where(columns.hour >= stretch.begin, columns.hour < stretch.end)
        .where(columns.hour.not_in(select(hours.c.hour).where(DUE)), *_filters(columns, wanted))
        .subquery()
    )
    key = [counted.c[name] for name in ("number", *source.keys)]
    sums = [cast(func.sum(counted.c[name]), BigInteger).label(name) for name in source.sums]
    longest = [func.max(counted.c[name]).label(name) for name in source.longest]
    return select(*key, *sums, *longest).group_by(*key)


def _filters(columns: Any, wanted: Wanted) -> Iterator[Any]:
    for name in ("region", "queue", "trunk"):
        value = getattr(wanted, name)
        if value is not None:
            yield columns[name] == value


def _runs(due: Sequence[int], stretch: Stretch) -> Iterator[tuple[int, int, int]]:
    """Hours that follow one another on the same date: its number, the first, and the one behind the last."""
    for (number, _), some in groupby(
        enumerate(due), key=lambda one: ((one[1] - stretch.begin) // stretch.length, one[1] - one[0])
    ):
        run = [hour for _, hour in some]
        yield number, run[0], run[-1] + 1
