"""The whole memory: events in, and what they leave, whatever they are."""

from __future__ import annotations

import logging

import msgspec
import pytest
from hypothesis import given, settings
from tests.memory.events import days
from tests.memory.story import BUDI, SITI, T0, Story, classified, connected, ended, queued, started

from ntpd112.journal.events import CallDtmf, FloodChanged, JournalEvent
from ntpd112.memory import FloodSettings, Memory, MemorySettings
from ntpd112.memory import memory as module

SETTINGS = MemorySettings(flood=FloodSettings(calls=2))


@settings(max_examples=200)
@given(days())
def test_whatever_happens_what_is_asked_makes_sense(events: list[JournalEvent]) -> None:
    memory = Memory(SETTINGS)
    for event in events:
        memory.take(event)
    now = max([T0, *(event.at for event in events)])
    assert "" not in memory.state.records.keys() | memory.state.places.keys() | memory.state.lost.keys()
    for number in (BUDI, SITI):
        found = memory.callers.standing(number, now)
        assert found.score >= 0
        assert not (found.lift and found.put_back)
        assert (memory.places.place(number, now) or 0.0) >= 0
    entries = memory.callbacks.entries(now)
    assert len({entry.number for entry in entries}) == len(entries)
    assert all(entry.count >= len(entry.calls) > 0 for entry in entries)
    for level in memory.levels.report(now, now - 90_000, "operator"):
        assert level.occupancy is None or 0 <= level.occupancy <= 1
        assert level.answered <= level.offered or level.name
    suggestion = memory.flood.suggest(now)
    assert suggestion is None or suggestion.on != memory.flood.state.on


@given(days())
def test_asking_changes_nothing(events: list[JournalEvent]) -> None:
    memory = Memory(SETTINGS)
    for event in events:
        memory.take(event)
    before = msgspec.msgpack.encode(memory.state)
    now = T0 + 500_000
    memory.callers.listing(now, 10)
    memory.callbacks.next(now)
    memory.levels.series(now, T0)
    memory.flood.suggest(now)
    assert msgspec.msgpack.encode(memory.state) == before


def test_of_calls_whose_beginning_was_pruned_nothing_is_concluded() -> None:
    memory = Memory()
    for event in (queued("x", T0), connected("x", T0), classified("x", T0, "prank"), ended("x", T0)):
        memory.take(event)
    assert (memory.state.records, memory.state.lost, memory.levels.intervals) == ({}, {}, {})


def test_events_of_no_interest_leave_no_trace() -> None:
    memory = Memory()
    memory.take(CallDtmf(at=T0, call_id="x", by="caller", digit="5"))
    assert msgspec.msgpack.encode(memory.state) == msgspec.msgpack.encode(Memory().state)


def test_a_fault_costs_one_event_and_never_the_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    story = Story()
    monkeypatch.setattr(story.memory.callers, "spoke", lambda *_: 1 / 0)
    call_id = story.comes()
    with caplog.at_level(logging.ERROR):
        story.answered(call_id)
    assert "memory: event is left out" in caplog.text
    story.ends(call_id)
    assert story.memory.state.open == {}


def test_calls_that_never_end_and_those_that_did_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 50)
    monkeypatch.setattr(module, "MAX_ENDED", 70)
    memory = Memory()
    for n in range(200):
        memory.take(started(f"open{n}", T0))
    for n in range(200):
        memory.take(started(f"c{n}", T0))
        memory.take(ended(f"c{n}", T0))
    assert (len(memory.state.open), len(memory.state.ended)) == (49, 70)
    assert list(memory.state.ended)[-1] == "c199"


def test_a_flood_suggested_is_a_flood_once_it_is_in_the_journal() -> None:
    story = Story(SETTINGS)
    story.comes()
    story.comes(SITI)
    suggestion = story.memory.flood.suggest(story.now)
    assert isinstance(suggestion, FloodChanged)
    assert not story.memory.flood.state.on
    story.take(suggestion)
    assert story.memory.flood.state.on
