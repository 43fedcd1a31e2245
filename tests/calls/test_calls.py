"""One call's life as caller, operator and journal see it."""

from __future__ import annotations

import pytest
from tests.calls.desk import HELD, REMOTE, Desk

from ntpd112.calls.call import NEXT_STATES
from ntpd112.journal.events import (
    CallConnected,
    CallDtmf,
    CallHeld,
    CallQueued,
    CallResumed,
    CallStarted,
    LegQuality,
    OfferEnded,
    OfferMade,
)
from ntpd112.media.events import Dtmf, PlayEnded, Quality, RecordingFailed, WorkerLost
from ntpd112.sip.body import Part
from ntpd112.sip.events import Cause, Ended, MediaChanged


def test_a_call_is_answered_by_the_announcement_and_then_by_a_free_operator() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    assert caller.did == ["answer"]
    assert desk.media.legs[0].hears == "welcome"
    assert desk.ringing("budi")
    desk.pick_up("budi")
    assert desk.media.wiring == {1: (2,), 2: (1,)}
    assert desk.media.legs[0].hears == ""
    assert desk.story() == [
        "call.started",
        "call.accepted",
        "call.queued",
        "offer.made",
        "recording.started",
        "call.announced",
        "offer.ringing",
        "offer.ended",
        "call.connected",
    ]


def test_with_policy_ring_the_caller_is_answered_only_when_an_operator_is() -> None:
    desk = Desk(answer="ring")
    desk.register("budi")
    caller = desk.call()
    assert caller.did == ["ring"]
    desk.pick_up("budi")
    assert caller.did == ["ring", "answer"]
    assert desk.media.legs[0].hears == ""


def test_ring_back_follows_the_announcement_until_somebody_answers() -> None:
    desk = Desk()
    desk.call()
    desk.media.pending.append(PlayEnded(1, "welcome"))
    desk.happen()
    assert desk.media.legs[0].hears == "ringback"


@pytest.mark.parametrize(("who", "by"), [("caller", "caller"), ("operator", "operator")])
def test_whoever_hangs_up_ends_both_legs_with_the_same_cause(who: str, by: str) -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    operator = desk.pick_up("budi")
    desk.hang_up(caller if who == "caller" else operator, q850=16)
    other = operator if who == "caller" else caller
    assert other.did[-1] == "hang up"
    assert other.cause is not None
    assert other.cause.q850 == 16
    assert (desk.end().disposition, desk.end().hangup_by, desk.end().sip_code) == ("answered", by, 200)
    assert desk.media.open_legs() == 0
    assert desk.state("budi") == "wrap-up"
    assert not desk.context.calls
    assert not desk.context.legs


def test_a_caller_who_leaves_while_the_phone_rings_stops_it_at_once() -> None:
    desk = Desk(answer="ring")
    desk.register("budi")
    caller = desk.call()
    phone = desk.phones("budi")[0]
    desk.hang_up(caller, code=487)
    assert phone.did == ["hang up"]
    assert (desk.end().disposition, desk.end().sip_code) == ("abandoned", 487)
    assert [offer.outcome for offer in desk.all_of(OfferEnded)] == ["withdrawn"]
    assert desk.state("budi") == "ready"


def test_a_caller_who_leaves_while_waiting_is_abandoned() -> None:
    desk = Desk()
    caller = desk.call()
    desk.hang_up(caller)
    assert (desk.end().disposition, desk.end().hangup_by) == ("abandoned", "caller")
    desk.register("budi")
    assert not desk.phones("budi")


def test_who_does_not_pick_up_is_taken_out_and_the_next_operator_rings() -> None:
    desk = Desk()
    desk.register("budi")
    desk.register("sari")
    desk.call()
    silent = desk.phones("budi")[0]
    desk.pass_time(15)
    assert silent.did == ["hang up"]
    assert desk.state("budi") == "break"
    assert desk.phones("sari")
    assert [offer.outcome for offer in desk.all_of(OfferEnded)] == ["rona"]


