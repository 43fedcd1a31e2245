"""Phones that come and go, and states asked for by hand."""

import pytest
from tests.queue.hall import RING, WRAP_UP, Hall, cancels, changes, offers

from ntpd112.queue import OperatorSpec, StateConflict, UnknownOperator
from ntpd112.queue.states import SettledState


def test_an_operator_is_offline_until_a_phone_registers_and_then_ready() -> None:
    hall = Hall()
    hall.acd.set_operator(OperatorSpec("ani", "Ani"), now=0.0)
    assert hall.state("ani") == "offline"
    hall.acd.phone_available("ani", now=1.0)
    hall.acd.phone_available("ani", now=2.0)
    assert changes(hall.acd.effects()) == [("ani", "ready", "registered")]
    assert hall.operator("ani").since == 1.0


@pytest.mark.parametrize("wanted", ["break", "offline"])
def test_break_and_offline_by_hand_last_over_a_new_registration_until_made_ready(
    wanted: SettledState,
) -> None:
    hall = Hall({"ani": {}})
    hall.acd.request_state("ani", wanted, now=1.0, reason="api")
    hall.acd.phone_lost("ani", now=2.0, reason="expired")
    hall.acd.phone_available("ani", now=3.0)
    assert hall.state("ani") == wanted
    hall.acd.request_state("ani", "ready", now=4.0, reason="api")
    assert changes(hall.acd.effects())[-1] == ("ani", "ready", "api")


def test_ready_without_a_phone_is_a_conflict_that_says_what_to_do() -> None:
    hall = Hall({"ani": {}})
    hall.acd.phone_lost("ani", now=1.0, reason="expired")
    with pytest.raises(StateConflict, match='"ani" has no registered phone: register one'):
        hall.acd.request_state("ani", "ready", now=2.0, reason="api")


def test_break_without_a_phone_holds_when_one_registers() -> None:
    hall = Hall()
    hall.acd.set_operator(OperatorSpec("ani", "Ani"), now=0.0)
    hall.acd.request_state("ani", "break", now=1.0, reason="api")
    hall.acd.phone_available("ani", now=2.0)
    assert changes(hall.acd.effects()) == [("ani", "break", "api")]


@pytest.mark.parametrize("wanted", ["break", "offline"])
def test_asked_for_while_talking_it_takes_the_place_of_wrap_up(wanted: SettledState) -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.acd.request_state("ani", wanted, now=1.0, reason="api")
    assert (hall.state("ani"), hall.operator("ani").next_state) == ("talking", wanted)
    hall.acd.call_finished("c", "ani", now=2.0)
    assert changes(hall.acd.effects()) == [("ani", wanted, "api")]
    assert hall.acd.next_timer() is None


def test_asked_for_while_ringing_it_waits_for_the_ring_to_end_however_it_ends() -> None:
    for end in ("decline", "withdraw", "ring out", "answer"):
        hall = Hall({"ani": {}})
        hall.call("c")
        hall.acd.request_state("ani", "offline", now=1.0, reason="api")
        assert hall.state("ani") == "ringing"
        if end == "decline":
            hall.acd.offer_declined("c", "ani", now=2.0)
        elif end == "withdraw":
            hall.acd.withdraw("c", now=2.0)
        elif end == "ring out":
            hall.acd.handle_timer(now=RING)
        else:
            hall.acd.offer_accepted("c", "ani", now=2.0)
            hall.acd.call_finished("c", "ani", now=3.0)
        assert changes(hall.acd.effects())[-1] == ("ani", "offline", "api"), end


def test_ready_takes_back_a_break_asked_for_in_the_call() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.acd.request_state("ani", "break", now=1.0, reason="api")
    hall.acd.request_state("ani", "ready", now=2.0, reason="api")
    hall.acd.call_finished("c", "ani", now=3.0)
    assert hall.state("ani") == "wrap-up"


