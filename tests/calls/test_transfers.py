"""Transfers, blind and attended, by the phone's REFER and over REST: at no instant is the caller lost."""

from __future__ import annotations

import pytest
import structlog
from tests.calls.desk import HELD, Desk, FakeLeg

from ntpd112.calls.views import StateConflict, Unreachable
from ntpd112.journal.events import (
    CallEnded,
    CallHeld,
    CallNeeds,
    CallRequeued,
    CallResumed,
    PartyJoined,
    PartyLeft,
    PartyRings,
    TransferEnded,
    TransferStarted,
)
from ntpd112.sip.events import Cause, Ended, MediaChanged

CALLER, BUDI, TARGET = 1, 2, 3
"Media legs in order of opening."
BY = "api:console"


def outcome(desk: Desk) -> str:
    ends = desk.all_of(TransferEnded)
    assert len(ends) == 1
    return str(ends[0].outcome)


def hears(desk: Desk, media: int) -> tuple[int, ...]:
    return desk.media.wiring.get(media, ())


def prompt(desk: Desk, media: int) -> str:
    return desk.media.legs[media - 1].hears


def call_id(desk: Desk) -> str:
    return next(iter(desk.context.calls))


# --- blind, by the phone


def test_a_blind_transfer_lets_the_target_take_the_operators_place() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.refer(phone, "110")
    assert prompt(desk, CALLER) == "hold"
    desk.pick_up("polres")
    assert phone.told == [200]
    assert (hears(desk, CALLER), hears(desk, TARGET)) == ((TARGET,), (CALLER,))
    assert prompt(desk, CALLER) == ""
    assert desk.state("budi") == "wrap-up"
    assert (outcome(desk), desk.all_of(TransferStarted)[0].by) == ("completed", "budi")
    desk.hang_up(caller)
    assert desk.end().disposition == "answered"
    assert desk.media.open_legs() == 0


def test_the_phone_that_transferred_may_hang_up_itself_and_is_hung_up_if_it_does_not() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.refer(phone, "110")
    desk.pick_up("polres")
    assert not phone.over
    desk.pass_time(2)
    assert phone.did[-1] == "hang up"


def test_the_next_target_rings_when_the_first_does_not_answer() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.refer(phone, "110")
    first = desk.phones("polres")[0]
    desk.pass_time(10)
    assert first.over
    desk.pick_up("polda")
    assert outcome(desk) == "completed"
    assert [ring.target for ring in desk.all_of(PartyRings)] == ["sip:polres@10.0.0.1", "sip:polda@10.0.0.2"]


def test_who_transfers_gets_the_caller_back_when_nobody_answers() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.refer(phone, "psychologist")
    desk.refuse("psy", 486)
    assert phone.told == [486]
    assert (hears(desk, CALLER), hears(desk, BUDI)) == ((BUDI,), (CALLER,))
    assert outcome(desk) == "failed"
    desk.refer(phone, "110")
    desk.pick_up("polres")
    assert phone.told == [486, 200]


def test_a_phone_that_hangs_up_right_after_its_refer_leaves_the_caller_with_the_ringing_target() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.refer(phone, "psychologist")
    desk.hang_up(phone)
    assert not caller.over
    assert prompt(desk, CALLER) == "hold"
    assert desk.state("budi") == "wrap-up"
    desk.pick_up("psy")
    assert hears(desk, CALLER) == (TARGET,)
    assert prompt(desk, CALLER) == ""


def test_if_that_target_does_not_answer_the_caller_goes_to_the_front_of_the_queue() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.refer(phone, "psychologist")
    desk.hang_up(phone)
    desk.register("sari")
    desk.pass_time(20)
    assert not caller.over
    assert desk.all_of(CallRequeued)[0].reason == "transfer to destination:psychologist failed"
    desk.pick_up("sari")
    assert len(hears(desk, CALLER)) == 1


def test_an_unknown_target_is_refused_and_the_call_goes_on() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.refer(phone, "nobody")
    assert phone.told == [404]
    assert (hears(desk, CALLER), hears(desk, BUDI)) == ((BUDI,), (CALLER,))
    assert not desk.all_of(TransferStarted)


