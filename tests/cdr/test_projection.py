"""From the journal to the database, through every kind of trouble."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.calls import T0, abandoned, answered, started
from tests.cdr.waiting import until
from tests.postgres import PostgresServer

from ntpd112.cdr.database import create_engine, open_database
from ntpd112.cdr.engine import Use
from ntpd112.cdr.projection import NAME, CdrProjection
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.store import CdrStore, Filter, Position
from ntpd112.journal import Journal
from ntpd112.journal.events import CallClassified, CallQueued, JournalEvent


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "j.db")
    yield made
    made.close()


def write(journal: Journal, events: Sequence[JournalEvent]) -> None:
    for event in events:
        journal.append(event)
    journal.commit()


@contextlib.asynccontextmanager
async def running(journal: Journal, store: CdrStore) -> AsyncIterator[CdrProjection]:
    projection = CdrProjection(journal, store, linger_s=0, retry_s=(0.01, 0.05))
    journal.on_commit.append(projection.wake)
    task = asyncio.create_task(projection.run())
    yield projection
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    journal.on_commit.remove(projection.wake)


async def ids(store: CdrStore) -> list[str]:
    return [cdr.id for cdr in await store.page(Filter(), 1000)]


async def test_an_ended_call_gets_its_cdr_and_one_in_progress_does_not(
    journal: Journal, engine: AsyncEngine
) -> None:
    store = CdrStore(engine)
    async with running(journal, store) as projection:
        write(journal, [*answered("A"), started("OPEN", 5)])
        await until(lambda: projection.lag == 0)
        assert await ids(store) == ["A"]
        assert await store.position(NAME) == Position(journal.id, journal.last_seq)


async def test_what_becomes_known_after_the_end_is_added(journal: Journal, engine: AsyncEngine) -> None:
    store = CdrStore(engine)
    async with running(journal, store) as projection:
        write(journal, answered("A")[:-2])
        await until(lambda: projection.lag == 0)
        early = await store.get("A")
        late = CallClassified(at=T0 + 99, call_id="A", classification="prank", by="api:desk")
        write(journal, [*answered("A")[-2:], late])
        await until(lambda: projection.lag == 0)
    complete = await store.get("A")
    assert early is not None
    assert early.quality.caller is None
    assert complete is not None
    assert complete.quality.caller is not None
    assert complete.classification == "prank"


async def test_what_came_while_it_was_not_running_is_caught_up_once(
    journal: Journal, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ntpd112.cdr.projection.BATCH_EVENTS", 7)
    store = CdrStore(engine)
    for number in range(20):
        write(journal, abandoned(f"C{number:02}", at=number))
    async with running(journal, store) as projection:
        await until(lambda: projection.lag == 0)
    assert len(await ids(store)) == 20
    again = CdrProjection(journal, store)
    await again.drain()
    assert again.written == 0


class BusyStore(CdrStore):
    """While it writes, calls go on: another one ends each time."""

    def __init__(self, engine: AsyncEngine, journal: Journal) -> None:
        super().__init__(engine)
        self._journal = journal
        self.batches: list[list[str]] = []

    async def write(self, records: Sequence[Cdr], projection: str, position: Position) -> None:
        await super().write(records, projection, position)
        self.batches.append([record.id for record in records])
        write(self._journal, abandoned(f"MEANWHILE{len(self.batches)}", at=100))


async def test_calls_that_end_while_others_are_written_wait_for_the_next_time(
    journal: Journal, engine: AsyncEngine
) -> None:
    store = BusyStore(engine, journal)
    projection = CdrProjection(journal, store)
    write(journal, [*abandoned("A", at=1), *abandoned("B", at=2)])
    await projection.drain()
    assert store.batches == [["A", "B"]]
    write(journal, abandoned("C", at=200))
    await projection.drain()
    assert store.batches == [["A", "B"], ["MEANWHILE1", "C"]]


async def test_another_journal_is_read_from_its_beginning(journal: Journal, engine: AsyncEngine) -> None:
    store = CdrStore(engine)
    await store.write([], NAME, Position("that of the machine before", 1_000_000))
    write(journal, abandoned("A"))
    await CdrProjection(journal, store).drain()
    assert await ids(store) == ["A"]


FILL = {
    "sqlite": ["PRAGMA max_page_count = 1"],  # taken as: what it has now
    "postgresql": [
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'the disk is full' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER no_room BEFORE INSERT ON cdrs EXECUTE FUNCTION no_room()",
    ],
}
MAKE_ROOM = {"sqlite": ["PRAGMA max_page_count = 1000000"], "postgresql": ["DROP TRIGGER no_room ON cdrs"]}


async def run(engine: AsyncEngine, statements: dict[str, list[str]]) -> None:
    async with engine.begin() as connection:
        for statement in statements[connection.dialect.name]:
            await connection.exec_driver_sql(statement)


class ObservedStore(CdrStore):
    """Takes down what was written and up to where."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.written: list[tuple[int, list[str]]] = []

    async def write(self, records: Sequence[Cdr], projection: str, position: Position) -> None:
        await super().write(records, projection, position)
        self.written.append((position.seq, [cdr.id for cdr in records]))


