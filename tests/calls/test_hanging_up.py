"""A console hangs up: a call that is talked on, never a caller who waits for somebody."""

from __future__ import annotations

import pytest
from tests.calls.desk import Desk
from tests.calls.floor import Floor

from ntpd112.calls.views import StateConflict, UnknownCall

BY = "api:console"


def call_id(desk: Desk) -> str:
    return next(iter(desk.context.calls))


def test_it_ends_for_everyone_and_the_record_says_who_wanted_it() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
    third = desk.pick_up("psy")
    desk.commands().hang_up(call_id(desk), BY)
    assert caller.over
    assert phone.over
    assert third.over
    end = desk.end()
    assert (end.disposition, end.hangup_by, end.sip_code, end.q850_cause) == ("answered", "operator", 200, 16)
    assert end.reason == f"hung up by {BY}"
    assert desk.state("budi") == "wrap-up"
    assert desk.media.open_legs() == 0


def test_a_call_among_operators_is_hung_up_too() -> None:
    floor = Floor()
    floor.register("siti")
    floor.register("budi")
    siti = floor.dial("siti", "budi")
    floor.pick_up("budi")
    floor.commands().hang_up(call_id(floor), BY)
    assert siti.over
    assert floor.state("budi") == "ready"


@pytest.mark.parametrize("rings", [False, True], ids=["waiting", "ringing"])
def test_a_caller_who_waits_is_not_sent_away(rings: bool) -> None:
    desk = Desk()
    if rings:
        desk.register("budi")
    caller = desk.call()
    with pytest.raises(StateConflict, match="only one that is talked on"):
        desk.commands().hang_up(call_id(desk), BY)
    assert not caller.over


@pytest.mark.parametrize("attended", [False, True], ids=["blind", "attended"])
def test_nor_one_who_is_being_transferred(attended: bool) -> None:
    desk = Desk()
    caller, _ = desk.talk("budi")
    desk.commands().transfer(call_id(desk), "destination:psychologist", attended, BY)
    with pytest.raises(StateConflict, match="being transferred to destination:psychologist: cancel"):
        desk.commands().hang_up(call_id(desk), BY)
    assert not caller.over


def test_nor_one_who_was_transferred_to_a_queue() -> None:
    desk = Desk()
    caller, _ = desk.talk("budi")
    desk.commands().transfer(call_id(desk), "queue:medis", False, BY)
    with pytest.raises(StateConflict):
        desk.commands().hang_up(call_id(desk), BY)
    assert not caller.over


def test_a_call_that_is_over_is_not_there() -> None:
    desk = Desk()
    desk.talk("budi")
    over = call_id(desk)
    desk.commands().hang_up(over, BY)
    with pytest.raises(UnknownCall):
        desk.commands().hang_up(over, BY)