def test_a_busy_colleague_is_refused_and_the_call_goes_on() -> None:
    desk = Desk()
    desk.register("sari")
    desk.call()
    desk.pick_up("sari")
    _, phone = desk.talk("budi")
    desk.refer(phone, "sari")
    assert phone.told == [480]
    assert not phone.over
    assert outcome(desk) == "failed"


def test_a_second_refer_while_the_first_runs_is_refused() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.refer(phone, "110")
    desk.refer(phone, "psychologist")
    assert phone.told == [480]
    desk.pick_up("polres")
    assert phone.told == [480, 200]


def test_a_colleague_who_takes_over_is_an_operator_of_the_call_from_then_on() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.register("sari")
    desk.refer(phone, "sari")
    assert desk.state("sari") == "talking", "no other call is offered to them"
    sari = desk.pick_up("sari")
    assert sari.headers["X-NTPD112-Note"] == "transferred by budi"
    assert sari.takes_refer
    desk.hang_up(sari)
    assert desk.end().disposition == "answered"
    assert (desk.state("budi"), desk.state("sari")) == ("wrap-up", "wrap-up")


def test_a_caller_who_leaves_while_the_target_rings_ends_everything() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.refer(phone, "110")
    ringing = desk.phones("polres")[0]
    desk.hang_up(caller)
    assert ringing.over
    assert phone.over
    assert desk.end().disposition == "answered"
    assert not desk.context.calls
    assert not desk.context.legs
    assert desk.media.open_legs() == 0


def test_a_target_that_answers_in_the_turn_in_which_the_caller_left_is_hung_up() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.refer(phone, "110")
    caller.over = True
    desk.sip.append(Ended(caller, "remote", Cause(0)))  # type: ignore[arg-type]
    target = desk.pick_up("polres")
    assert target.over
    assert not desk.context.legs


def test_only_operators_phones_may_refer() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    assert phone.takes_refer
    assert not caller.takes_refer


# --- to a queue


def test_a_transfer_to_a_queue_puts_the_caller_at_its_front() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.refer(phone, "medis")
    assert phone.told == [200]
    assert desk.state("budi") == "wrap-up"
    assert (prompt(desk, CALLER), desk.all_of(CallRequeued)[0].queue) == ("transfer", "medis")
    waiting = desk.acd.call(call_id(desk))
    assert waiting is not None
    assert (waiting.lane, waiting.queue) == ("lifted", "medis")
    desk.register("dewi", medical=2)
    dewi = desk.pick_up("dewi")
    assert dewi.headers["X-NTPD112-Note"] == "transferred by budi"
    assert dewi.headers["X-NTPD112-Queue"] == "medis"
    assert hears(desk, CALLER) == (TARGET,)
    desk.hang_up(caller)
    assert desk.end().disposition == "answered"


def test_who_transferred_to_a_queue_gets_the_caller_again_only_if_nobody_else_is_free() -> None:
    desk = Desk(wrap_up=0)
    _, phone = desk.talk("budi")
    desk.register("sari")
    desk.refer(phone, "112")
    assert [leg for leg in desk.phones("budi") if leg is not phone] == []
    assert desk.phones("sari")


def test_who_transfers_to_a_queue_may_ask_for_more_than_the_queue_does() -> None:
    desk = Desk()
    desk.talk("budi")
    desk.register("dewi", medical=2)
    desk.register("nurul", medical=1, english=1)
    desk.commands().transfer(call_id(desk), "queue:medis", False, BY, {"english": 1})
    desk.happen()
    assert (len(desk.phones("dewi")), len(desk.phones("nurul"))) == (0, 1)
    (needs,) = desk.all_of(CallNeeds)
    assert (needs.skills, needs.by) == ({"medical": 1, "english": 1}, BY)


def test_skills_asked_for_with_a_person_are_refused() -> None:
    desk = Desk()
    desk.talk("budi")
    desk.register("sari")
    with pytest.raises(StateConflict, match="operator:sari is no queue"):
        desk.commands().transfer(call_id(desk), "operator:sari", False, BY, {"english": 1})


