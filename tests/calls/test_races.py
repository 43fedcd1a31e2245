"""Events that cross: both sides act at once, in one turn, and neither knows of the other yet."""

from __future__ import annotations

import pytest
from tests.calls.desk import HELD, REMOTE, Desk

from ntpd112.journal.events import (
    CallAccepted,
    CallConnected,
    CallHeld,
    CallRequeued,
    LegEnded,
    OfferEnded,
    OfferMade,
)
from ntpd112.sip.events import Answered, Cause, Ended, Failed, Unregistered


def test_a_caller_who_cancels_in_the_turn_of_the_invite_was_never_accepted() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call(cancelled=True)
    assert caller.did == []
    assert not desk.all_of(CallAccepted)
    assert (desk.end().disposition, desk.end().sip_code) == ("abandoned", 487)
    assert desk.state("budi") == "ready"


def test_an_operator_who_answers_a_caller_who_has_just_cancelled_is_let_go() -> None:
    desk = Desk(answer="ring")
    desk.register("budi")
    caller = desk.call()
    phone = desk.phones("budi")[0]
    caller.over, phone.remote = True, REMOTE
    desk.happen(Answered(phone), Ended(caller, "remote", Cause(487)))  # type: ignore[arg-type]
    assert phone.did == ["hang up"]
    assert not desk.all_of(CallConnected)
    assert (desk.end().disposition, desk.end().sip_code) == ("abandoned", 487)
    assert desk.state("budi") == "ready"
    assert desk.media.open_legs() == 0


@pytest.mark.parametrize("answers", [True, False])
def test_a_phone_that_reacts_in_the_very_turn_of_its_rona_does_not_cost_the_call(answers: bool) -> None:
    desk = Desk()
    desk.register("budi")
    desk.register("sari")
    caller = desk.call()
    phone = desk.phones("budi")[0]
    phone.remote = REMOTE
    desk.sip.append(Answered(phone) if answers else Failed(phone, Cause(486)))  # type: ignore[arg-type]
    desk.pass_time(15)
    assert not caller.over
    assert [offer.outcome for offer in desk.all_of(OfferEnded)] == ["rona"]
    assert phone.over
    assert desk.phones("sari")


def test_a_phone_that_answers_while_its_operator_is_taken_out_of_the_directory() -> None:
    desk = Desk()
    desk.register("budi")
    desk.register("sari")
    caller = desk.call()
    phone = desk.phones("budi")[0]
    phone.remote = REMOTE
    desk.sip.append(Answered(phone))  # type: ignore[arg-type]
    desk.acd.remove_operator("budi", desk.now)
    desk.happen()
    assert not caller.over
    assert (phone.over, phone.cause) == (True, Cause(487, 16, "Operator removed"))
    assert desk.phones("sari")


def test_an_operator_taken_out_of_the_directory_in_mid_call_finishes_it() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    desk.acd.remove_operator("budi", desk.now)
    desk.happen(Unregistered("budi", "removed"))
    assert not caller.over
    desk.hang_up(caller)
    assert desk.end().disposition == "answered"
    assert desk.acd.operator("budi") is None


def test_two_phones_answer_in_one_turn_and_the_first_gets_the_call() -> None:
    desk = Desk()
    desk.register("budi", phones=2)
    desk.call()
    first, second = desk.phones("budi")
    first.remote = second.remote = REMOTE
    desk.happen(Answered(first), Answered(second))  # type: ignore[arg-type]
    assert (first.did, second.did) == ([], ["hang up"])
    assert second.cause is not None
    assert second.cause.q850 == 26
    assert len(desk.all_of(CallConnected)) == 1


def test_a_caller_with_a_late_offer_is_connected_when_the_ack_brings_its_media() -> None:
    desk = Desk(answer="ring")
    desk.register("budi")
    caller = desk.call(late_offer=True)
    desk.pick_up("budi")
    assert caller.did == ["ring", "answer"]
    assert not desk.all_of(CallConnected)
    assert desk.state("budi") == "talking"
    desk.now += 1
    desk.acknowledge(caller)
    assert desk.media.wiring == {1: (2,), 2: (1,)}
    assert [event.at - desk.context.clock.wall(desk.now) for event in desk.all_of(CallConnected)] == [0]


