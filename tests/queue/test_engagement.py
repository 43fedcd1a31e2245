"""Operators busy with what the ACD did not offer, and calls that come back to the queue."""

import pytest
from tests.queue.hall import WRAP_UP, Hall, changes, offers

from ntpd112.queue import IllegalEvent, StateConflict
from ntpd112.queue.states import SettledState


def test_an_engaged_operator_is_offered_nothing_until_disengaged() -> None:
    hall = Hall({"ani": {}})
    hall.acd.engage("ani", "callback-1", 1.0, "call-back")
    assert changes(hall.acd.effects()) == [("ani", "talking", "call-back")]
    assert hall.acd.operators_in("callback-1") == ["ani"]
    assert offers(hall.call("c", now=2.0)) == []
    hall.acd.disengage("ani", 3.0, wrap_up=False)
    assert offers(hall.acd.effects()) == [("c", "ani")]


def test_a_wrap_up_after_an_engagement_is_the_longest_of_any_queue() -> None:
    hall = Hall({"ani": {}})
    hall.acd.engage("ani", "callback-1", 1.0, "call-back")
    hall.acd.disengage("ani", 3.0, wrap_up=True)
    assert (hall.state("ani"), hall.acd.next_timer()) == ("wrap-up", 3.0 + WRAP_UP)


@pytest.mark.parametrize("wanted", ["break", "ready"])
def test_afterwards_an_operator_is_where_they_wanted_to_be(wanted: SettledState) -> None:
    hall = Hall({"ani": {}})
    hall.acd.request_state("ani", "break", 0.0, "api")
    hall.acd.engage("ani", "x", 1.0, "supervision")
    hall.acd.request_state("ani", wanted, 2.0, "api")
    hall.acd.disengage("ani", 3.0, wrap_up=False)
    assert hall.state("ani") == wanted


def test_engaging_cuts_a_wrap_up_short() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.acd.call_finished("c", "ani", 1.0)
    hall.acd.engage("ani", "x", 2.0, "call-back")
    assert (hall.state("ani"), hall.acd.next_timer()) == ("talking", None)


def test_who_calls_from_their_own_phone_while_busy_is_busy_with_that_afterwards() -> None:
    hall = Hall({"ani": {}})
    hall.call("c")
    hall.acd.open_line("ani", "own", 1.0, "desk")
    assert hall.state("ani") == "ringing"
    hall.acd.offer_accepted("c", "ani", 2.0)
    hall.acd.call_finished("c", "ani", 3.0)
    assert hall.acd.operators_in("own") == ["ani"]
    hall.acd.close_line("ani", "own")
    hall.acd.disengage("ani", 4.0, wrap_up=False)
    assert (hall.state("ani"), hall.acd.next_timer()) == ("wrap-up", 4.0 + WRAP_UP), "of the call before"


@pytest.mark.parametrize("state", ["break", "offline"])
def test_who_calls_when_not_on_duty_is_so_again_afterwards(state: SettledState) -> None:
    hall = Hall({"ani": {}})
    hall.acd.request_state("ani", state, 0.0, "api")
    hall.acd.open_line("ani", "own", 1.0, "desk")
    assert hall.state("ani") == "talking"
    hall.acd.close_line("ani", "own")
    hall.acd.disengage("ani", 2.0, wrap_up=False)
    assert hall.state("ani") == state


def test_who_rings_talks_or_is_offline_cannot_be_engaged() -> None:
    hall = Hall(("ani", "budi", "citra"))
    hall.answered_call("c", "ani")
    hall.call("d")
    hall.acd.request_state("citra", "offline", 1.0, "api")
    for operator, state in (("ani", "talking"), ("budi", "ringing"), ("citra", "offline")):
        with pytest.raises(StateConflict, match=f'"{operator}" is {state}: no call can be given'):
            hall.acd.engage(operator, "x", 2.0, "transfer")


def test_several_operators_may_talk_in_one_call_and_each_leaves_by_themselves() -> None:
    hall = Hall(("ani", "budi"))
    hall.answered_call("c", "ani")
    hall.acd.engage("budi", "c", 1.0, "conference")
    assert hall.acd.operators_in("c") == ["ani", "budi"]
    assert hall.acd.talking() == {"ani": "c", "budi": "c"}
    hall.acd.call_finished("c", "ani", 2.0)
    hall.acd.call_finished("c", "budi", 3.0)
    assert hall.acd.operators_in("c") == []
    assert hall.acd.load("112", 4.0).talking == 0


@pytest.mark.parametrize("order", ["queue first", "operator first"])
def test_a_call_whose_operator_was_lost_goes_to_the_front_in_whatever_order_that_is_told(order: str) -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani", now=0.0)
    hall.call("waits longer", now=1.0, since=-100.0)
    if order == "queue first":
        hall.call("c", now=10.0, since=0.0, lane="lifted")
    hall.acd.phone_lost("ani", 10.0, "unreachable")
    hall.acd.call_finished("c", "ani", 10.0)
    if order == "operator first":
        hall.call("c", now=10.0, since=0.0, lane="lifted")
    assert hall.state("ani") == "offline"
    assert hall.waiting() == ["c", "waits longer"]
    hall.join("budi", now=11.0)
    assert offers(hall.acd.effects()) == [("c", "budi")]


def test_a_call_that_waits_again_can_be_withdrawn_while_its_first_operator_talks() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.call("c", now=1.0)
    hall.acd.withdraw("c", 2.0)
    assert hall.acd.operators_in("c") == ["ani"]


def test_who_moves_into_another_call_stays_busy_and_is_freed_by_that_one() -> None:
    hall = Hall(["ani"])
    hall.acd.engage("ani", "desk", 1.0, "transfer")
    hall.call("A", 2.0)
    hall.acd.move("ani", "first")
    assert hall.acd.operators_in("desk") == []
    assert hall.acd.operators_in("first") == ["ani"]
    assert hall.acd.effects() == [], "nobody rings in between"
    hall.acd.call_finished("first", "ani", 5.0)
    assert hall.acd.operator("ani").state == "wrap-up"  # type: ignore[union-attr]


def test_who_talks_in_no_call_cannot_move() -> None:
    with pytest.raises(IllegalEvent, match="move"):
        Hall(["ani"]).acd.move("ani", "first")