def test_ready_ends_a_wrap_up() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.call("d", now=1.0)
    hall.acd.call_finished("c", "ani", now=2.0)
    hall.acd.request_state("ani", "ready", now=3.0, reason="api")
    assert offers(hall.acd.effects()) == [("d", "ani")]
    assert hall.acd.next_timer() == 3.0 + RING


def test_a_phone_that_registers_again_does_not_end_a_wrap_up() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.acd.call_finished("c", "ani", now=2.0)
    hall.acd.phone_available("ani", now=3.0)
    assert hall.state("ani") == "wrap-up"
    assert hall.acd.next_timer() == 2.0 + WRAP_UP


def test_a_phone_lost_in_wrap_up_takes_the_operator_offline() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.acd.call_finished("c", "ani", now=2.0)
    hall.acd.phone_lost("ani", now=3.0, reason="unreachable")
    assert hall.state("ani") == "offline"
    assert hall.acd.next_timer() is None


def test_a_phone_lost_while_talking_leaves_the_call_to_call_control_and_then_the_operator_is_offline() -> (
    None
):
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.acd.phone_lost("ani", now=1.0, reason="unreachable")
    assert hall.state("ani") == "talking"
    hall.acd.call_finished("c", "ani", now=2.0)
    assert changes(hall.acd.effects()) == [("ani", "offline", "unreachable")]


def test_a_phone_that_is_back_before_the_call_ends_changes_nothing() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.acd.phone_lost("ani", now=1.0, reason="unreachable")
    hall.acd.phone_available("ani", now=2.0)
    hall.acd.call_finished("c", "ani", now=3.0)
    assert hall.state("ani") == "wrap-up"


def test_a_removed_operator_is_gone_at_once_or_after_their_call() -> None:
    hall = Hall({"ani": {}, "budi": {}, "citra": {}})
    hall.answered_call("c", "ani")
    hall.call("d", now=1.0)
    for operator in ("ani", "budi", "citra"):
        hall.acd.remove_operator(operator, now=2.0)
    effects = hall.acd.effects()
    assert [(cancel.operator, cancel.outcome) for cancel in cancels(effects)] == [
        ("budi", "withdrawn"),
        ("citra", "withdrawn"),
    ]
    assert offers(effects) == [("d", "citra")]
    assert hall.waiting() == ["d"]
    assert [operator.id for operator in hall.acd.operators()] == ["ani"]
    hall.acd.call_finished("c", "ani", now=3.0)
    assert hall.acd.operators() == []
    assert not hall.acd.anyone_serving()


def test_an_operator_added_again_during_their_call_stays() -> None:
    hall = Hall({"ani": {}})
    hall.answered_call("c", "ani")
    hall.acd.remove_operator("ani", now=1.0)
    hall.acd.set_operator(OperatorSpec("ani", "Ani"), now=2.0)
    hall.acd.call_finished("c", "ani", now=3.0)
    assert hall.state("ani") == "wrap-up"


def test_an_unknown_operator_is_named() -> None:
    with pytest.raises(UnknownOperator, match='no operator "ani"'):
        Hall().acd.phone_available("ani", 0.0)


@pytest.mark.parametrize("phone", [False, True])
def test_who_is_offline_already_and_logs_out_is_so_for_that_reason(phone: bool) -> None:
    """As at a start, when states are taken up before the phones are back."""
    hall = Hall({"ani": {}})
    hall.acd.phone_lost("ani", now=1.0, reason="expired")
    hall.acd.request_state("ani", "offline", now=2.0, reason="api")
    if phone:
        hall.acd.phone_available("ani", now=3.0)
    ani = hall.operator("ani")
    assert (ani.state, ani.reason, ani.since) == ("offline", "api", 1.0)


def test_a_break_by_hand_takes_the_place_of_the_one_for_a_call_not_taken() -> None:
    hall = Hall({"ani": {}})
    hall.acd.request_state("ani", "break", now=1.0, reason="rona")
    hall.acd.request_state("ani", "break", now=2.0, reason="api")
    assert (hall.operator("ani").reason, hall.operator("ani").since) == ("api", 1.0)
