"""What the centre remembers is there again after a restart, however the agent ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ntpd112.app import remembering
from ntpd112.app.remembering import give_back_counters, keep_saved, save_last, settings_of
from ntpd112.config import CallbacksConfig, Config, FloodConfig, ShieldConfig
from ntpd112.journal import Journal
from ntpd112.journal.events import (
    CallConnected,
    CallEnded,
    CallQueued,
    CallStarted,
    JournalEvent,
    OfferEnded,
    OperatorChanged,
)
from ntpd112.memory import Memory, Saver, restore
from ntpd112.queue import Acd, Counters, OperatorSpec

AT = 1_700_000_000.0
CALLER = "+628123456789"
ANSWERED: list[JournalEvent] = [
    CallStarted(at=AT, call_id="a", region="", trunk="pbx", dialled="112", caller=CALLER),
    CallQueued(at=AT, call_id="a", queue="112", priority=5),
    OfferEnded(at=AT + 5, call_id="a", offer=1, operator="siti", outcome="answered"),
    CallConnected(at=AT + 5, call_id="a", offer=1, operator="siti"),
    OperatorChanged(at=AT + 5, operator="siti", state="talking", previous="ringing"),
    OperatorChanged(at=AT + 65, operator="siti", state="wrap-up", previous="talking"),
    CallEnded(
        at=AT + 65,
        call_id="a",
        disposition="answered",
        hangup_by="caller",
        sip_code=200,
        q850_cause=16,
    ),
]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal.db")
    yield made
    made.close()


def write(journal: Journal, memory: Memory, *events: JournalEvent) -> None:
    for event in events:
        journal.append(event)
        memory.take(event)
    journal.commit()


def test_the_configuration_says_how_long_and_how_much_is_remembered() -> None:
    config = Config(
        shield=ShieldConfig(half_life=60.0, put_back_at=3.0, sticky=5.0, keep_place=7.0),
        flood=FloodConfig(calls=9, window=30.0, ends_after=40.0),
        callbacks=CallbacksConfig(keep=50.0, claim=6.0),
    )
    settings = settings_of(config)
    shield = settings.shield
    assert (shield.half_life_s, shield.put_back_at, shield.sticky_s, shield.keep_place_s) == (60, 3, 5, 7)
    assert (settings.flood.calls, settings.flood.window_s, settings.flood.ends_after_s) == (9, 30, 40)
    assert (settings.callbacks.keep_s, settings.callbacks.claim_s) == (50, 6)


def test_operators_get_their_counters_back() -> None:
    memory = Memory()
    for event in ANSWERED:
        memory.take(event)
    acd = Acd()
    acd.set_operator(OperatorSpec("siti", "Siti"), 0.0)
    give_back_counters(memory, acd, AT + 100)
    siti = acd.operator("siti")
    assert siti is not None
    assert siti.counters == Counters(taken=1, talk_s=60.0, offers=1, rona=0)


def test_an_operator_who_is_in_the_directory_no_more_is_passed_over() -> None:
    memory = Memory()
    for event in ANSWERED:
        memory.take(event)
    give_back_counters(memory, Acd(), AT + 100)


async def test_a_killed_agent_reads_the_snapshot_of_the_last_minute_and_what_came_after(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "SAVE_S", 0.01)
    memory, path = Memory(), tmp_path / "memory"
    saver = Saver(memory, journal, path)
    write(journal, memory, *ANSWERED[:3])
    task = asyncio.create_task(keep_saved(saver))
    while not path.exists():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    write(journal, memory, *ANSWERED[3:])
    assert restore(journal, path).state == memory.state


async def test_a_disk_that_refuses_is_tried_again(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "SAVE_S", 0.01)
    memory, folder = Memory(), tmp_path / "not-there-yet"
    saver = Saver(memory, journal, folder / "memory")
    write(journal, memory, *ANSWERED)
    task = asyncio.create_task(keep_saved(saver))
    await asyncio.sleep(0.05)
    folder.mkdir()
    while not (folder / "memory").exists():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()


async def test_a_stop_saves_and_survives_a_disk_that_refuses(tmp_path: Path, journal: Journal) -> None:
    memory = Memory()
    savers = [Saver(memory, journal, tmp_path / folder / "memory") for folder in ("gone", "")]
    write(journal, memory, *ANSWERED)
    for saver in savers:
        await save_last(saver)
    assert restore(journal, tmp_path / "memory").state == memory.state
