"""Daily and monthly summaries are what one counts by hand in the CDRs, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.calls import answered

from ntpd112.cdr import hours, reports
from ntpd112.cdr.calendar import Unit
from ntpd112.cdr.database import open_database
from ntpd112.cdr.fold import fold
from ntpd112.cdr.hours import Hours, hour_of
from ntpd112.cdr.keeping import Keeping
from ntpd112.cdr.record import Cdr, Segment
from ntpd112.cdr.reports import Report, Reports, ReportTooLarge, Wanted
from ntpd112.cdr.store import CdrStore, Position
from ntpd112.cdr.tables import cdrs, hour_agencies, hour_counts
from ntpd112.cdr.tables import hours as hours_table

T = TypeVar("T")
WIB, WITA, WIT = (ZoneInfo(f"Asia/{city}") for city in ("Jakarta", "Makassar", "Jayapura"))
EDGES = [datetime(2026, 10, 31, hour, 0, tzinfo=UTC) for hour in (15, 16, 17)]
"Midnights in WIT, WITA and WIB, between two months."
MOMENTS = [
    edge + offset
    for edge in EDGES
    for offset in (
        -timedelta(microseconds=1),
        -timedelta(milliseconds=1),
        timedelta(0),
        timedelta(minutes=59),
    )
]
LATER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hours, "PAUSE_S", 0.0)


def made(call_id: str, started_at: datetime, **changed: Any) -> Cdr:
    base = fold(answered(call_id))
    assert base is not None
    return msgspec.structs.replace(base, started_at=started_at, segments=base.segments[:1], **changed)


def leg(number: int, **changed: Any) -> Segment:
    base = fold(answered())
    assert base is not None
    return msgspec.structs.replace(base.segments[2], number=number, operator=None, **changed)


async def write(engine: AsyncEngine, *records: Cdr) -> None:
    await CdrStore(engine).write(records, "cdrs", Position("j", 1))


async def report(engine: AsyncEngine, unit: Unit = "day", zone: ZoneInfo = WIB, **wanted: Any) -> Report:
    return await Reports(engine).report(unit, Wanted(**wanted), zone)


async def dates(
    engine: AsyncEngine, unit: Unit = "day", zone: ZoneInfo = WIB, **wanted: Any
) -> dict[str, int]:
    return {str(item.date): item.incoming for item in (await report(engine, unit, zone, **wanted)).items}


# ---- by example


@pytest.mark.parametrize(("zone", "edge"), list(zip((WIT, WITA, WIB), EDGES, strict=True)))
async def test_a_call_counts_on_the_local_day_and_month_it_began(
    engine: AsyncEngine, zone: ZoneInfo, edge: datetime
) -> None:
    await write(engine, made("A", edge - timedelta(milliseconds=1)), made("B", edge), made("C", edge))
    assert await dates(engine, zone=zone) == {"2026-10-31": 1, "2026-11-01": 2}
    assert await dates(engine, "month", zone) == {"2026-10": 1, "2026-11": 2}
    assert await dates(engine, zone=zone, first=date(2026, 11, 1)) == {"2026-11-01": 2}
    assert await dates(engine, zone=zone, until=date(2026, 11, 1)) == {"2026-10-31": 1}


async def test_calls_of_operators_are_counted_apart(engine: AsyncEngine) -> None:
    await write(engine, *(made(way, LATER, direction=way) for way in ("in", "out", "internal")))
    total = (await report(engine)).total
    assert (total.incoming, total.answered, total.outgoing, total.internal) == (1, 1, 1, 1)
    assert (total.talk_s, total.queued, total.emergency) == (60.0, 1, 1)


async def test_a_short_call_is_abandoned_and_does_not_count_for_the_level(engine: AsyncEngine) -> None:
    gone = {"disposition": "abandoned", "classification": None}
    await write(
        engine,
        made("A", LATER, wait_s=15.0),
        made("B", LATER, wait_s=20.002),
        made("C", LATER, wait_s=4.999, **gone),
        made("D", LATER, wait_s=5.0, **gone),
        made("E", LATER, wait_s=0.0, queue=None, disposition="rejected", classification=None),
    )
    total = (await report(engine)).total
    assert (total.abandoned, total.abandoned_short, total.rejected, total.unclassified) == (2, 1, 1, 3)
    assert (total.level_10, total.level_15, total.level_20) == (0.0, 0.3333, 0.3333)
    assert (total.mean_answer_s, total.mean_wait_s, total.longest_wait_s) == (17.501, 11.25, 20.002)


async def test_agencies_are_counted_by_what_they_were_called_for_and_whether_they_came(
    engine: AsyncEngine,
) -> None:
    police: dict[str, Any] = {"party": "agency", "name": "police", "outcome": "answered"}
    legs = [
        leg(1001, **police, purpose="transfer"),
        leg(1002, **police, purpose="conference"),
        leg(1003, **{**police, "outcome": "no_answer"}, purpose="transfer"),
        leg(1004, party="centre", name="neighbour", outcome="answered", purpose="ladder"),
        leg(1005, party="phone", name="+628123456789", outcome="answered", purpose="transfer"),
    ]
    out = made("OUT", LATER, direction="out")
    await write(engine, msgspec.structs.replace(made("A", LATER), segments=legs))
    await write(engine, msgspec.structs.replace(out, segments=legs))
    for _ in range(2):
        neighbour, other = (await report(engine)).total.agencies
        assert msgspec.structs.astuple(neighbour) == ("neighbour", 0, 0, 1, 0)
        assert msgspec.structs.astuple(other) == ("police", 1, 1, 0, 1)
        await Hours(engine).count(LATER + timedelta(hours=1))


async def test_regions_have_rows_of_their_own_and_filters_combine(engine: AsyncEngine) -> None:
    await write(
        engine,
        made("A", LATER, region="35.78"),
        made("B", LATER, region="32.73", queue="medical"),
        made("C", LATER, region="32.73", trunk="telco"),
    )
    assert [(item.region, item.incoming) for item in (await report(engine)).items] == [
        ("32.73", 2),
        ("35.78", 1),
    ]
    wanted: dict[str, Any] = {"region": "32.73", "queue": "112", "trunk": "telco"}
    assert (await report(engine, **wanted)).total.incoming == 1
    assert (await report(engine, queue="medical", trunk="telco")).items == []


async def test_without_calls_or_behind_them_a_report_is_empty(engine: AsyncEngine) -> None:
    assert (await report(engine)).items == []
    await write(engine, made("A", LATER))
    for first, until in ((date.max, None), (None, date.min), (date.max, date.min), (date.min, date.min)):
        found = await report(engine, "month", first=first, until=until)
        assert (found.items, found.total.incoming, found.total.level_10) == ([], 0, None)


async def test_too_many_rows_are_refused_with_what_to_do(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MAX_SUMMARIES", 1)
    await write(engine, made("A", LATER), made("B", LATER, region="32.73"))
    with pytest.raises(ReportTooLarge, match="ask for fewer days, or for one region"):
        await report(engine)
    assert len((await report(engine, region="32.73")).items) == 1


async def test_cdrs_changed_by_hand_are_counted_when_all_are_counted_anew(engine: AsyncEngine) -> None:
    await write(engine, made("A", LATER))
    await Hours(engine).count(LATER + timedelta(hours=1))
    async with engine.begin() as connection:
        await connection.execute(update(cdrs).values(classification="prank"))
    assert (await report(engine)).total.prank == 0
    assert await Hours(engine).mark_all() == 1
    assert (await report(engine)).total.prank == 1


async def test_all_hours_are_marked_by_bounded_steps(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hours, "MARKED_AT_ONCE", 2)
    await write(engine, *(made(str(n), LATER + timedelta(hours=3 * n)) for n in range(5)))
    await Hours(engine).count(LATER + timedelta(days=1))
    assert await Hours(engine).mark_all() == 5


async def test_hours_are_counted_once_however_many_count_them(engine: AsyncEngine) -> None:
    await write(engine, *(made(str(n), LATER + timedelta(hours=n)) for n in range(5)))
    both = await asyncio.gather(*(Hours(engine).count(LATER + timedelta(hours=4)) for _ in range(2)))
    assert sum(both) == 4
    assert (await report(engine)).total.incoming == 5


# ---- by property


class Database:
    """For tests that are not coroutines, as hypothesis wants them."""

    def __init__(self, runner: asyncio.Runner, engine: AsyncEngine) -> None:
        self._runner = runner
        self._engine = engine

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(doing)

    def clear(self) -> None:
        async def work() -> None:
            async with self._engine.begin() as connection:
                for table in (cdrs, hours_table, hour_counts, hour_agencies):
                    await connection.execute(delete(table))

        self.run(work())

    def write(self, records: list[Cdr]) -> None:
        self.run(write(self._engine, *records))

    def count(self, before: datetime) -> None:
        self.run(Hours(self._engine).count(before))

    def remove(self, before: datetime) -> None:
        while self.run(Keeping(self._engine).remove_cdrs(before)):
            pass

    def report(self, unit: Unit, zone: ZoneInfo, **wanted: Any) -> Report:
        return self.run(report(self._engine, unit, zone, **wanted))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with asyncio.Runner() as runner:
        engine = runner.run(open_database(url))
        yield Database(runner, engine)
        runner.run(engine.dispose())


class Write(NamedTuple):
    """New CDRs, or known ones again: a classification that came late, another projection."""

    cdrs: list[Cdr]


class Count(NamedTuple):
    before: datetime


class Remove(NamedTuple):
    """By retention."""

    before: datetime


@st.composite
def some_cdrs(draw: st.DrawFn) -> Cdr:
    """A call's time and region never change."""
    number = draw(st.integers(0, 2 * len(MOMENTS) - 1))
    agency = leg(
        1001,
        party=draw(st.sampled_from(["agency", "centre", "phone"])),
        name=draw(st.sampled_from(["police", "fire"])),
        outcome=draw(st.sampled_from(["answered", "no_answer"])),
        purpose=draw(st.sampled_from(["transfer", "conference", "ladder"])),
    )
    cdr = made(
        str(number),
        MOMENTS[number % len(MOMENTS)],
        region=["35.78", "32.73"][number % 2],
        direction=draw(st.sampled_from(["in", "in", "in", "out"])),
        queue=draw(st.sampled_from(["112", "medical", None])),
        trunk=draw(st.sampled_from(["pbx", "telco"])),
        disposition=draw(st.sampled_from(["answered", "abandoned", "overflowed", "interrupted"])),
        classification=draw(st.sampled_from(["emergency", "prank", None])),
        wait_s=draw(st.integers(0, 30_000)) / 1000,
        talk_s=draw(st.integers(0, 90_000)) / 1000,
    )
    return msgspec.structs.replace(cdr, segments=[*cdr.segments, agency])