def test_what_a_supervisor_put_right_outlives_waiting_again() -> None:
    desk = Desk()
    caller = desk.call()
    call = next(iter(desk.context.calls.values()))
    desk.steering().set_priority(call.id, 0, BY)
    desk.steering().set_requirements(call.id, {"english": 1}, {}, BY)
    desk.register("budi", english=1)
    phone = desk.pick_up("budi")
    desk.refer(phone, "112")
    again = desk.acd.call(call.id)
    assert again is not None
    assert (again.priority, again.must) == (0, {"english": 1}), "in the same queue all of it"
    assert not caller.over
    desk.register("nurul", english=1)
    desk.refer(desk.pick_up("nurul"), "medis")
    moved = desk.acd.call(call.id)
    assert moved is not None
    assert (moved.priority, moved.must) == (0, {"medical": 1}), "in another the priority"


def test_offers_count_on_when_a_call_waits_again() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.register("sari")
    desk.refer(phone, "112")
    desk.pick_up("sari")
    assert [party.number for party in next(iter(desk.context.calls.values())).parties] == [2]


# --- over REST


def test_a_console_transfers_blind() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.commands().transfer(call_id(desk), "destination:police", False, BY)
    desk.happen()
    desk.pick_up("polres")
    assert phone.over
    assert hears(desk, CALLER) == (TARGET,)


@pytest.mark.parametrize(
    ("to", "problem"),
    [
        ("operator:eve", "no operator"),
        ("destination:mars", "no destination"),
        ("queue:none", "no queue"),
        ("sip:x@example.org", "cannot be reached"),
        ("fax:1", "none of"),
    ],
)
def test_what_cannot_be_reached_is_said_and_nothing_changes(to: str, problem: str) -> None:
    desk = Desk()
    desk.talk("budi")
    with pytest.raises(Unreachable, match=problem):
        desk.commands().transfer(call_id(desk), to, False, BY)
    assert hears(desk, CALLER) == (BUDI,)


def test_a_call_that_waits_cannot_be_transferred() -> None:
    desk = Desk()
    desk.call()
    with pytest.raises(StateConflict, match="nobody talks to the caller yet"):
        desk.commands().transfer(call_id(desk), "destination:police", False, BY)


def consultation() -> tuple[Desk, FakeLeg, FakeLeg, FakeLeg]:
    """Budi talks to the psychologist while the caller is on hold."""
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.commands().transfer(call_id(desk), "destination:psychologist", True, BY)
    assert (prompt(desk, CALLER), prompt(desk, BUDI)) == ("hold", "ringback")
    target = desk.pick_up("psy")
    assert (hears(desk, BUDI), hears(desk, TARGET), hears(desk, CALLER)) == ((TARGET,), (BUDI,), ())
    assert (prompt(desk, CALLER), prompt(desk, BUDI)) == ("hold", "")
    return desk, caller, phone, target


def test_an_attended_transfer_is_completed_after_both_have_talked() -> None:
    desk, caller, phone, _ = consultation()
    desk.commands().complete_transfer(call_id(desk), BY)
    assert phone.over
    assert (hears(desk, CALLER), hears(desk, TARGET)) == ((TARGET,), (CALLER,))
    assert (outcome(desk), desk.state("budi")) == ("completed", "wrap-up")
    assert not caller.over


def test_an_operator_who_hangs_up_during_the_consultation_completes_it() -> None:
    desk, caller, phone, _ = consultation()
    desk.hang_up(phone)
    assert (outcome(desk), hears(desk, CALLER), caller.over) == ("completed", (TARGET,), False)


def test_a_cancelled_consultation_gives_the_caller_back() -> None:
    desk, _, _, target = consultation()
    desk.commands().cancel_transfer(call_id(desk), BY)
    assert target.over
    assert (outcome(desk), hears(desk, CALLER), hears(desk, BUDI)) == ("cancelled", (BUDI,), (CALLER,))


def test_a_target_who_hangs_up_gives_the_caller_back() -> None:
    desk, _, _, target = consultation()
    desk.hang_up(target)
    assert (outcome(desk), hears(desk, CALLER), prompt(desk, CALLER)) == ("failed", (BUDI,), "")


def test_a_consultation_can_become_a_conference() -> None:
    desk, _, _, _ = consultation()
    desk.commands().join_transfer(call_id(desk), BY)
    assert hears(desk, CALLER) == (BUDI, TARGET)
    assert hears(desk, TARGET) == (CALLER, BUDI)


