"""The journal's thread, beside commits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journal.builders import started

from ntpd112.journal import Journal, keeper

EVENTS = 3000


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.setattr(keeper, "PERIOD_S", 0.01)
    made = Journal(tmp_path / "j.db", checkpoint_bytes=1)
    yield made
    made.close()


def test_commits_beside_checkpoints_and_reads_keep_every_event_in_order(journal: Journal) -> None:
    done = threading.Event()
    read: list[int] = []

    def read_on() -> None:
        while not done.is_set() or read[-1:] != [journal.last_seq]:
            read.extend(stored.seq for stored in journal.read(read[-1] if read else 0, 100))

    def checkpoint() -> None:
        while not done.is_set():
            journal.checkpoint()

    threads = [threading.Thread(target=read_on), threading.Thread(target=checkpoint)]
    for thread in threads:
        thread.start()
    for number in range(EVENTS):
        journal.append(started(f"C{number:05}"))
        journal.commit()
    while journal.waiting:  # what the last commits spilled
        journal.commit()
    done.set()
    for thread in threads:
        thread.join()
    assert journal.waiting == 0
    assert journal.problem is None
    assert read == list(range(1, EVENTS + 1))


def test_a_commit_during_a_checkpoint_neither_waits_nor_is_a_problem(journal: Journal) -> None:
    with journal._mutex:
        journal.append(started("A"))
        journal.commit()
    assert journal.problem is None
    assert journal.waiting == 1
    assert b'"call_id":"A"' in journal.path.with_name("j.db-spill").read_bytes()
    journal.commit()
    assert journal.waiting == 0


def test_while_events_wait_the_loop_is_called_to_try_again(journal: Journal) -> None:
    called = threading.Event()
    journal.on_retry = called.set
    journal.append(started("A"))
    assert called.wait(10)


def test_the_lock_file_tells_that_the_agent_lives(journal: Journal) -> None:
    lock = journal.path.with_name("j.db-lock")
    seen = {lock.stat().st_mtime_ns}
    beaten = threading.Event()
    for _ in range(1000):
        if len(seen) > 2:
            break
        beaten.wait(0.01)
        seen.add(lock.stat().st_mtime_ns)
    assert len(seen) > 2