BEFORE = st.sampled_from([*MOMENTS, LATER])
STEPS = st.lists(
    st.lists(some_cdrs(), min_size=1, max_size=4, unique_by=lambda cdr: cdr.id).map(Write)
    | BEFORE.map(Count)
    | BEFORE.map(Remove),
    min_size=1,
    max_size=8,
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "region": st.sampled_from(["35.78", "32.73"]),
        "queue": st.sampled_from(["112", "medical"]),
        "trunk": st.sampled_from(["pbx", "telco"]),
    },
)


class ByHand:
    """The CDRs, and those of hours that retention has reached as they were then."""

    def __init__(self) -> None:
        self._cdrs: dict[str, Cdr] = {}
        self._closed: dict[int, list[Cdr]] = {}

    def write(self, records: list[Cdr]) -> None:
        self._cdrs |= {record.id: record for record in records}

    def remove(self, before: datetime) -> None:
        gone = [cdr for cdr in self._cdrs.values() if cdr.started_at < before]
        for hour in {hour_of(cdr.started_at) for cdr in gone}:
            of_hour = [cdr for cdr in self._cdrs.values() if hour_of(cdr.started_at) == hour]
            self._closed.setdefault(hour, of_hour)
        for cdr in gone:
            del self._cdrs[cdr.id]

    def calls(self, wanted: dict[str, str]) -> list[Cdr]:
        there = [cdr for cdr in self._cdrs.values() if hour_of(cdr.started_at) not in self._closed]
        every = there + [cdr for of_hour in self._closed.values() for cdr in of_hour]
        return [cdr for cdr in every if all(getattr(cdr, name) == value for name, value in wanted.items())]


