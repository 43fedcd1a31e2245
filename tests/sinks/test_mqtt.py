"""From the journal to the broker, through every kind of trouble."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.cdr.calls import T0, abandoned, answered
from tests.cdr.waiting import until
from tests.sinks.fakes import FakeBroker

from ntpd112.journal import Journal
from ntpd112.journal.events import JournalEvent, OperatorChanged
from ntpd112.sinks import MqttSink, PositionStore
from ntpd112.sinks.mqtt import NAME, WINDOW


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "j.db")
    yield made
    made.close()


@pytest.fixture
def positions(tmp_path: Path) -> Iterator[PositionStore]:
    made = PositionStore(tmp_path / "s.db", NAME)
    yield made
    made.close()


@pytest.fixture
async def broker() -> FakeBroker:
    return FakeBroker()


def write(journal: Journal, events: Sequence[JournalEvent]) -> None:
    for event in events:
        journal.append(event)
    journal.commit()


def sink_of(journal: Journal, positions: PositionStore, broker: FakeBroker) -> MqttSink:
    return MqttSink(
        journal,
        positions,
        broker.connect,
        region="35.78",
        zone=ZoneInfo("Asia/Jakarta"),
        version="1",
        linger_s=0,
        retry_s=(0.01, 0.05),
    )


@contextlib.asynccontextmanager
async def running(journal: Journal, positions: PositionStore, broker: FakeBroker) -> AsyncIterator[MqttSink]:
    """Killed at the end: no goodbye."""
    sink = sink_of(journal, positions, broker)
    journal.on_commit.append(sink.wake)
    task = asyncio.create_task(sink.run())
    yield sink
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    journal.on_commit.remove(sink.wake)


def cdrs(broker: FakeBroker) -> list[str]:
    return [cdr["id"] for cdr in broker.payloads("cdr")]


async def test_a_new_sink_tells_what_happens_from_now_on(
    journal: Journal, positions: PositionStore, broker: FakeBroker
) -> None:
    write(journal, abandoned("OLD"))
    async with running(journal, positions, broker) as sink:
        write(journal, abandoned("NEW"))
        await until(lambda: cdrs(broker) == ["NEW"] and sink.lag == 0)
    assert [message["state"] for message in broker.payloads("status")] == ["online"]


async def test_what_happens_while_the_broker_is_away_arrives_later_in_order_and_is_said_once(
    journal: Journal, positions: PositionStore, broker: FakeBroker, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(journal, positions, broker) as sink:
        await until(lambda: broker.connections)
        broker.away()
        await until(lambda: sink.problem)
        for number in range(60):
            write(journal, answered(f"C{number:02}", at=number))
        await asyncio.sleep(0.2)
        assert sink.lag == 60 * 21
        broker.back()
        await until(lambda: sink.lag == 0 and sink.problem is None)
    assert cdrs(broker) == [f"C{number:02}" for number in range(60)]
    assert caplog.text.count("the broker closed the connection") == 1
    assert caplog.text.count("Connection refused") == 1
    assert "the broker is back; 1260 events behind" in caplog.text


async def test_a_connection_that_breaks_anywhere_repeats_and_loses_nothing(
    journal: Journal, positions: PositionStore, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ntpd112.sinks.sink.CHUNK_EVENTS", 7)
    async with running(journal, positions, broker) as sink:
        await until(lambda: broker.connections)
        write(journal, [event for number in range(8) for event in answered(f"C{number}", at=number)])
        for more in (3, 1, 14, 6, 20):
            broker.takes = more
            await until(lambda: not broker.up or sink.lag == 0)
            broker.back()
        await until(lambda: sink.lag == 0)
    assert list(dict.fromkeys(cdrs(broker))) == [f"C{number}" for number in range(8)]
    for number in range(8):
        seqs = [call["seq"] for call in broker.payloads(f"calls/C{number}")]
        first_time = list(dict.fromkeys(seqs))
        assert first_time == sorted(first_time)
    assert broker.most_under_way <= WINDOW


async def test_a_killed_agent_goes_on_where_the_broker_had_it(
    journal: Journal, positions: PositionStore, broker: FakeBroker
) -> None:
    async with running(journal, positions, broker) as sink:
        write(journal, abandoned("A"))
        await until(lambda: sink.lag == 0 and cdrs(broker))
        await until(lambda: positions.load(journal.id, 0) == journal.last_seq)
    write(journal, abandoned("B", at=9))
    async with running(journal, positions, broker) as sink:
        await until(lambda: sink.lag == 0 and len(cdrs(broker)) > 1)
    assert cdrs(broker) == ["A", "B"]


async def test_a_journal_that_a_power_cut_made_shorter_is_told_from_its_end_on(
    journal: Journal, positions: PositionStore, broker: FakeBroker
) -> None:
    write(journal, abandoned("A"))
    positions.move(journal.id, journal.last_seq + 7, {})
    async with running(journal, positions, broker) as sink:
        write(journal, abandoned("B", at=9))
        await until(lambda: sink.lag == 0 and cdrs(broker))
    assert cdrs(broker) == ["B"]


async def test_operators_are_told_to_a_broker_that_comes_back_empty(
    journal: Journal, positions: PositionStore, broker: FakeBroker
) -> None:
    ready = OperatorChanged(at=T0, operator="siti", state="ready", previous="offline")
    async with running(journal, positions, broker) as sink:
        write(journal, [ready])
        await until(lambda: broker.payloads("operators/siti"))
        await until(lambda: positions.kept())
        broker.away()
        await until(lambda: sink.problem)
        broker.got.clear()
        broker.back()
        await until(lambda: broker.payloads("operators/siti"))
    assert broker.payloads("operators/siti")[0]["state"] == "ready"


async def test_a_stop_tells_the_rest_and_says_goodbye(
    journal: Journal, positions: PositionStore, broker: FakeBroker
) -> None:
    sink = sink_of(journal, positions, broker)
    write(journal, abandoned("A"))
    task = asyncio.create_task(sink.run())
    await until(lambda: broker.connections)
    sink.stop()
    await asyncio.wait_for(task, 5)
    assert cdrs(broker) == ["A"]
    assert broker.payloads("status")[-1]["state"] == "offline"


async def test_a_stop_does_not_wait_for_a_broker_that_is_away(
    journal: Journal, positions: PositionStore, broker: FakeBroker
) -> None:
    broker.away()
    sink = sink_of(journal, positions, broker)
    task = asyncio.create_task(sink.run())
    await until(lambda: sink.problem)
    sink.stop()
    await asyncio.wait_for(task, 5)
    assert broker.connections == 0


class FullDisk(PositionStore):
    full = True

    def move(self, journal: str, seq: int, keep: Mapping[str, bytes]) -> None:
        if self.full and seq:
            raise sqlite3.OperationalError("database or disk is full")
        super().move(journal, seq, keep)


async def test_a_position_that_cannot_be_written_repeats_nothing_while_we_live(
    journal: Journal, tmp_path: Path, broker: FakeBroker, caplog: pytest.LogCaptureFixture
) -> None:
    positions = FullDisk(tmp_path / "full.db", NAME)
    async with running(journal, positions, broker) as sink:
        for number in range(3):
            write(journal, abandoned(f"C{number}", at=number))
            await until(lambda: sink.lag == 0)
        assert cdrs(broker) == ["C0", "C1", "C2"]
        assert caplog.text.count("database or disk is full") == 1
        positions.full = False
        write(journal, abandoned("C3", at=9))
        await until(lambda: positions.load(journal.id, 0) == journal.last_seq)
    positions.close()