@pytest.mark.parametrize(
    ("code", "outcome"), [(486, "declined"), (603, "declined"), (480, "failed"), (503, "failed")]
)
def test_who_refuses_hands_the_call_to_the_next_at_once(code: int, outcome: str) -> None:
    desk = Desk()
    desk.register("budi")
    desk.register("sari")
    desk.call()
    desk.refuse("budi", code)
    assert desk.phones("sari")
    assert [(o.outcome, o.sip_code) for o in desk.all_of(OfferEnded)] == [(outcome, code)]


def test_all_phones_of_an_operator_ring_and_the_first_to_answer_stops_the_others() -> None:
    desk = Desk()
    desk.register("budi", phones=3)
    desk.call()
    first, second, third = desk.phones("budi")
    desk.pick_up("budi", phone=1)
    assert (first.did, third.did) == (["hang up"], ["hang up"])
    assert second.did == []
    assert len(desk.all_of(OfferMade)) == 1


def test_one_broken_phone_does_not_end_the_offer_while_another_rings() -> None:
    desk = Desk()
    desk.register("budi", phones=2)
    desk.call()
    desk.refuse("budi", 503)
    assert not desk.all_of(OfferEnded)
    desk.pick_up("budi")
    assert desk.all_of(CallConnected)


def test_declining_on_one_phone_declines_on_all() -> None:
    desk = Desk()
    desk.register("budi", phones=2)
    desk.call()
    desk.refuse("budi", 486)
    assert not desk.phones("budi")
    assert [o.outcome for o in desk.all_of(OfferEnded)] == ["declined"]


def test_a_lost_phone_passes_its_ringing_call_on() -> None:
    desk = Desk()
    desk.register("budi")
    desk.register("sari")
    desk.call()
    desk.unregister("budi")
    assert desk.phones("sari")
    assert desk.state("budi") == "offline"


def test_the_third_call_rings_the_first_operator_who_becomes_free() -> None:
    desk = Desk(wrap_up=0.0)
    desk.register("budi")
    desk.register("sari")
    desk.call()
    desk.call()
    talks = [desk.pick_up("budi"), desk.pick_up("sari")]
    desk.call()
    assert not desk.phones("sari")[1:]
    desk.hang_up(talks[1])
    assert desk.phones("sari")[0] is not talks[1]


def test_a_call_that_needs_a_skill_passes_over_an_idler_operator_without_it() -> None:
    desk = Desk()
    desk.register("budi")
    desk.register("dr-ani", medical=3)
    desk.call("119")
    assert not desk.phones("budi")
    assert desk.phones("dr-ani")


def test_hold_by_the_operator_is_heard_by_the_caller_and_written_down() -> None:
    desk = Desk()
    desk.register("budi")
    desk.call()
    operator = desk.pick_up("budi")
    desk.happen(MediaChanged(operator, HELD))  # type: ignore[arg-type]
    assert desk.media.legs[0].hears == "hold"
    assert not desk.media.legs[1].sending
    assert [event.by for event in desk.all_of(CallHeld)] == ["operator"]
    desk.happen(MediaChanged(operator, REMOTE))  # type: ignore[arg-type]
    assert desk.media.legs[0].hears == ""
    assert [event.by for event in desk.all_of(CallResumed)] == ["operator"]


def test_nobody_registered_waits_or_is_refused_as_the_queue_says() -> None:
    waiting, refusing = Desk(), Desk(no_operator="reject")
    assert waiting.call().did == ["answer"]
    assert refusing.call().did == ["reject 503"]
    assert refusing.end().disposition == "rejected"
    assert refusing.media.open_legs() == 0


def test_without_a_media_port_the_call_goes_back_to_the_pbx() -> None:
    desk = Desk()
    desk.media.exhausted = True
    assert desk.call().did == ["reject 503"]
    assert (desk.end().disposition, desk.end().sip_code) == ("rejected", 503)