async def test_a_full_database_is_tried_until_it_has_room_and_then_has_every_cdr_once_and_in_order(
    journal: Journal, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ntpd112.cdr.projection.BATCH_EVENTS", 50)
    await (await open_database(url)).dispose()
    engine = create_engine(url, Use(connections=1, limit_s=5.0))  # SQLite's limit is a connection's
    await run(engine, FILL)
    store = ObservedStore(engine)
    made = [f"C{number:03}" for number in range(100)]
    async with running(journal, store) as projection:
        for number, name in enumerate(made):
            write(journal, abandoned(name, at=number))
        await until(lambda: projection.problem)
        assert "full" in str(projection.problem)
        lag = projection.lag
        assert 0 < lag <= journal.last_seq
        write(journal, abandoned("LATER", at=200))
        assert projection.lag == lag + 5
        await run(engine, MAKE_ROOM)
        await until(lambda: projection.lag == 0 and projection.problem is None)
    assert [name for _, names in store.written for name in names] == [*made, "LATER"]
    assert [seq for seq, _ in store.written] == sorted(seq for seq, _ in store.written)
    assert sorted(await ids(store)) == [*made, "LATER"]
    assert caplog.text.count("CDRs wait in the journal") == 1
    await engine.dispose()


async def test_a_server_that_hangs_holds_up_the_journal_s_reader_no_longer_than_its_limit(
    journal: Journal, postgres_server: PostgresServer
) -> None:
    url = postgres_server.new_database()
    await (await open_database(url)).dispose()
    engine = create_engine(url, Use(connections=2, limit_s=0.5))
    store = CdrStore(engine)
    async with running(journal, store) as projection:
        write(journal, abandoned("A"))
        await until(lambda: projection.lag == 0)
        with postgres_server.hanging():
            write(journal, abandoned("B", at=1))
            await until(lambda: projection.problem)
            assert projection.lag == 5
        await until(lambda: projection.lag == 0 and projection.problem is None)
    assert await ids(store) == ["B", "A"]
    await engine.dispose()


async def test_one_cdr_that_the_database_refuses_does_not_hold_up_the_others(
    journal: Journal, engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    too_large = abandoned("BAD")
    too_large[1] = CallQueued(at=T0, call_id="BAD", queue="112", priority=2**80)
    write(journal, [*abandoned("A"), *too_large, *abandoned("B", at=1)])
    store = CdrStore(engine)
    projection = CdrProjection(journal, store)
    await projection.drain()
    assert await ids(store) == ["B", "A"]
    assert (projection.written, projection.refused, projection.lag) == (2, 1, 0)
    assert "CDR of call BAD is refused by the database" in caplog.text


async def test_postgresql_may_go_away_and_come_back(
    journal: Journal, postgres_server: PostgresServer
) -> None:
    engine = await open_database(postgres_server.new_database())
    store = CdrStore(engine)
    async with running(journal, store) as projection:
        write(journal, abandoned("A"))
        await until(lambda: projection.lag == 0)
        postgres_server.stop()
        try:
            for number in range(5):
                write(journal, abandoned(f"B{number}", at=1 + number))
            await until(lambda: projection.problem)
        finally:
            postgres_server.start()
        await until(lambda: projection.lag == 0)
        assert projection.problem is None
    assert len(await ids(store)) == 6
    await engine.dispose()


async def test_a_cdr_and_its_position_are_written_together_or_not_at_all(
    journal: Journal, engine: AsyncEngine
) -> None:
    write(journal, abandoned("A"))
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE projections"))
    store = CdrStore(engine)
    projection = CdrProjection(journal, store)
    projection._position = 0
    with pytest.raises(Exception, match="projections"):
        await projection.drain()
    assert await ids(store) == []


async def test_calls_in_progress_when_the_agent_died_get_an_interrupted_cdr_at_the_next_start(
    tmp_path: Path, engine: AsyncEngine
) -> None:
    before = Journal(tmp_path / "restart.db")
    write(before, [*answered("DONE"), *answered("TALKING")[:10], started("WAITING", 5)])
    before.close()
    journal = Journal(tmp_path / "restart.db")
    journal.close_open_calls(now=T0 + 1e6)
    store = CdrStore(engine)
    await CdrProjection(journal, store).drain()
    found = {cdr.id: (cdr.disposition, cdr.operator) for cdr in await store.page(Filter(), 10)}
    assert found == {
        "DONE": ("answered", "siti"),
        "TALKING": ("interrupted", "siti"),
        "WAITING": ("interrupted", None),
    }
    journal.close()
