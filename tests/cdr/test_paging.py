"""Pages go on where the last one ended, whatever is written meanwhile, on both databases."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cdr.calls import abandoned

from ntpd112.cdr.database import open_database
from ntpd112.cdr.fold import fold
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.store import CdrStore, Filter, Place, Position

T = TypeVar("T")
START = datetime(2026, 11, 1, tzinfo=UTC)
CHOICES: dict[str, list[str | None]] = {
    "queue": ["112", "medical"],
    "operator": ["siti", "budi", None],
    "disposition": ["answered", "abandoned"],
    "classification": ["emergency", "prank", None],
    "caller": ["+628123456789", ""],
}
_rounds = itertools.count(1)


class Database:
    """A store, to be used from tests that are not coroutines, as hypothesis wants them."""

    def __init__(self, runner: asyncio.Runner, store: CdrStore) -> None:
        self._runner = runner
        self._store = store

    def write(self, cdrs: list[Cdr]) -> None:
        self._run(self._store.write(cdrs, "cdrs", Position("j", 1)))

    def page(self, wanted: Filter, limit: int, after: Place | None) -> list[Cdr]:
        return self._run(self._store.page(wanted, limit, after))

    def _run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(doing)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with asyncio.Runner() as runner:
        engine = runner.run(open_database(url))
        yield Database(runner, CdrStore(engine))
        runner.run(engine.dispose())


class Write(NamedTuple):
    """CDRs by number: a new one is added, a known one changed, as by a late classification."""

    numbers: list[int]


class Turn(NamedTuple):
    """The next page is asked for."""

    limit: int


STEPS = st.lists(
    st.lists(st.integers(0, 14), max_size=4).map(Write) | st.integers(1, 3).map(Turn), max_size=12
)
FILTERS = st.fixed_dictionaries({}, optional={name: st.sampled_from(CHOICES[name]) for name in CHOICES}).map(
    lambda chosen: {name: value for name, value in chosen.items() if value is not None}
)


def some_cdr() -> Cdr:
    made = fold(abandoned("A"))
    assert made is not None
    return made


BASE = some_cdr()


def cdr(round_: int, number: int, draw: st.DataObject) -> Cdr:
    """Three calls begin at each moment; those of higher numbers need not be written later."""
    values = {name: draw.draw(st.sampled_from(of)) for name, of in CHOICES.items()}
    started_at = START + timedelta(microseconds=number // 3)
    return msgspec.structs.replace(
        BASE,
        id=f"{round_:020}{number:02}",
        trunk=f"t{round_}",
        started_at=started_at,
        segments=BASE.segments[:1],
        **values,
    )


def place(one: Cdr) -> Place:
    return Place(one.started_at, one.id)


def matches(one: Cdr, wanted: Filter) -> bool:
    fields = ("trunk", *CHOICES)
    return all(getattr(wanted, name) in (None, getattr(one, name)) for name in fields) and (
        wanted.started_from is None or one.started_at >= wanted.started_from
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, chosen=FILTERS, since=st.none() | st.integers(0, 4), data=st.data())
def test_each_page_is_the_next_of_what_is_there(
    database: Database,
    steps: list[Write | Turn],
    chosen: dict[str, Any],
    since: int | None,
    data: st.DataObject,
) -> None:
    round_ = next(_rounds)
    started_from = None if since is None else START + timedelta(microseconds=since)
    wanted = Filter(trunk=f"t{round_}", started_from=started_from, **chosen)
    there: dict[str, Cdr] = {}
    seen: list[Cdr] = []
    after: Place | None = None
    for step in [*steps, Turn(100)]:
        if isinstance(step, Write):
            written = {one.id: one for one in (cdr(round_, number, data) for number in step.numbers)}
            database.write(list(written.values()))
            there |= written
            continue
        found = database.page(wanted, step.limit, after)
        behind = [one for one in there.values() if matches(one, wanted) and (not after or place(one) < after)]
        assert found == sorted(behind, key=place, reverse=True)[: step.limit]
        seen += found
        after = place(seen[-1]) if seen else None
    places = [place(one) for one in seen]
    assert places == sorted(set(places), reverse=True), "something came twice, or out of order"
