"""What users of other queues complain about most, each as a test of ours."""

from __future__ import annotations

from typing import Any

import pytest
from tests.calls.desk import Desk

from ntpd112.journal.events import OfferMade
from ntpd112.queue import OperatorSpec


def offered(desk: Desk) -> list[str]:
    return [event.operator for event in desk.all_of(OfferMade)]


def served(desk: Desk) -> list[Any]:
    """The legs of callers somebody talks to."""
    return [call.leg for call in desk.context.calls.values() if call.parties]


@pytest.mark.parametrize("how", ["caller leaves", "operator refuses", "phone is lost", "nobody picks up"])
def test_no_operator_is_left_ringing_whatever_ends_the_ring(how: str) -> None:
    desk = Desk()
    desk.register("budi")
    desk.register("sari")
    caller = desk.call()
    match how:
        case "caller leaves":
            desk.hang_up(caller)
        case "operator refuses":
            desk.refuse("budi", 486)
        case "phone is lost":
            desk.unregister("budi")
        case _:
            desk.pass_time(15)
    if not caller.over:
        desk.hang_up(caller)
    desk.pass_time(20)
    settled = {"phone is lost": "offline", "nobody picks up": "break"}.get(how, "ready")
    assert desk.state("budi") == settled
    assert desk.state("sari") == "ready"
    assert desk.media.open_legs() == 0


@pytest.mark.parametrize("who", ["caller", "operator"])
def test_no_operator_is_in_a_call_that_is_over(who: str) -> None:
    desk = Desk(wrap_up=10.0)
    desk.register("budi")
    caller = desk.call()
    phone = desk.pick_up("budi")
    desk.hang_up(caller if who == "caller" else phone)
    assert desk.state("budi") == "wrap-up"
    desk.pass_time(10)
    assert desk.state("budi") == "ready"


@pytest.mark.parametrize(
    "becomes_free", ["registers", "wrap-up ends", "back from break", "caller of another left"]
)
def test_who_becomes_free_is_offered_the_waiting_call_in_the_same_turn(becomes_free: str) -> None:
    desk = Desk(wrap_up=10.0)
    if becomes_free != "registers":
        desk.register("budi")
    first = desk.call()
    if becomes_free == "wrap-up ends":
        desk.hang_up(desk.pick_up("budi"))
    elif becomes_free == "back from break":
        desk.hang_up(first)
        desk.acd.request_state("budi", "break", desk.now, "by hand")
    waiting = desk.call() if becomes_free != "registers" else first
    match becomes_free:
        case "registers":
            desk.register("budi")
        case "wrap-up ends":
            desk.pass_time(10)
        case "back from break":
            desk.acd.request_state("budi", "ready", desk.now, "by hand")
            desk.happen()
        case _:
            desk.hang_up(first)
    assert len(desk.phones("budi")) == 1, "the waiting call rings at once"
    assert not waiting.over


def test_calls_are_served_in_the_order_they_came() -> None:
    desk = Desk(wrap_up=0.0)
    callers = []
    for _ in range(3):
        callers.append(desk.call())
        desk.pass_time(1)
    desk.register("budi")
    for call_number in range(3):
        talking = desk.pick_up("budi")
        assert served(desk) == [callers[call_number]]
        desk.hang_up(talking)


def test_who_declined_is_not_rung_again_while_another_is_free() -> None:
    desk = Desk()
    desk.register("budi")
    desk.register("sari")
    desk.call()
    desk.refuse("budi", 486)
    assert offered(desk) == ["budi", "sari"]
    desk.pass_time(5)
    desk.register("tono")
    desk.refuse("sari", 486)
    assert offered(desk) == ["budi", "sari", "tono"]


def test_reading_the_operators_anew_keeps_the_order_of_calls_and_what_operators_did() -> None:
    desk = Desk(wrap_up=0.0)
    desk.register("budi")
    desk.call()
    talking = desk.pick_up("budi")
    first, second = desk.call(), desk.call()
    before = desk.acd.operator("budi")
    assert before is not None
    for _ in range(2):
        desk.acd.set_operator(OperatorSpec("budi", "Budi", {"english": 1}), desk.now)
    after = desk.acd.operator("budi")
    assert after is not None
    assert after.counters == before.counters
    assert after.state == "talking"
    desk.hang_up(talking)
    desk.pick_up("budi")
    assert served(desk) == [first]
    assert not second.over


def test_nobody_is_rung_for_a_caller_who_has_left() -> None:
    desk = Desk()
    caller = desk.call()
    desk.hang_up(caller)
    desk.register("budi")
    assert not desk.phones("budi")
    desk.call(cancelled=True)
    assert not desk.phones("budi"), "also when the CANCEL came in the same turn"
    assert desk.state("budi") == "ready"
