"""What a supervisor may do to a call, and what a flood does to all of them."""

from collections.abc import Callable

import pytest
from tests.queue.hall import RING, Hall, cancels, changes, of_kind, offers, whys

from ntpd112.queue import Acd, IncidentWaited, LaneChanged, StateConflict, UnknownCall, Waits


def test_a_lifted_call_is_next_whatever_came_before() -> None:
    hall = Hall()
    hall.call("first", now=1.0, priority=0)
    hall.call("silent", now=2.0, lane="quiet")
    hall.acd.lift("silent", 3.0, "panic key", by="siti")
    assert hall.acd.effects() == [LaneChanged("silent", "lifted", "panic key", "siti")]
    assert hall.waiting() == ["silent", "first"]


def test_a_new_priority_keeps_the_waiting_time() -> None:
    hall = Hall()
    hall.call("a", now=0.0, priority=5)
    hall.call("b", now=1.0, priority=5)
    hall.acd.set_priority("b", 0, 2.0)
    assert hall.waiting() == ["b", "a"]
    assert hall.view("b").since == 1.0


def test_a_new_requirement_finds_who_fits_at_once() -> None:
    hall = Hall({"ani": {}, "nurse": {"medical": 1, "java": 1}})
    hall.call("first", skills={"fire": 1})
    hall.acd.set_requirement("first", {"medical": 1}, {"java": 1}, 1.0)
    assert offers(hall.acd.effects()) == [("first", "nurse")]
    assert (hall.view("first").must, hall.view("first").prefer) == ({"medical": 1}, {"java": 1})


def test_a_pulled_call_rings_that_operator_fit_or_not_and_nobody_else() -> None:
    hall = Hall({"nurse": {"medical": 1}, "ani": {}})
    hall.call("c", now=0.0, skills={"medical": 1})
    hall.acd.pull("c", "ani", 1.0)
    effects = hall.acd.effects()
    assert offers(effects) == [("c", "ani")]
    assert whys(effects)[0].chosen_by == "pulled"
    assert [(cancel.operator, cancel.outcome) for cancel in cancels(effects)] == [("nurse", "withdrawn")]
    assert changes(effects)[-1] == ("nurse", "ready", "pulled")
    hall.acd.offer_declined("c", "ani", 2.0)
    assert offers(hall.acd.effects()) == [("c", "nurse")]


def test_a_pull_stops_a_ring_all_until_the_pulled_operator_does_not_answer() -> None:
    hall = Hall(("ani", "budi"), strategy="ring-all")
    hall.call("c", now=0.0)
    hall.join("boss", {"supervisor": 1})
    hall.acd.effects()
    hall.acd.pull("c", "boss", 1.0)
    hall.acd.effects()
    assert list(hall.view("c").offers) == ["boss"]
    assert offers(hall.later(1.0 + RING)) == [("c", "ani"), ("c", "budi")]


def test_a_held_call_can_be_pulled_and_is_held_again_if_not_answered() -> None:
    hall = Hall({"ani": {}})
    hall.call("c", lane="held")
    hall.acd.pull("c", "ani", 1.0)
    assert hall.view("c").offers == {"ani": 1}
    hall.acd.offer_declined("c", "ani", 2.0)
    assert hall.waiting() == ["c"]


def test_only_a_ready_operator_can_be_pulled_to() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("talks", "ani")
    hall.call("c")
    with pytest.raises(StateConflict, match='"ani" is talking, not ready'):
        hall.acd.pull("c", "ani", 1.0)
    assert hall.waiting() == ["c"]


COMMANDS: list[Callable[[Acd], None]] = [
    lambda acd: acd.lift("c", 1.0),
    lambda acd: acd.set_lane("c", "quiet", 1.0, "test"),
    lambda acd: acd.set_priority("c", 0, 1.0),
    lambda acd: acd.set_requirement("c", {}, {}, 1.0),
    lambda acd: acd.pull("c", "ani", 1.0),
    lambda acd: acd.set_incident("c", True, 1.0),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_for_a_call_that_was_answered_says_so(command: Callable[[Acd], None]) -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    with pytest.raises(UnknownCall, match='no call "c" waits or rings'):
        command(hall.acd)


# --- flood


def test_calls_about_the_incident_leave_some_operators_free_for_others() -> None:
    hall = Hall(("ani", "budi"))
    hall.acd.set_kept_free(1, 0.0)
    assert offers(hall.call("i1", now=1.0, incident=True)) == [("i1", "ani")]
    effects = hall.call("i2", now=2.0, incident=True)
    assert of_kind(effects, Waits) == [Waits("i2", {"ready": 1, "ringing": 1}, 0, "kept free for others")]
    assert offers(hall.call("other", now=3.0)) == [("other", "budi")]


def test_an_operator_more_than_are_kept_free_serves_the_incident_by_whoever_was_idle_longest() -> None:
    hall = Hall({"ani": {}})
    hall.acd.set_kept_free(1, 0.0)
    hall.call("i", now=1.0, incident=True)
    hall.join("budi", {"supervisor": 1}, now=2.0)
    assert offers(hall.acd.effects()) == [("i", "ani")]


def test_while_some_are_kept_free_other_calls_come_first_and_in_order_when_the_flood_is_over() -> None:
    hall = Hall()
    hall.acd.set_kept_free(1, 0.0)
    hall.call("i", now=1.0, incident=True)
    hall.call("other", now=2.0)
    hall.join("ani", now=3.0)
    assert offers(hall.acd.effects()) == [("other", "ani")]
    hall.join("budi", now=4.0)
    assert offers(hall.acd.effects()) == []
    hall.acd.set_kept_free(0, 5.0)
    assert offers(hall.acd.effects()) == [("i", "budi")]


def test_a_call_taken_to_be_about_the_incident_waits_no_longer_than_its_queue_says() -> None:
    hall = Hall({"ani": {}}, incident_wait=120.0)
    hall.acd.set_kept_free(1, 0.0)
    hall.call("i", now=1.0, incident=True)
    assert hall.acd.next_timer() == 121.0
    hall.acd.handle_timer(121.0)
    effects = hall.acd.effects()
    assert of_kind(effects, IncidentWaited) == [IncidentWaited("i", "waited 120 s for the sake of others")]
    assert offers(effects) == [("i", "ani")]


def test_a_call_that_was_held_back_has_the_place_of_its_wait_afterwards() -> None:
    hall = Hall(incident_wait=60.0)
    hall.acd.set_kept_free(1, 0.0)
    hall.call("i", now=1.0, incident=True)
    hall.call("other", now=30.0)
    hall.acd.handle_timer(61.0)
    hall.join("ani", now=62.0)
    assert offers(hall.acd.effects()) == [("i", "ani")]


def test_a_caller_who_says_it_is_something_else_is_served_at_once() -> None:
    hall = Hall({"ani": {}})
    hall.acd.set_kept_free(1, 0.0)
    hall.call("c", incident=True)
    hall.acd.set_incident("c", False, 1.0)
    assert offers(hall.acd.effects()) == [("c", "ani")]


def test_without_a_flood_the_mark_changes_nothing_but_ring_all() -> None:
    hall = Hall(("ani", "budi"), strategy="ring-all")
    assert offers(hall.call("c", incident=True)) == [("c", "ani")]
