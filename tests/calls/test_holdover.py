"""An operator's phone is lost in mid-call: the caller is not hung up, but goes to the front of the queue."""

from __future__ import annotations

import pytest
from tests.calls.desk import Desk, FakeLeg

from ntpd112.calls.holdover import PROBE_AGAIN_S, PROBE_S, vanished
from ntpd112.journal.events import CallRequeued, PartyLeft, RecordingStarted
from ntpd112.media.events import AudioBack, NoAudio
from ntpd112.sip.events import Cause, Ended, Probed

CALLER, BUDI = 1, 2
"Media legs in order of opening."


def hears(desk: Desk, media: int) -> tuple[int, ...]:
    return desk.media.wiring.get(media, ())


def lose(desk: Desk, leg: FakeLeg) -> None:
    """The session timer runs out, or the connection is gone."""
    leg.over = True
    desk.happen(Ended(leg, "lost", Cause(408, 102)))  # type: ignore[arg-type]


def test_a_caller_whose_operator_was_lost_goes_to_the_next_with_a_note() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.register("sari")
    lose(desk, phone)
    assert not caller.over
    assert desk.media.legs[0].hears == "hold-over"
    assert desk.all_of(CallRequeued)[0].reason == "connection to budi was lost"
    sari = desk.pick_up("sari")
    assert sari.headers["X-NTPD112-Note"] == "connection to budi was lost"
    assert hears(desk, CALLER) == (3,)
    desk.hang_up(caller)
    assert desk.end().disposition == "answered"


def test_the_held_over_caller_is_before_all_who_wait_with_the_wait_they_had() -> None:
    desk = Desk()
    desk.register("budi")
    first = desk.call()
    desk.pass_time(5)
    phone = desk.pick_up("budi")
    desk.call()
    desk.pass_time(60)
    lose(desk, phone)
    waiting = desk.acd.waiting()
    assert [call.lane for call in waiting] == ["lifted", "normal"]
    assert desk.now - waiting[0].since == 5
    assert not first.over


def test_the_lost_operator_is_rung_again_only_if_nobody_else_is_free() -> None:
    desk = Desk(wrap_up=0)
    _, phone = desk.talk("budi")
    desk.register("sari")
    lose(desk, phone)
    assert desk.phones("sari")
    assert not desk.phones("budi")
    assert desk.doubted == ["budi"], "their phones are asked by OPTIONS at once"


def test_recording_goes_on_through_a_hold_over() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    desk.register("sari")
    lose(desk, phone)
    desk.pick_up("sari")
    assert len(desk.all_of(RecordingStarted)) == 1
    assert desk.media.attached == [3]


def test_a_held_over_caller_who_gives_up_was_interrupted() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    lose(desk, phone)
    desk.hang_up(caller)
    assert desk.end().disposition == "interrupted"
    assert desk.acd.waiting() == []
    assert not desk.context.calls


def test_an_operator_who_hangs_up_ends_the_call() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.hang_up(phone)
    assert caller.over
    assert not desk.all_of(CallRequeued)


@pytest.mark.parametrize(
    ("cause", "lost"),
    [
        (Cause(0, 16), False),
        (Cause(0, 31), False),
        (Cause(200, 26), False),
        (Cause(0, 38), True),
        (Cause(0, 41), True),
        (Cause(0, 102), True),
        (Cause(408, 102), True),
        (Cause(480, 18), True),
    ],
)
def test_a_bye_that_states_a_failure_is_no_hang_up(cause: Cause, lost: bool) -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.hang_up(phone, cause.sip_code, cause.q850)
    assert caller.over is not lost
    assert vanished(Ended(phone, "remote", cause)) is lost  # type: ignore[arg-type]


def test_a_lost_phone_among_several_is_taken_out_and_the_others_go_on() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.commands().add_party(next(iter(desk.context.calls)), "destination:psychologist", "api:x")
    desk.pick_up("psy")
    lose(desk, phone)
    assert not caller.over
    assert hears(desk, CALLER) == (3,)
    assert not desk.all_of(CallRequeued)


def test_a_transfers_target_that_vanishes_leaves_the_caller_to_the_queue() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.refer(phone, "psychologist")
    lose(desk, desk.pick_up("psy"))
    assert not caller.over
    assert desk.all_of(CallRequeued)[0].reason == "connection to psychologist was lost"


# --- phones that fall silent


def fall_silent(desk: Desk, media: int) -> None:
    desk.media.pending.append(NoAudio(media, 10.0))
    desk.happen()


def test_a_silent_phone_that_does_not_answer_is_lost() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    fall_silent(desk, BUDI)
    assert phone.probes == 1
    desk.pass_time(PROBE_S)
    assert phone.over
    assert not caller.over
    assert desk.all_of(PartyLeft)[0].reason == "lost"


def test_a_silent_phone_that_answers_is_muted_and_asked_again() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    fall_silent(desk, BUDI)
    desk.happen(Probed(phone, alive=True))  # type: ignore[arg-type]
    desk.pass_time(PROBE_S)
    assert not phone.over
    desk.pass_time(PROBE_AGAIN_S - PROBE_S)
    assert phone.probes == 2
    desk.pass_time(PROBE_S)
    assert phone.over


def test_a_phone_that_is_heard_again_is_left_in_peace() -> None:
    desk = Desk()
    _, phone = desk.talk("budi")
    fall_silent(desk, BUDI)
    desk.media.pending.append(AudioBack(BUDI))
    desk.happen()
    desk.pass_time(PROBE_AGAIN_S + PROBE_S)
    assert not phone.over
    assert phone.probes == 1


def test_a_phone_that_never_answers_options_is_believed() -> None:
    desk = Desk()
    desk.answers_options = False
    _, phone = desk.talk("budi")
    fall_silent(desk, BUDI)
    desk.pass_time(PROBE_S)
    assert phone.probes == 0
    assert not phone.over


def test_a_silent_destination_is_not_asked_as_soon_as_a_phone_for_its_gateway_may_know_no_options() -> None:
    police = {"name": "police", "kind": "centre", "to": "sip:110@192.0.2.5"}
    desk = Desk(ladder=[{"after": 10, "to": "police"}], also={"destination": [police]})
    caller = desk.call()
    desk.prompt_ends()
    leg = desk.pick_up("110")
    fall_silent(desk, BUDI)
    desk.pass_time(PROBE_S)
    assert leg.probes == 0
    assert not leg.over
    assert not caller.over


def test_a_silent_caller_is_nobodys_fault() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    fall_silent(desk, CALLER)
    desk.pass_time(PROBE_S)
    assert not caller.over
    assert not phone.over


def test_the_phone_of_an_operator_whom_the_registrar_gave_up_is_asked() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.unregister("budi")
    assert phone.probes == 1
    desk.pass_time(PROBE_S)
    assert phone.over
    assert not caller.over
    assert desk.state("budi") == "offline"


def test_a_silent_phone_of_a_call_that_is_over_is_not_asked() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    fall_silent(desk, BUDI)
    desk.hang_up(caller)
    desk.pass_time(PROBE_S)
    assert phone.probes == 1
