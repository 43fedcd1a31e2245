"""What the API sees of the memory, after calls that were really made at the desk."""

from __future__ import annotations

import pytest
from tests.calls.desk import Desk

from ntpd112.calls.remembered import LiveMemory
from ntpd112.calls.views import UnknownCaller
from ntpd112.journal.events import CallClassified, CallerCorrected, Classification

CALLER = "+628123456789"
BY = "api:wallboard"


class Centre:
    """A desk, and the memory that its calls leave."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.turns = 0
        self.memory = LiveMemory(self.desk.context, self._turn, lambda: self.desk.now)

    def _turn(self) -> None:
        self.turns += 1

    def call(self, found: Classification, *, waits_s: float = 0.0) -> None:
        """Siti talks to the caller and classifies the call."""
        desk = self.desk
        caller = desk.call()
        call_id = next(iter(desk.context.calls))
        desk.now += waits_s
        desk.pick_up("siti")
        at = desk.context.clock.wall(desk.now)
        desk.context.write(CallClassified(at=at, call_id=call_id, classification=found, by="siti"))
        desk.hang_up(caller)
        desk.pass_time(20.0)


@pytest.fixture
def centre() -> Centre:
    made = Centre()
    made.desk.register("siti")
    return made


@pytest.mark.parametrize("written", [CALLER, "08123456789", "0812-3456-789", "628123456789"])
def test_a_caller_is_found_by_the_number_however_it_is_written(centre: Centre, written: str) -> None:
    centre.call("prank")
    found = centre.memory.caller(written)
    assert (found.number, found.last_operator, [one.classification for one in found.classifications]) == (
        CALLER,
        "siti",
        ["prank"],
    )


def test_of_a_stranger_nothing_is_remembered(centre: Centre) -> None:
    with pytest.raises(UnknownCaller, match=r"\+62811222333"):
        centre.memory.caller("0811222333")


def test_the_list_is_of_the_moment_it_was_asked_for(centre: Centre) -> None:
    centre.call("prank")
    look = centre.memory.callers(10)
    centre.memory.correct_caller("0811222333", "prank", "", BY)
    assert [caller.number for caller in look()] == [CALLER]
    assert [caller.number for caller in centre.memory.callers(10)()] == ["+62811222333", CALLER]


def test_a_correction_is_written_down_and_holds_at_once(centre: Centre) -> None:
    for _ in range(3):
        centre.call("prank")
    assert centre.memory.caller(CALLER).put_back
    shown = centre.memory.correct_caller("08123456789", "trusted", "spoke to the mother", BY)
    assert (shown.put_back, shown.correction, shown.note) == (False, "trusted", "spoke to the mother")
    assert centre.turns == 1
    (written,) = centre.desk.all_of(CallerCorrected)
    assert (written.caller, written.standing, written.by) == (CALLER, "trusted", BY)


def test_who_is_made_clean_is_forgotten(centre: Centre) -> None:
    centre.call("prank")
    assert centre.memory.correct_caller(CALLER, "clean", "", BY).score == 0
    with pytest.raises(UnknownCaller):
        centre.memory.caller(CALLER)


def test_levels_tell_what_was_answered_in_time(centre: Centre) -> None:
    centre.call("emergency", waits_s=3.0)
    centre.call("information", waits_s=12.0)
    (queue,) = centre.memory.levels(None, "queue")()
    assert (queue.name, queue.offered, queue.answered, queue.level_10, queue.level_15) == (
        "112",
        2,
        2,
        0.5,
        1.0,
    )
    (operator,) = centre.memory.levels(None, "operator")()
    assert (operator.name, operator.answered, operator.offers) == ("siti", 2, 2)
    assert centre.memory.live_levels("queue") == [queue]
    rows = centre.memory.intervals(None, "all")()
    assert sum(row.answered for row in rows) == 2


def test_nothing_is_told_of_before_since(centre: Centre) -> None:
    centre.call("emergency")
    tomorrow = centre.desk.context.clock.wall(centre.desk.now) + 86_400
    assert centre.memory.intervals(tomorrow, "all")() == []
