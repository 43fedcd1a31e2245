"""CDRs in the database."""

from __future__ import annotations

from datetime import timedelta, timezone

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.calls import abandoned, answered

from ntpd112.cdr.fold import fold
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.store import CdrStore, Filter, Place, Position


def some(count: int) -> list[Cdr]:
    """Newest first; every third answered."""
    made = [
        fold(answered(f"C{n:04}", at=n) if n % 3 == 0 else abandoned(f"C{n:04}", at=n)) for n in range(count)
    ]
    return [cdr for cdr in reversed(made) if cdr is not None]


async def stored(engine: AsyncEngine, cdrs: list[Cdr]) -> CdrStore:
    store = CdrStore(engine)
    await store.write(cdrs, "cdrs", Position("j", 7))
    return store


async def test_a_cdr_is_read_back_as_it_was_written(engine: AsyncEngine) -> None:
    (cdr,) = some(1)
    store = await stored(engine, [cdr])
    assert await store.get(cdr.id) == cdr
    assert await store.get("unknown") is None


async def test_writing_a_cdr_again_replaces_it_with_its_segments(engine: AsyncEngine) -> None:
    first, again = fold(abandoned("A")), fold(answered("A"))
    assert first is not None
    assert again is not None
    store = await stored(engine, [first])
    await store.write([again], "cdrs", Position("j", 8))
    assert await store.get("A") == again
    assert await store.page(Filter(), 10) == [again]


async def test_the_position_is_kept_per_projection(engine: AsyncEngine) -> None:
    store = CdrStore(engine)
    assert await store.position("cdrs") is None
    await store.write([], "cdrs", Position("j", 2**40))
    assert await store.position("cdrs") == Position("j", 2**40)
    assert await store.position("mqtt") is None


async def test_pages_are_newest_first_and_go_on_where_the_last_ended(engine: AsyncEngine) -> None:
    cdrs = some(7)
    store = await stored(engine, cdrs)
    first = await store.page(Filter(), 3)
    newer = fold(abandoned("NEWER", at=100))
    assert newer is not None
    await store.write([newer], "cdrs", Position("j", 8))
    second = await store.page(Filter(), 9, Place(first[-1].started_at, first[-1].id))
    assert first + second == cdrs


async def test_calls_of_the_same_moment_are_all_paged(engine: AsyncEngine) -> None:
    same = [msgspec.structs.replace(cdr, started_at=some(1)[0].started_at) for cdr in some(5)]
    store = await stored(engine, same)
    seen: list[str] = []
    after = None
    while page := await store.page(Filter(), 2, after):
        seen += [cdr.id for cdr in page]
        after = Place(page[-1].started_at, page[-1].id)
    assert seen == sorted((cdr.id for cdr in same), reverse=True)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(disposition="answered"), ["C0003", "C0000"]),
        (Filter(operator="siti", classification="emergency"), ["C0003", "C0000"]),
        (
            Filter(caller="+628123456789", queue="112", trunk="pbx", disposition="abandoned"),
            ["C0002", "C0001"],
        ),
        (Filter(trunk="other"), []),
    ],
)
async def test_filters_combine(engine: AsyncEngine, wanted: Filter, ids: list[str]) -> None:
    store = await stored(engine, some(4))
    assert [cdr.id for cdr in await store.page(wanted, 10)] == ids


async def test_from_is_included_and_to_is_not(engine: AsyncEngine) -> None:
    cdrs = some(4)
    store = await stored(engine, cdrs)
    wanted = Filter(started_from=cdrs[2].started_at, started_to=cdrs[0].started_at)
    assert [cdr.id for cdr in await store.page(wanted, 10)] == ["C0002", "C0001"]
    later = Filter(started_from=cdrs[0].started_at + timedelta(microseconds=1))
    assert await store.page(later, 10) == []


async def test_more_cdrs_than_one_query_takes_come_with_their_segments(engine: AsyncEngine) -> None:
    cdrs = some(1100)
    store = await stored(engine, cdrs)
    assert await store.page(Filter(), 2000) == cdrs


async def test_a_place_may_be_given_in_any_zone(engine: AsyncEngine) -> None:
    cdrs = some(3)
    store = await stored(engine, cdrs)
    jakarta = cdrs[0].started_at.astimezone(timezone(timedelta(hours=7)))
    assert await store.page(Filter(), 10, Place(jakarta, cdrs[0].id)) == cdrs[1:]
