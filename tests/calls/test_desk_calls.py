"""Operators call colleagues, destinations and queues from their phones."""

from __future__ import annotations

import pytest
from tests.calls.desk import REMOTE
from tests.calls.floor import Floor

from ntpd112.calls.desk import MAX_CALLS
from ntpd112.journal.events import CallConnected, CallQueued, CallStarted, PartyRings
from ntpd112.sip.replaces import Replaces


def centre(**queue: object) -> Floor:
    desk = Floor(**queue)
    desk.register("siti")
    desk.register("budi")
    return desk


def test_an_operator_dials_a_colleague_by_their_id_and_both_talk() -> None:
    desk = centre()
    siti = desk.dial("siti", "budi")
    assert siti.did == ["ring"]
    assert desk.state("siti") == desk.state("budi") == "talking"
    desk.pick_up("budi")
    assert siti.did == ["ring", "answer"]
    assert desk.media.wiring == {1: (2,), 2: (1,)}


def test_the_record_says_who_called_whom() -> None:
    desk = centre()
    desk.dial("siti", "budi")
    desk.pick_up("budi")
    (started,) = desk.all_of(CallStarted)
    assert (started.direction, started.operator, started.dialled) == ("internal", "siti", "budi")
    assert (started.caller, started.caller_name, started.trunk) == ("", "Siti", "")
    (rings,) = desk.all_of(PartyRings)
    assert (rings.kind, rings.name, rings.by) == ("operator", "budi", "siti")
    (connected,) = desk.all_of(CallConnected)
    assert connected.operator == "siti"


def test_after_it_both_are_ready_at_once() -> None:
    desk = centre()
    siti = desk.dial("siti", "budi")
    desk.pick_up("budi")
    desk.hang_up(siti)
    assert desk.state("siti") == desk.state("budi") == "ready"
    assert (desk.end().disposition, desk.end().hangup_by) == ("answered", "caller")
    assert desk.media.open_legs() == 0
    assert not desk.context.calls


def test_an_agency_is_dialled_by_its_number() -> None:
    desk = centre()
    siti = desk.dial("siti", "110")
    (rings,) = desk.all_of(PartyRings)
    assert (rings.kind, rings.name, rings.target) == ("agency", "police", "sip:110@192.0.2.9")
    desk.pick_up("110")
    assert siti.did == ["ring", "answer"]
    desk.hang_up(siti)
    assert desk.end().disposition == "answered"


def test_a_number_that_nobody_has_gets_404() -> None:
    desk = centre()
    siti = desk.dial("siti", "08123456789")
    assert siti.cause is not None
    assert siti.cause.sip_code == 404
    assert not desk.story()


def test_a_colleague_without_a_phone_gets_480() -> None:
    desk = centre()
    desk.unregister("budi")
    siti = desk.dial("siti", "budi")
    assert siti.cause is not None
    assert siti.cause.sip_code == 480


def test_a_colleague_who_talks_is_busy() -> None:
    desk = centre()
    desk.serve("siti")
    budi = desk.dial("budi", "siti")
    assert budi.cause is not None
    assert budi.cause.sip_code == 486
    assert desk.state("budi") == "ready"


def test_nobody_can_call_themselves() -> None:
    desk = centre()
    siti = desk.dial("siti", "siti")
    assert siti.cause is not None
    assert siti.cause.sip_code == 486
    assert desk.state("siti") == "ready"


def test_who_is_still_on_the_second_line_is_busy_with_it_and_has_the_wrap_up_after_it() -> None:
    desk = centre()
    caller = desk.serve("siti")
    line = desk.dial("siti", "110")
    desk.pick_up("110")
    desk.hang_up(caller)
    assert desk.state("siti") == "talking"
    desk.hang_up(line)
    assert desk.state("siti") == "wrap-up"


def test_who_dialled_while_their_phone_rang_in_vain_is_busy_with_what_they_dialled() -> None:
    desk = centre()
    caller = desk.call()
    assert desk.ringing("siti")
    line = desk.dial("siti", "110")
    desk.hang_up(caller, 487)
    assert desk.state("siti") == "talking"
    desk.call()
    assert [desk.ringing(one) for one in ("siti", "budi")] == [False, True]
    desk.hang_up(line)
    assert desk.state("siti") == "ready"


def test_no_caller_is_offered_to_who_is_still_on_the_second_line() -> None:
    desk = centre(wrap_up=0.0)
    desk.unregister("budi")
    caller = desk.serve("siti")
    line = desk.dial("siti", "110")
    desk.pick_up("110")
    desk.hang_up(caller)
    desk.call()
    assert not desk.ringing("siti")
    desk.hang_up(line)
    assert desk.ringing("siti")


@pytest.mark.parametrize("how", ["declines", "caller gives up"])
def test_who_calls_while_their_phone_rings_is_busy_with_that_afterwards(how: str) -> None:
    desk = centre()
    caller = desk.call()
    desk.dial("siti", "110")
    assert desk.state("siti") == "ringing"
    if how == "declines":
        desk.refuse("siti", 486)
        desk.refuse("budi", 486)
    else:
        desk.hang_up(caller)
    desk.pass_time(5)
    assert desk.state("siti") == "talking"
    assert not desk.phones("siti"), "rings over a call of their own"