def test_an_operator_may_pick_up_before_the_ack_of_the_announcement() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call(late_offer=True)
    desk.pick_up("budi")
    desk.acknowledge(caller)
    assert desk.media.legs[0].hears == ""
    assert len(desk.all_of(CallConnected)) == 1


def test_a_caller_whose_media_never_came_was_not_answered() -> None:
    desk = Desk(answer="ring")
    desk.register("budi")
    caller = desk.call(late_offer=True)
    operator = desk.pick_up("budi")
    caller.over = True
    desk.happen(Ended(caller, "lost", Cause(408, 102, "No ACK")))  # type: ignore[arg-type]
    end = desk.end()
    assert (end.disposition, end.hangup_by, end.reason) == ("failed", "system", "No ACK")
    assert operator.over
    assert desk.state("budi") == "wrap-up"


@pytest.mark.parametrize("holder", ["caller", "operator"])
def test_who_is_held_from_the_first_moment_hears_so(holder: str) -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    phone = desk.phones("budi")[0]
    phone.remote = HELD if holder == "operator" else REMOTE
    if holder == "caller":
        desk.acknowledge(caller, HELD)
    desk.happen(Answered(phone))  # type: ignore[arg-type]
    listener = desk.media.legs[0 if holder == "operator" else 1]
    assert listener.hears == "hold"
    assert [event.by for event in desk.all_of(CallHeld)] == [holder]
    resumed = phone if holder == "operator" else caller
    desk.acknowledge(resumed)
    assert listener.hears == ""


def test_a_late_offer_may_come_held() -> None:
    desk = Desk(answer="ring")
    desk.register("budi")
    caller = desk.call(late_offer=True)
    desk.pick_up("budi")
    desk.acknowledge(caller, HELD)
    assert [k for k in desk.story() if k.startswith("call.")][-2:] == ["call.connected", "call.held"]


def test_a_cancel_that_names_another_sip_code_was_still_answered_with_487() -> None:
    desk = Desk(answer="ring")
    caller = desk.call()
    caller.over = True
    elsewhere = Cause(200, 26, "Call completed elsewhere")
    desk.happen(Ended(caller, "remote", elsewhere))  # type: ignore[arg-type]
    assert (desk.end().sip_code, desk.end().q850_cause) == (487, 26)


def test_a_call_that_we_could_not_answer_failed() -> None:
    desk = Desk()
    caller = desk.call()
    caller.over = True
    no_codec = Cause(488, 88, "no common codec")
    desk.happen(Ended(caller, "local", no_codec))  # type: ignore[arg-type]
    assert (desk.end().disposition, desk.end().hangup_by) == ("failed", "system")


def test_the_operators_segment_keeps_the_cause_that_their_phone_gave() -> None:
    desk = Desk()
    desk.register("budi")
    desk.call()
    phone = desk.phones("budi")[0]
    phone.over = True
    desk.happen(Failed(phone, Cause(486, 17)))  # type: ignore[arg-type]
    assert [(leg.sip_code, leg.q850_cause) for leg in desk.all_of(LegEnded)] == [(486, 17)]


def test_a_phone_lost_while_it_rings_is_told_apart_from_one_nobody_picked_up() -> None:
    desk = Desk()
    desk.register("budi")
    desk.call()
    desk.unregister("budi")
    assert [(leg.sip_code, leg.q850_cause) for leg in desk.all_of(LegEnded)] == [(487, 20)]


def test_an_operator_who_is_free_as_the_ladder_leads_elsewhere_is_offered_the_call_once() -> None:
    """The ACD's offer and the end of the police's ringing meet in one turn."""
    police = {"name": "police", "to": "sip:110@192.0.2.5", "ring": "10s"}
    steps = [{"after": 5, "to": "police"}, {"after": 10, "to": "second"}]
    sections = {"destination": [police], "queue": [{"name": "second", "numbers": ["1"]}]}
    desk = Desk(ladder=steps, also=sections, decline_pause=5)
    desk.register("budi")
    desk.call()
    desk.pass_time(10)
    desk.refuse("budi", 486)
    desk.pass_time(10)
    assert [event.reason for event in desk.all_of(CallRequeued)] == ["ladder of 112, step 2"]
    assert [event.offer for event in desk.all_of(OfferMade)] == [1, 3], "the second was never rung"
    assert len(desk.phones("budi")) == 1
