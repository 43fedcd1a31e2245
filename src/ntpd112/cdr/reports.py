"""Daily and monthly summaries for the national report, added up from the counts of hours.

Hours that are due (the present one, and those of which something was written since they were counted) are
counted from their CDRs in the same statement, so a report is never behind the CDRs.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta, tzinfo
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, RowMapping, Select, Table, cast, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ntpd112.cdr.calendar import Stretch, Unit, local_date, stretches
from ntpd112.cdr.hours import CALLS, DUE, LEGS
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
            for stretch in await _stretches(connection, unit, wanted, zone):
                async for day, region, row in _rows(connection, _counts(wanted, stretch)):
                    counts = Counts(**row)
                    tallies[stretch.dates[day], region].add(counts)
                    total.add(counts)
                    if len(tallies) > MAX_SUMMARIES:
                        raise ReportTooLarge(_TOO_LARGE)
                async for day, region, row in _rows(connection, _agencies(wanted, stretch)):
                    agency = AgencyCounts(**row)
                    tallies[stretch.dates[day], region].add(Counts(), [agency])
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


async def _rows(
    connection: AsyncConnection, query: Select[Any]
) -> AsyncIterator[tuple[int, str, dict[str, Any]]]:
    """Number of the date in its stretch, region, and what is counted."""
    async with connection.stream(query) as result:
        async for some in result.mappings().partitions(ROWS_AT_ONCE):
            for row in some:
                yield _split(row)
            await asyncio.sleep(0)


def _split(row: RowMapping) -> tuple[int, str, dict[str, Any]]:
    values = dict(row)
    return values.pop("number"), values.pop("region"), values


def _counts(wanted: Wanted, stretch: Stretch) -> Select[Any]:
    source = _by_hour(hour_counts, CALLS, wanted, stretch)
    sums = [cast(func.sum(source.c[name]), BigInteger).label(name) for name in SUMMED]
    longest = func.max(source.c.longest_wait_ms).label("longest_wait_ms")
    return select(source.c.number, source.c.region, *sums, longest).group_by(source.c.number, source.c.region)


def _agencies(wanted: Wanted, stretch: Stretch) -> Select[Any]:
    source = _by_hour(hour_agencies, LEGS, wanted, stretch)
    sums = [cast(func.sum(source.c[name]), BigInteger).label(name) for name in HANDED]
    key = (source.c.number, source.c.region, source.c.agency)
    return select(*key[:2], key[2].label("name"), *sums).group_by(*key)


def _by_hour(table: Table, counted: Select[Any], wanted: Wanted, stretch: Stretch) -> Any:
    """Rows of a table of hours, and of what is due as counted now, with the number of their date."""
    due = select(hours.c.hour).where(DUE)
    stored = select(table).where(table.c.hour.not_in(due), *_within(table.c, table.c.hour, wanted, stretch))
    live = counted.where(DUE, *_within(cdrs.c, hours.c.hour, wanted, stretch))
    both = union_all(stored, live).subquery()
    number = ((both.c.hour - stretch.begin) // stretch.length).label("number")
    return select(number, both).subquery()


def _within(columns: Any, hour: Any, wanted: Wanted, stretch: Stretch) -> Iterator[Any]:
    yield hour >= stretch.begin
    yield hour < stretch.end
    for name in ("region", "queue", "trunk"):
        value = getattr(wanted, name)
        if value is not None:
            yield columns[name] == value