def test_who_is_logged_out_and_calls_is_busy_even_if_somebody_makes_them_ready() -> None:
    desk = centre()
    desk.acd.request_state("siti", "offline", desk.now, "api:test")
    siti = desk.dial("siti", "110")
    desk.acd.request_state("siti", "ready", desk.now, "api:test")
    desk.happen()
    assert desk.state("siti") == "talking"
    desk.hang_up(siti)
    assert desk.state("siti") == "ready"


def test_who_was_rung_in_vain_is_still_busy_with_the_line_they_have() -> None:
    desk = centre()
    desk.serve("siti")
    call = next(iter(desk.context.calls))
    desk.commands().add_party(call, "operator:budi", "api:test")
    desk.dial("budi", "110")
    desk.commands().remove_party(call, 1001, "api:test")
    assert desk.state("budi") == "talking"


def test_a_refusal_reaches_the_phone_that_called() -> None:
    desk = centre()
    siti = desk.dial("siti", "budi")
    desk.refuse("budi", 603)
    assert siti.cause is not None
    assert siti.cause.sip_code == 603
    assert desk.state("siti") == desk.state("budi") == "ready"
    assert desk.end().disposition == "failed"


def test_a_phone_that_nobody_picks_up_ends_with_480() -> None:
    desk = centre()
    siti = desk.dial("siti", "110")
    desk.pass_time(10)
    assert siti.cause is not None
    assert (siti.cause.sip_code, siti.cause.q850) == (480, 19)
    assert not desk.phones("110")


def test_who_hangs_up_while_it_rings_stops_the_other_phone() -> None:
    desk = centre()
    siti = desk.dial("siti", "budi")
    phone = desk.phones("budi")[0]
    desk.hang_up(siti, code=487)
    assert phone.did == ["hang up"]
    assert desk.state("siti") == desk.state("budi") == "ready"


def test_on_a_second_line_the_operator_stays_in_their_call() -> None:
    desk = centre()
    caller = desk.serve("siti")
    second = desk.dial("siti", "110")
    desk.pick_up("110")
    assert desk.media_of(second).beside is desk.media.legs[0]
    desk.hang_up(second)
    assert desk.state("siti") == "talking"
    desk.hang_up(caller)
    assert desk.state("siti") == "wrap-up"


def test_an_operator_on_break_calls_and_is_on_break_afterwards() -> None:
    desk = centre()
    desk.hear_out(desk.dial("siti", "*11"))
    siti = desk.dial("siti", "110")
    assert desk.state("siti") == "talking"
    desk.hang_up(siti, code=487)
    assert desk.state("siti") == "break"


def test_a_queue_is_dialled_by_its_number_and_the_operator_waits_in_it() -> None:
    desk = centre(answer="ring")
    siti = desk.dial("siti", "112")
    (queued,) = desk.all_of(CallQueued)
    assert queued.queue == "112"
    desk.pick_up("budi")
    assert siti.did == ["ring", "answer"]
    desk.hang_up(siti)
    assert desk.state("siti") == desk.state("budi") == "ready"


def test_more_calls_than_two_of_one_operator_are_refused() -> None:
    desk = centre()
    for _ in range(MAX_CALLS):
        desk.dial("siti", "110")
    third = desk.dial("siti", "110")
    assert third.cause is not None
    assert third.cause.sip_code == 486


def test_without_a_media_port_the_phone_is_told() -> None:
    desk = centre()
    desk.media.exhausted = True
    siti = desk.dial("siti", "budi")
    assert siti.cause is not None
    assert siti.cause.sip_code == 503
    assert desk.state("siti") == "ready"


def test_the_phone_that_is_rung_shows_who_calls_and_no_emergency() -> None:
    desk = centre()
    desk.dial("siti", "budi")
    assert desk.shown[-1].uri.user == "siti"
    assert desk.headers[-1] == {"X-NTPD112-Call": next(iter(desk.context.calls))}


def test_a_late_offer_is_answered_like_any_other() -> None:
    desk = centre()
    siti = desk.dial("siti", "budi", late_offer=True)
    desk.pick_up("budi")
    assert siti.did == ["ring", "answer"]
    assert not desk.all_of(CallConnected)
    desk.acknowledge(siti, REMOTE)
    assert len(desk.all_of(CallConnected)) == 1


def test_nobodys_place_can_be_taken_by_an_invite() -> None:
    desk = centre()
    siti = desk.dial("siti", "budi", replaces=Replaces("call", "to", "from"))
    assert siti.cause is not None
    assert siti.cause.sip_code == 481
    assert not desk.story()


def test_a_colleague_whose_phone_is_lost_ends_the_call() -> None:
    desk = centre()
    siti = desk.dial("siti", "budi")
    desk.lose(desk.pick_up("budi"))
    assert siti.did[-1] == "hang up"
    assert desk.state("siti") == "ready"


def test_a_colleague_is_transferred_to_nobody() -> None:
    desk = centre()
    desk.dial("siti", "budi")
    budi = desk.pick_up("budi")
    desk.refer(budi, "110")
    assert budi.told == [480]
    assert not desk.phones("110")


def test_an_attended_transfer_takes_over_whom_the_second_line_reached() -> None:
    desk = centre()
    caller = desk.call()
    siti = desk.pick_up("siti")
    second = desk.dial("siti", "110")
    desk.pick_up("110")
    desk.second_line = second
    desk.refer(siti, "110", Replaces("call", "to", "from"))
    (call,) = desk.context.calls.values()
    assert call.leg.id == caller.id
    assert [party.name for party in call.parties] == ["police"]
    desk.pass_time(5)
    assert siti.over
    assert second.over
    assert desk.state("siti") in ("wrap-up", "ready")
