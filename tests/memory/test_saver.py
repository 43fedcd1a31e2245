"""The memory is saved while calls go on: whole, and exactly as of one place of the journal."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.memory.events import days
from tests.memory.paper import Paper, no_rest, plain
from tests.memory.story import Story

from ntpd112.journal import Journal, Stored
from ntpd112.journal.events import JournalEvent
from ntpd112.memory import Memory, Saver, restore
from ntpd112.memory import saver as module
from ntpd112.memory.snapshot import load


def memory_of(events: list[JournalEvent]) -> Memory:
    memory = Memory()
    for event in events:
        memory.take(event)
    return memory


@settings(max_examples=100)
@given(days(), st.data())
def test_what_is_saved_while_events_come_is_the_memory_of_one_place_of_the_journal_and_the_rest_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, events: list[JournalEvent], data: st.DataObject
) -> None:
    """The agent starts after some of the events; more come before and in the midst of each save."""
    path = tmp_path_factory.getbasetemp() / "memory"
    path.unlink(missing_ok=True)
    start = data.draw(st.integers(0, len(events)))
    journal = Paper(events[:start])
    live = memory_of(journal.events)
    saver = Saver(live, journal, path)

    def goes_on() -> None:
        for event in events[journal.last_seq :][: data.draw(st.integers(0, 2))]:
            live.take(event)
            journal.events.append(event)

    with patch.multiple(module, PIECE_EVENTS=2, PIECE_ENTRIES=2):
        for _ in range(data.draw(st.integers(1, 3))):
            goes_on()
            committed = journal.last_seq
            saver.save(goes_on)
            saved = load(path, journal)
            assert saved is not None
            assert saved.position == committed
            assert plain(Memory(state=saved.state)) == plain(memory_of(events[:committed]))
    assert plain(restore(Paper(events), path)) == plain(memory_of(events))


def many_callers(count: int) -> Story:
    story = Story()
    for number in range(count):
        story.was("prank", caller=f"+62811{number:06d}")
    return story


def test_tables_of_every_size_are_whole(tmp_path: Path) -> None:
    """Of one piece, of several, and where the last is full or nearly so."""
    for count in (1, 15, 16, 199, 200, 201, 415):
        story = many_callers(count)
        path = tmp_path / str(count)
        Saver(story.memory, Paper(story.events), path).save(no_rest)
        saved = load(path, Paper(story.events))
        assert saved is not None
        assert list(saved.state.records) == list(story.memory.state.records)
        assert plain(Memory(state=saved.state)) == plain(story.memory)


def test_others_have_their_turn_after_each_piece_of_a_large_memory(tmp_path: Path) -> None:
    story, rests = many_callers(1_000), 0

    def rest() -> None:
        nonlocal rests
        rests += 1

    journal = Paper([])
    saver = Saver(Memory(), journal, tmp_path / "memory")
    journal.events = story.events
    saver.save(rest)
    tables = [len(story.memory.state.records), len(story.memory.state.ended)]
    assert rests >= len(story.events) / module.PIECE_EVENTS + sum(tables) / module.PIECE_ENTRIES


def test_the_copy_shares_nothing_with_the_memory_that_calls_change(tmp_path: Path) -> None:
    story = many_callers(2)
    journal = Paper(story.events)
    saver = Saver(story.memory, journal, tmp_path / "memory")
    before = plain(story.memory)
    story.was("ghost", caller="+62811000000")
    saver.save(no_rest)
    saved = load(tmp_path / "memory", journal)
    assert saved is not None
    assert plain(Memory(state=saved.state)) == before


def test_what_a_failed_save_lacks_is_in_the_next(tmp_path: Path) -> None:
    class Broken(Paper):
        broken = False

        def read(self, after_seq: int, limit: int) -> list[Stored]:
            if self.broken and after_seq >= module.PIECE_EVENTS:
                raise sqlite3.OperationalError("disk I/O error")
            return super().read(after_seq, limit)

    journal, path = Broken([]), tmp_path / "memory"
    saver = Saver(Memory(), journal, path)
    journal.events = many_callers(100).events
    journal.broken = True
    with pytest.raises(sqlite3.OperationalError):
        saver.save(no_rest)
    assert saver.position == module.PIECE_EVENTS
    journal.broken = False
    saver.save(no_rest)
    assert plain(restore(Paper([*journal.events]), path)) == plain(memory_of(journal.events))


def test_two_saves_at_once_come_one_after_the_other(tmp_path: Path) -> None:
    """As at a stop while the minute's is under way."""
    journal, path = Paper([]), tmp_path / "memory"
    saver = Saver(Memory(), journal, path)
    journal.events = many_callers(30).events
    last = threading.Thread(target=saver.save, args=(no_rest,))

    def rest() -> None:
        if not last.ident:
            journal.events += many_callers(1).events
            last.start()

    saver.save(rest)
    last.join()
    saved = load(path, journal)
    assert saved is not None
    assert saved.position == journal.last_seq
    assert plain(Memory(state=saved.state)) == plain(memory_of(journal.events))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def test_with_a_real_journal_what_is_not_committed_is_not_saved(tmp_path: Path, journal: Journal) -> None:
    path, memory, events = tmp_path / "memory", Memory(), many_callers(3).events
    saver = Saver(memory, journal, path)

    def write(some: list[JournalEvent]) -> None:
        for event in some:
            journal.append(event)
            memory.take(event)

    write(events[:5])
    journal.commit()
    write(events[5:])
    saver.save(no_rest)
    saved = load(path, journal)
    assert saved is not None
    assert plain(Memory(state=saved.state)) == plain(memory_of(events[:5]))
    journal.commit()
    assert plain(restore(journal, path)) == plain(memory)
