"""Deliveries over restarts: in order, never twice, bounded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ntpd112.sinks import Outbox
from ntpd112.sinks.delivery import Delivery
from ntpd112.sinks.outbox import HOLDS_TRIES, Tried


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "w.db", "dispatch")
    yield made
    made.close()


def delivery(name: str, about: str = "A") -> Delivery:
    return Delivery(name, "cdr", about, 1, b"{}")


def put(box: Outbox, *deliveries: Delivery, now: float = 0.0) -> None:
    box.put("J", 1, {}, deliveries, now)


def due(box: Outbox, now: float = 0.0, limit: int = 100) -> list[str]:
    return [one.delivery.id for one in box.due(now, limit)]


def fail(box: Outbox, name: str, *, due_at: float | None, tries: int = 1) -> None:
    (n,) = [one.n for one in box.due(10**9, 1000) if one.delivery.id == name]
    box.settle([], [Tried(n, tries, 0.0, 500, "HTTP 500", due_at)], 50.0)


def test_deliveries_and_the_position_behind_them_are_there_or_not_together(
    box: Outbox, tmp_path: Path
) -> None:
    box.put("J", 7, {"siti": b"1"}, [delivery("a")], 0.0)
    with pytest.raises(sqlite3.IntegrityError):
        box.put("J", 8, {}, [delivery("b"), Delivery(None, "cdr", "A", 1, b"")], 0.0)  # type: ignore[arg-type]
    later = Outbox(tmp_path / "w.db", "dispatch")
    assert (later.load("J", 0), later.kept(), due(later)) == (7, {"siti": b"1"}, ["a"])
    later.close()


def test_a_message_told_again_is_in_once(box: Outbox) -> None:
    put(box, delivery("a"))
    put(box, delivery("a"), delivery("b"))
    assert due(box) == ["a", "b"]


def test_one_that_waits_holds_up_its_own_call_and_no_other(box: Outbox) -> None:
    put(box, delivery("a1"), delivery("b1", "B"), delivery("a2"), delivery("b2", "B"))
    fail(box, "a1", due_at=100.0)
    assert due(box, 99.0) == ["b1", "b2"]
    assert due(box, 100.0) == ["a1", "b1", "a2", "b2"]
    assert due(box, 100.0, limit=1) == ["a1"]


def test_one_that_has_failed_often_holds_up_nobody(box: Outbox) -> None:
    put(box, delivery("a1"), delivery("a2"))
    fail(box, "a1", due_at=100.0, tries=HOLDS_TRIES)
    assert due(box, 99.0) == ["a2"]


def test_dead_ones_say_what_went_wrong_and_can_be_sent_again_one_or_all(box: Outbox) -> None:
    put(box, delivery("a"), delivery("b"), delivery("c"))
    for name in "abc":
        fail(box, name, due_at=None, tries=99)
    assert (due(box), box.counts(0.0)) == ([], (0, 3, None, None))
    (last, *_) = box.dead(10)
    assert (last.id, last.tries, last.status, last.error, last.died_at) == ("c", 99, 500, "HTTP 500", 50.0)
    assert [one.id for one in box.dead(2)] == ["c", "b"]
    assert (box.resend("b", 60.0), due(box)) == (1, ["b"])
    assert box.resend("b", 60.0) == 0
    assert (box.resend(None, 60.0), due(box), box.dead(10)) == (2, ["b", "a", "c"], [])
    (again, *_) = box.due(60.0, 1)
    assert (again.tries, again.first_at) == (0, None)


def test_of_too_many_dead_ones_the_oldest_fall_out(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ntpd112.sinks.outbox.MAX_DEAD", 2)
    put(box, *(delivery(name) for name in "abcd"))
    tried = [Tried(one.n, 9, 0.0, None, "no answer", None) for one in box.due(0.0, 10)]
    assert box.settle([], tried, 1.0) == 2
    assert [one.id for one in box.dead(10)] == ["d", "c"]
    assert box.settle([], [], 1.0) == 0


def test_counts_say_how_long_the_oldest_waits_and_when_there_is_something_to_do(box: Outbox) -> None:
    put(box, delivery("a"), now=10.0)
    put(box, delivery("b", "B"), now=20.0)
    assert box.counts(20.0) == (2, 0, 10.0, None)
    fail(box, "a", due_at=100.0)
    assert box.counts(20.0) == (2, 0, 10.0, 100.0)


def test_webhooks_in_one_file_do_not_see_each_other(box: Outbox, tmp_path: Path) -> None:
    other = Outbox(tmp_path / "w.db", "archive")
    put(box, delivery("a"))
    put(other, delivery("a"), delivery("b"))
    fail(other, "a", due_at=None)
    assert (due(box), due(other)) == (["a"], ["b"])
    assert (box.dead(10), box.resend(None, 0.0), len(other.dead(10))) == ([], 0, 1)
    other.close()
