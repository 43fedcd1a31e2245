"""Retention and legal hold in the database, on both."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.calls import T0, answered

from ntpd112.cdr import keeping as module
from ntpd112.cdr.fold import fold
from ntpd112.cdr.keeping import Keeping
from ntpd112.cdr.store import CdrStore, Filter, Position

START = datetime.fromtimestamp(T0, UTC)
NOW = START + timedelta(days=400)


async def filled(engine: AsyncEngine, count: int) -> CdrStore:
    """Calls a day apart, each with a recording, named by their day."""
    store = CdrStore(engine)
    made = [fold(answered(str(day), at=day * 86_400.0)) for day in range(count)]
    await store.write([cdr for cdr in made if cdr], "cdrs", Position("j", 1))
    return store


async def days(store: CdrStore) -> list[str]:
    return [cdr.id for cdr in await store.page(Filter(), 100)]


async def test_cdrs_past_their_time_go_with_their_segments_and_say_whose_files_are_left(
    engine: AsyncEngine,
) -> None:
    store = await filled(engine, 4)
    gone = await Keeping(engine).remove_cdrs(START + timedelta(days=2))
    assert sorted(recording.file for recording in gone if recording) == ["2025/0.wav", "2025/1.wav"]
    assert await days(store) == ["3", "2"]
    assert await Keeping(engine).remove_cdrs(START + timedelta(days=2)) == []


async def test_a_removed_recording_is_marked_and_the_cdr_stays(engine: AsyncEngine) -> None:
    store = await filled(engine, 3)
    keeping = Keeping(engine)
    (marked,) = await keeping.remove_recordings(START + timedelta(days=1), NOW)
    assert (marked.id, marked.file, marked.removed_at) == ("0", "2025/0.wav", NOW)
    assert await keeping.remove_recordings(START + timedelta(days=1), NOW) == []
    assert await days(store) == ["2", "1", "0"]
    known = await keeping.recordings(["0", "1", "9"])
    assert {call: found.removed_at for call, found in known.items() if found} == {"0": NOW, "1": None}


async def test_what_is_due_is_counted_as_it_is_removed(engine: AsyncEngine) -> None:
    await filled(engine, 4)
    keeping = Keeping(engine)
    first, second = START + timedelta(days=1), START + timedelta(days=3)
    assert await keeping.due(first, second) == (1, 3)
    assert await keeping.due(None, None) == (0, 0)
    await keeping.hold("0", "a letter", "api:console", NOW)
    assert await keeping.due(first, second) == (0, 2)


async def test_it_goes_by_bounded_steps(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    await filled(engine, 5)
    keeping = Keeping(engine)
    assert [len(await keeping.remove_recordings(NOW, NOW)) for _ in range(4)] == [2, 2, 1, 0]
    assert [len(await keeping.remove_cdrs(NOW)) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_held_call_is_kept_until_the_hold_ends(engine: AsyncEngine) -> None:
    store = await filled(engine, 3)
    keeping = Keeping(engine)
    held = await keeping.hold("1", "a letter", "api:console", NOW)
    assert held is not None
    assert await keeping.held("1") == held
    assert len(await keeping.remove_recordings(NOW, NOW)) == 2
    assert len(await keeping.remove_cdrs(NOW)) == 2
    assert await days(store) == ["1"]
    assert await keeping.release("1")
    assert not await keeping.release("1")
    assert await keeping.held("1") is None
    assert len(await keeping.remove_cdrs(NOW)) == 1


async def test_holds_are_listed_the_latest_first_and_a_new_reason_takes_the_place_of_the_old(
    engine: AsyncEngine,
) -> None:
    await filled(engine, 3)
    keeping = Keeping(engine)
    await keeping.hold("0", "first", "api:a", NOW)
    await keeping.hold("2", "second", "cli:root", NOW + timedelta(hours=1))
    await keeping.hold("0", "third", "api:b", NOW + timedelta(hours=2))
    assert [(hold.id, hold.reason, hold.held_by) for hold in await keeping.holds(10)] == [
        ("0", "third", "api:b"),
        ("2", "second", "cli:root"),
    ]
    assert len(await keeping.holds(1)) == 1
    assert await keeping.hold("9", "nobody", "api:a", NOW) is None


async def test_a_cdr_that_is_written_again_stays_held_and_its_recording_removed(engine: AsyncEngine) -> None:
    """A classification comes after the call: the CDR is folded anew."""
    store = await filled(engine, 1)
    keeping = Keeping(engine)
    await keeping.remove_recordings(NOW, NOW)
    await keeping.hold("0", "a letter", "api:console", NOW)
    again = fold(answered("0", operator="ani"))
    assert again is not None
    await store.write([again], "cdrs", Position("j", 2))
    found = await store.get("0")
    assert found is not None
    assert found.operator == "ani"
    assert await keeping.held("0") is not None
    recording = (await keeping.recordings(["0"]))["0"]
    assert recording is not None
    assert recording.removed_at == NOW


async def test_of_a_hold_and_a_removal_at_once_one_is_first(engine: AsyncEngine) -> None:
    store = await filled(engine, 20)
    keeping = Keeping(engine)
    removing = asyncio.create_task(keeping.remove_cdrs(NOW))
    holds = await asyncio.gather(*(keeping.hold(str(day), "x", "api:a", NOW) for day in range(20)))
    await removing
    assert sorted(await days(store)) == sorted(hold.id for hold in holds if hold)