def test_completing_before_the_answer_makes_it_a_blind_transfer() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.commands().transfer(call_id(desk), "destination:psychologist", True, BY)
    desk.commands().complete_transfer(call_id(desk), BY)
    desk.happen()
    assert phone.over
    assert prompt(desk, CALLER) == "hold"
    desk.pick_up("psy")
    assert (outcome(desk), hears(desk, CALLER)) == ("completed", (TARGET,))


def test_an_operator_who_hangs_up_before_the_target_answers_leaves_the_caller_to_the_queue() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.commands().transfer(call_id(desk), "destination:psychologist", True, BY)
    ringing = desk.phones("psy")[0]
    desk.register("sari")
    desk.hang_up(phone)
    assert ringing.over
    assert desk.phones("sari")
    assert not caller.over


def test_a_queue_cannot_be_consulted() -> None:
    desk = Desk()
    desk.talk("budi")
    with pytest.raises(StateConflict, match="without attended"):
        desk.commands().transfer(call_id(desk), "queue:medis", True, BY)


@pytest.mark.parametrize("step", ["complete_transfer", "cancel_transfer", "join_transfer"])
def test_without_a_transfer_there_is_nothing_to_go_on_with(step: str) -> None:
    desk = Desk()
    desk.talk("budi")
    with pytest.raises(StateConflict):
        getattr(desk.commands(), step)(call_id(desk), BY)


# --- hold


def test_a_caller_on_hold_hears_the_announcement_and_can_be_taken_back() -> None:
    desk = Desk()
    desk.talk("budi")
    desk.commands().hold(call_id(desk), BY)
    assert (prompt(desk, CALLER), hears(desk, CALLER)) == ("hold", ())
    assert next(iter(desk.context.calls.values())).state == "held"
    desk.commands().resume(call_id(desk), BY)
    assert (prompt(desk, CALLER), hears(desk, CALLER)) == ("", (BUDI,))


def test_a_phone_that_held_and_left_holds_no_more() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.happen(MediaChanged(phone, HELD))  # type: ignore[arg-type]
    desk.refer(phone, "psychologist")
    desk.pick_up("psy")
    assert hears(desk, CALLER) == (TARGET,)
    assert len(desk.all_of(CallHeld)) == len(desk.all_of(CallResumed)) == 1


def test_the_record_names_who_rang_joined_and_left() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.refer(phone, "psychologist")
    desk.pick_up("psy")
    desk.hang_up(caller)
    joined, left = desk.all_of(PartyJoined)[0], desk.all_of(PartyLeft)[0]
    assert (joined.leg, joined.kind, joined.name, joined.purpose) == (
        1001,
        "agency",
        "psychologist",
        "transfer",
    )
    assert (left.name, left.reason) == ("budi", "transferred")
    assert len(desk.all_of(CallEnded)) == 1


def test_who_is_invited_meanwhile_takes_nothing_from_what_the_targets_phone_is_to_show() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.refer(phone, "110")
    desk.commands().add_party(call_id(desk), "destination:psychologist", "api:console")
    assert desk.context.calls[call_id(desk)].note == "transferred by budi"


def test_the_log_says_how_long_a_caller_has_talked_over_a_wait_in_between() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.pass_time(20)
    desk.refer(phone, "medis")
    desk.register("dewi", medical=2)
    desk.pick_up("dewi")
    desk.pass_time(5)
    with structlog.testing.capture_logs() as logged:
        desk.hang_up(caller)
    (over,) = [entry for entry in logged if entry["event"] == "call over"]
    assert over["talked_s"] == 25


def test_an_operator_whom_a_destination_only_consulted_has_not_answered_the_call() -> None:
    desk = Desk(ladder=[{"after": 10, "to": "police"}])
    caller = desk.call()
    desk.pick_up("polres")
    desk.register("budi")
    desk.commands().transfer(call_id(desk), "operator:budi", True, BY)
    desk.pick_up("budi")
    desk.hang_up(caller)
    assert desk.end().disposition == "overflowed"


def test_an_operator_who_takes_over_from_a_destination_has_answered_the_call() -> None:
    desk = Desk(ladder=[{"after": 10, "to": "police"}])
    caller = desk.call()
    desk.pick_up("polres")
    desk.register("budi")
    desk.commands().transfer(call_id(desk), "operator:budi", True, BY)
    desk.pick_up("budi")
    desk.commands().complete_transfer(call_id(desk), BY)
    desk.hang_up(caller)
    assert desk.end().disposition == "answered"