def test_a_lost_media_worker_ends_its_calls_as_interrupted() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    operator = desk.pick_up("budi")
    desk.media.pending.append(WorkerLost(0, [1, 2]))
    desk.happen()
    assert (caller.did[-1], operator.did[-1]) == ("hang up", "hang up")
    assert desk.end().disposition == "interrupted"
    assert desk.state("budi") == "wrap-up"


def test_losing_the_callers_signalling_ends_the_call_and_names_the_reason() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    caller.over = True
    desk.happen(Ended(caller, "lost", Cause(0, 102, "session timer ran out")))  # type: ignore[arg-type]
    assert (desk.end().disposition, desk.end().hangup_by) == ("answered", "system")
    assert "session timer" in desk.end().reason


def test_an_unknown_number_goes_to_the_first_queue() -> None:
    desk = Desk()
    desk.call("0351112")
    assert [event.queue for event in desk.all_of(CallQueued)] == ["112"]


def test_a_service_urn_covers_its_sub_services() -> None:
    desk = Desk()
    desk.call(headers={"to": ["<urn:service:sos.fire>"]})
    assert desk.all_of(CallStarted)[0].dialled == "urn:service:sos.fire"
    assert desk.all_of(CallQueued)[0].queue == "112"


def test_the_queue_that_names_the_sub_service_itself_takes_it() -> None:
    desk = Desk()
    desk.call(headers={"to": ["<urn:service:sos.ambulance>"]})
    assert desk.all_of(CallQueued)[0].queue == "medis"


def test_body_parts_location_and_access_network_are_kept_with_the_call() -> None:
    desk = Desk()
    access = "3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=51010"
    note = Part("application/x-note", "a@b", "", b"halo")
    garbled = Part("application/pidf+xml", "", "", b"<gar")
    desk.call(headers={"p-access-network-info": [access]}, parts=[note, garbled])
    facts = desk.all_of(CallStarted)[0]
    assert facts.access_network == access
    assert facts.parts[0]["text"] == "halo"
    assert facts.location is not None
    assert "error" in facts.location


def test_keys_pressed_are_written_down_with_who_pressed_them() -> None:
    desk = Desk()
    desk.register("budi")
    desk.call()
    desk.pick_up("budi")
    desk.media.pending += [Dtmf(1, "5", 100), Dtmf(2, "#", 100)]
    desk.happen()
    assert [(e.by, e.digit) for e in desk.all_of(CallDtmf)] == [("caller", "5"), ("operator", "#")]


def test_quality_figures_arrive_after_the_end_and_are_still_written() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    desk.media.legs[0].quality, desk.media.legs[1].quality = Quality(100, 2, 1.5), Quality(90, 0, 0.5)
    desk.hang_up(caller)
    assert [(q.party, q.packets) for q in desk.all_of(LegQuality)] == [("caller", 100), ("operator", 90)]


def test_a_broken_recording_never_ends_the_call() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    desk.media.pending.append(RecordingFailed(1, "disk full"))
    desk.happen()
    assert not caller.over
    assert "recording.failed" in desk.story()


def test_an_error_of_ours_in_one_call_ends_that_call_and_no_other() -> None:
    desk = Desk()
    desk.register("budi")
    good = desk.call()
    bad = desk.call()
    bad_media = desk.media.legs[-1]
    bad_media.play = None  # type: ignore[method-assign,assignment]
    desk.media.pending.append(PlayEnded(bad_media.id, "welcome"))
    desk.happen()
    assert not good.over
    assert (bad.over, desk.end().disposition) == (True, "failed")


def test_stopping_ends_every_call_as_interrupted() -> None:
    desk = Desk()
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    desk.control.stop(desk.now)
    assert caller.over
    assert desk.end().disposition == "interrupted"


def test_every_call_state_leads_to_an_end() -> None:
    assert all("ending" in later for state, later in NEXT_STATES.items() if state != "ending")
    desk = Desk()
    desk.call()
    call = next(iter(desk.context.calls.values()))
    with pytest.raises(RuntimeError, match="waiting cannot become held"):
        call.enter("held")
