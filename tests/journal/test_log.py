"""The journal keeps what was appended, in order, through trouble."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journal.builders import ended, queued, started

from ntpd112.journal import Journal, JournalBroken, JournalError, JournalLocked
from ntpd112.journal.events import AgentStarted, CallAccepted, CallEnded, CallStarted, JournalEvent
from ntpd112.journal.log import CHUNK_ROWS
from ntpd112.journal.pending import Pending, Row


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "j.db")
    yield made
    made.close()


def write(journal: Journal, *call_ids: str) -> None:
    for call_id in call_ids:
        journal.append(started(call_id))
    journal.commit()


def test_committed_events_are_read_back_in_order(journal: Journal) -> None:
    events: list[JournalEvent] = [started("A"), queued("A"), started("B"), ended("A")]
    for event in events:
        journal.append(event)
    last = journal.commit()
    read = journal.read(0, 100)
    assert [stored.event for stored in read] == events
    assert read[-1].seq == last == journal.last_seq
    assert journal.read(read[1].seq, 1) == read[2:3]
    assert [stored.event for stored in journal.read_call("A")] == [events[0], events[1], events[3]]


def test_nothing_is_read_before_the_commit(journal: Journal) -> None:
    journal.append(started("A"))
    assert journal.read(0, 10) == []
    assert journal.has_call("A")
    assert journal.open_calls() == ["A"]


def test_open_calls_are_those_started_and_not_ended(journal: Journal) -> None:
    write(journal, "A", "B")
    journal.append(ended("A"))
    assert journal.open_calls() == ["B"]
    journal.commit()
    assert journal.open_calls() == ["B"]
    assert journal.has_call("A")
    assert not journal.has_call("C")


def test_readers_are_woken_once_per_commit_and_not_by_an_empty_one(journal: Journal) -> None:
    woken: list[int] = []
    journal.on_commit.append(woken.append)
    write(journal, "A", "B")
    journal.commit()
    assert woken == [2]


def test_a_failing_wake_up_hurts_neither_commit_nor_the_others(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    woken: list[int] = []
    journal.on_commit.append(lambda last: [][last])
    journal.on_commit.append(woken.append)
    write(journal, "A")
    assert woken == [1]
    assert "wake-up failed" in caplog.text


def test_sequence_and_events_survive_closing_and_reopening(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j.db")
    write(first, "A")
    first.append(ended("A"))
    first.close()
    second = Journal(tmp_path / "j.db")
    assert second.id == first.id
    assert second.last_seq == 2
    write(second, "B")
    assert [stored.seq for stored in second.read(0, 10)] == [1, 2, 3]
    second.close()


def test_text_that_is_no_unicode_is_kept_with_question_marks(journal: Journal) -> None:
    odd = CallStarted(
        at=1.0,
        call_id="A",
        region="",
        trunk="",
        dialled="112",
        caller="\udcff1",
        location={"x": [{"y": "\udc80"}]},
    )
    journal.append(odd)
    journal.commit()
    (stored,) = journal.read_call("A")
    assert isinstance(stored.event, CallStarted)
    assert stored.event.caller == "?1"
    assert stored.event.location == {"x": [{"y": "?"}]}


def test_an_unreadable_row_is_left_out_and_those_after_it_are_read(journal: Journal) -> None:
    write(journal, "A", "B")
    with sqlite3.connect(journal.path) as other:
        other.execute("""UPDATE events SET data = '{"type":"from.the.future"}' WHERE seq = 1""")
    other.close()
    assert [stored.seq for stored in journal.read(0, 1)] == [2]


class TestOneWriter:
    def test_a_second_agent_is_refused_and_told_who_holds_it(self, journal: Journal) -> None:
        with pytest.raises(JournalLocked, match=rf"another agent \(process {os.getpid()}\)"):
            Journal(journal.path)

    def test_after_the_first_is_closed_another_may(self, tmp_path: Path) -> None:
        Journal(tmp_path / "j.db").close()
        Journal(tmp_path / "j.db").close()


class TestOpening:
    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(JournalError, match=r"nowhere/j.db-lock.*folder"):
            Journal(tmp_path / "nowhere" / "j.db")

    def test_a_file_that_is_no_database_is_refused_and_the_lock_given_back(self, tmp_path: Path) -> None:
        path = tmp_path / "j.db"
        path.write_bytes(b"something else" * 100)
        for _ in range(2):
            with pytest.raises(JournalBroken, match="damaged or no journal"):
                Journal(path)

    def test_a_journal_of_a_newer_version_is_refused(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "j.db") as other:
            other.execute("PRAGMA user_version = 99")
        other.close()
        with pytest.raises(JournalBroken, match="version 99"):
            Journal(tmp_path / "j.db")


class TestWhileTheDatabaseIsLocked:
    """As by a backup program that holds the write lock."""

    @pytest.fixture
    def lock(self, journal: Journal) -> Iterator[sqlite3.Connection]:
        other = sqlite3.connect(journal.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield other
        other.close()

    def test_events_go_to_the_spill_file_and_into_the_database_afterwards(
        self, journal: Journal, lock: sqlite3.Connection
    ) -> None:
        write(journal, "A")
        write(journal, "B")
        assert journal.waiting == 2
        assert journal.problem is not None
        assert "locked" in journal.problem
        lock.execute("ROLLBACK")
        write(journal, "C")
        assert [stored.event.call_id for stored in journal.read(0, 9)] == ["A", "B", "C"]
        assert journal.problem is None
        assert journal.waiting == 0
        assert spill_of(journal.path) == b""

    def test_an_agent_killed_meanwhile_loses_nothing(
        self, journal: Journal, lock: sqlite3.Connection, tmp_path: Path
    ) -> None:
        write(journal, "A")
        copy = tmp_path / "killed.db"  # what the files are at this moment is what a killed process leaves
        for suffix in ("", "-wal", "-spill"):
            (tmp_path / f"killed.db{suffix}").write_bytes((tmp_path / f"j.db{suffix}").read_bytes())
        lock.execute("ROLLBACK")
        restarted = Journal(copy)
        assert [stored.event.call_id for stored in restarted.read(0, 9)] == ["A"]
        assert restarted.open_calls() == ["A"]
        restarted.close()


def test_a_long_backlog_is_written_in_pieces_and_nothing_is_unsafe_meanwhile(journal: Journal) -> None:
    count = 2 * CHUNK_ROWS
    for number in range(count):
        journal.append(started(f"C{number:05}"))
    journal.commit()
    assert journal.waiting == count - CHUNK_ROWS
    assert len(spill_of(journal.path).splitlines()) == count - CHUNK_ROWS
    journal.commit()
    assert journal.waiting == 0
    assert len(journal.read(0, count + 1)) == count


def spill_of(path: Path) -> bytes:
    return path.with_name(path.name + "-spill").read_bytes()


def test_spilled_events_that_the_database_has_are_not_taken_twice(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    write(journal, "A")
    journal.close()
    lines = [b'%d\t{"type":"agent.started","at":1.0,"version":"%d"}\n' % (seq, seq) for seq in (1, 2)]
    (tmp_path / "j.db-spill").write_bytes(b"".join(lines) + b'3\t{"type":"agent.st')
    journal = Journal(tmp_path / "j.db")
    assert [stored.event for stored in journal.read(0, 9)] == [
        started("A"),
        AgentStarted(at=1.0, version="2"),
    ]
    assert spill_of(journal.path) == b""
    journal.close()


class TestCallsLeftOpen:
    def test_get_their_end_at_the_last_moment_the_agent_lived(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "j.db")
        write(journal, "A", "B")
        journal.append(CallAccepted(at=1001.0, call_id="B"))
        journal.close()
        os.utime(tmp_path / "j.db-lock", (1020.0, 1020.0))
        journal = Journal(tmp_path / "j.db")
        assert journal.close_open_calls(now=5000.0) == ["A", "B"]
        assert journal.open_calls() == []
        ends = [stored.event for stored in journal.read(3, 9)]
        assert [(e.call_id, e.at, e.sip_code) for e in ends if isinstance(e, CallEnded)] == [
            ("A", 1020.0, 0),
            ("B", 1020.0, 200),
        ]
        assert {e.disposition for e in ends if isinstance(e, CallEnded)} == {"interrupted"}
        assert journal.close_open_calls(now=5000.0) == []
        journal.close()

    def test_end_no_earlier_than_their_last_event(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "j.db")
        write(journal, "A")
        assert journal.close_open_calls(now=5000.0) == ["A"]
        assert journal.read(1, 1)[0].event.at == 1000.0
        journal.close()


class TestPruning:
    def test_removes_old_events_that_were_read_but_none_of_open_calls(self, journal: Journal) -> None:
        for event in (
            started("A", 10),
            ended("A", 20),
            started("OPEN", 30),
            started("B", 40),
            ended("B", 99),
        ):
            journal.append(event)
        journal.commit()
        assert journal.prune(up_to_seq=4, before=50) == 3
        assert [stored.event.call_id for stored in journal.read(0, 9)] == ["OPEN", "B"]

    def test_keeps_the_newest_event_so_that_the_count_goes_on(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "j.db")
        for event in (started("A", 10), ended("A", 20)):
            journal.append(event)
        journal.commit()
        journal.prune(up_to_seq=2, before=1e9)
        journal.close()
        journal = Journal(tmp_path / "j.db")
        write(journal, "B")
        assert [stored.seq for stored in journal.read(0, 9)] == [2, 3]
        journal.close()


class TestCheckpoint:
    def test_brings_the_log_into_the_file_and_starts_it_anew(self, journal: Journal) -> None:
        for number in range(300):
            write(journal, f"C{number:04}")
        wal = journal.path.with_name("j.db-wal")
        before = wal.stat().st_size
        assert journal.checkpoint()
        assert wal.stat().st_size < before
        write(journal, "LATER")
        assert len(journal.read(0, 1000)) == 301

    def test_a_reader_in_the_way_delays_it_and_loses_nothing(self, journal: Journal) -> None:
        write(journal, "A")
        other = sqlite3.connect(journal.path, isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT * FROM events").fetchall()
        write(journal, "B")
        assert not journal.checkpoint()
        other.close()
        assert journal.checkpoint()
        assert [stored.event.call_id for stored in journal.read(0, 9)] == ["A", "B"]


class TestPendingIsBounded:
    def test_by_dropping_the_oldest_inessential_events(self) -> None:
        pending = Pending(limit=4)
        for seq, essential in enumerate([True, False, False, True, False, True, True, True]):
            pending.add(Row(seq, 0.0, "A", b"", opens=essential, closes=False))
        assert len(pending.rows) <= 4
        assert pending.dropped == 8 - len(pending.rows)
        assert not [row.seq for row in pending.rows if row.seq in (1, 2)]

    def test_and_the_count_of_spilled_rows_stays_right(self) -> None:
        pending = Pending(limit=4)
        for seq in range(4):
            pending.add(Row(seq, 0.0, "A", b"", opens=False, closes=False))
        pending.spilled = 3
        pending.add(Row(4, 0.0, "A", b"", opens=False, closes=False))
        assert [row.seq for row in pending.rows] == [2, 3, 4]
        assert pending.spilled == 1