def expected(calls: list[Cdr]) -> dict[str, Any]:
    """Of the calls of a date and region."""
    came = [cdr for cdr in calls if cdr.direction == "in"]
    done = [cdr for cdr in came if cdr.disposition == "answered"]
    queued = [cdr for cdr in came if cdr.queue is not None]
    lost = sum(cdr.disposition != "answered" for cdr in came)
    short = sum(cdr.disposition == "abandoned" and cdr.wait_s < 5 for cdr in came)
    in_time = sum(cdr.wait_s <= 15 for cdr in done)
    decided = len(done) + lost - short
    legs = [cdr.segments[1] for cdr in came if cdr.segments[1].party != "phone"]
    return {
        "incoming": len(came),
        "answered": len(done),
        "abandoned": sum(cdr.disposition == "abandoned" for cdr in came),
        "abandoned_short": short,
        "emergency": sum(cdr.classification == "emergency" for cdr in came),
        "unclassified": sum(cdr.classification is None for cdr in came),
        "within_15": in_time,
        "level_15": pytest.approx(in_time / decided, abs=1e-4) if decided else None,
        "queued": len(queued),
        "wait_s": pytest.approx(sum(cdr.wait_s for cdr in queued)),
        "longest_wait_s": max((cdr.wait_s for cdr in queued), default=0.0),
        "mean_talk_s": pytest.approx(sum(cdr.talk_s for cdr in done) / len(done), abs=1e-3) if done else None,
        "outgoing": sum(cdr.direction == "out" for cdr in calls),
        "agencies": {
            name: [
                *(
                    sum(
                        leg.name == name and leg.purpose == purpose and leg.outcome == "answered"
                        for leg in legs
                    )
                    for purpose in ("transfer", "conference", "ladder")
                ),
                sum(leg.name == name and leg.outcome != "answered" for leg in legs),
            ]
            for name in sorted({str(leg.name) for leg in legs})
        },
    }


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=STEPS,
    zone=st.sampled_from([WIB, WITA, WIT]),
    unit=st.sampled_from(["day", "month"]),
    wanted=FILTERS,
)
def test_a_report_is_what_one_counts_by_hand(
    database: Database,
    steps: list[Write | Count | Remove],
    zone: ZoneInfo,
    unit: Unit,
    wanted: dict[str, str],
) -> None:
    database.clear()
    by_hand = ByHand()
    for step in steps:
        match step:
            case Write(records):
                database.write(records)
                by_hand.write(records)
            case Count(before):
                database.count(before)
            case Remove(before):
                database.remove(before)
                by_hand.remove(before)
    grouped: dict[tuple[str, str], list[Cdr]] = {}
    for cdr in by_hand.calls(wanted):
        day = cdr.started_at.astimezone(zone).date().isoformat()
        grouped.setdefault((day if unit == "day" else day[:7], cdr.region), []).append(cdr)
    found = database.report(unit, zone, **wanted)
    shown = {}
    for item in found.items:
        values = msgspec.structs.asdict(item)
        handed = {one.name: list(msgspec.structs.astuple(one)[1:]) for one in item.agencies}
        shown[str(item.date), str(item.region)] = {**values, "agencies": handed}
    assert list(shown) == sorted(grouped)
    for key, calls in grouped.items():
        want = expected(calls)
        assert {name: shown[key][name] for name in want} == want
    assert found.total.incoming == sum(item.incoming for item in found.items)
    assert found.total.longest_wait_s == max((item.longest_wait_s for item in found.items), default=0.0)
