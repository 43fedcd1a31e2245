"""From the journal to the database, through every kind of trouble."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.calls import T0, abandoned, answered, started
from tests.cdr.waiting import until
from tests.postgres import PostgresServer

from ntpd112.cdr.database import open_database
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


class FailingStore(CdrStore):
    """Fails while `away`; as a database does that is down or full."""

    away = True

    async def write(self, records: Sequence[Cdr], projection: str, position: Position) -> None:
        if self.away:
            raise OperationalError("INSERT", {}, Exception("disk is full"))
        await super().write(records, projection, position)


async def test_a_full_database_is_tried_until_it_has_room_and_logged_once(
    journal: Journal, engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    store = FailingStore(engine)
    async with running(journal, store) as projection:
        write(journal, abandoned("A"))
        await until(lambda: projection.problem)
        assert projection.problem == "CDRs wait in the journal (5 events): disk is full"
        assert projection.lag == 5
        await asyncio.sleep(0.2)
        store.away = False
        await until(lambda: projection.lag == 0 and projection.problem is None)
    assert await ids(store) == ["A"]
    assert caplog.text.count("disk is full") == 1


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
