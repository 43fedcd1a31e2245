"""More than two with the caller: agencies and psychologists join; supervisors listen, whisper, barge in."""

from __future__ import annotations

import pytest
from tests.calls.desk import Desk, FakeLeg

from ntpd112.calls.conference import MAX_PARTIES
from ntpd112.calls.views import StateConflict, SupervisorMode, UnknownOperator, UnknownParty
from ntpd112.journal.events import CallRequeued, PartyChanged, PartyFailed, PartyJoined, PartyLeft

CALLER, BUDI, THIRD = 1, 2, 3
"Media legs in order of opening."
BY = "api:console"


def hears(desk: Desk, media: int) -> tuple[int, ...]:
    return desk.media.wiring.get(media, ())


def call_id(desk: Desk) -> str:
    return next(iter(desk.context.calls))


def conference() -> tuple[Desk, FakeLeg, FakeLeg, FakeLeg]:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
    return desk, caller, phone, desk.pick_up("psy")


def test_caller_and_operator_go_on_talking_while_the_third_is_rung() -> None:
    desk = Desk()
    desk.talk("budi")
    desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
    assert (hears(desk, CALLER), hears(desk, BUDI)) == ((BUDI,), (CALLER,))
    assert desk.media.legs[0].hears == ""


def test_in_a_conference_everyone_hears_the_others_and_all_are_recorded() -> None:
    desk, _, _, _ = conference()
    assert [hears(desk, media) for media in (CALLER, BUDI, THIRD)] == [
        (BUDI, THIRD),
        (CALLER, THIRD),
        (CALLER, BUDI),
    ]
    assert desk.media.attached == [BUDI, THIRD]


@pytest.mark.parametrize("leaver", ["operator", "agency"])
def test_when_one_leaves_the_others_go_on(leaver: str) -> None:
    desk, caller, phone, agency = conference()
    desk.hang_up(phone if leaver == "operator" else agency)
    stays = THIRD if leaver == "operator" else BUDI
    assert not caller.over
    assert hears(desk, CALLER) == (stays,)
    assert desk.state("budi") == ("wrap-up" if leaver == "operator" else "talking")


def test_the_last_one_who_hangs_up_ends_the_call() -> None:
    desk, caller, phone, agency = conference()
    desk.hang_up(phone)
    desk.hang_up(agency)
    assert caller.over
    assert (desk.end().disposition, desk.end().hangup_by) == ("answered", "operator")


def test_a_party_is_taken_out_by_its_number() -> None:
    desk, _, _, agency = conference()
    desk.commands().remove_party(call_id(desk), 1001, BY)
    assert agency.over
    assert hears(desk, CALLER) == (BUDI,)
    assert desk.all_of(PartyLeft)[0].reason == f"taken out by {BY}"


def test_a_phone_that_still_rings_is_taken_back_by_its_number() -> None:
    desk = Desk()
    desk.talk("budi")
    desk.commands().add_party(call_id(desk), "destination:police", BY)
    ringing = desk.phones("polres")[0]
    desk.commands().remove_party(call_id(desk), 1001, BY)
    assert ringing.over
    assert [failed.outcome for failed in desk.all_of(PartyFailed)] == ["withdrawn"]


def test_the_last_who_talks_to_the_caller_is_not_taken_out() -> None:
    desk = Desk()
    desk.talk("budi")
    with pytest.raises(StateConflict, match="last to talk"):
        desk.commands().remove_party(call_id(desk), 1, BY)


def test_who_is_not_there_cannot_be_taken_out() -> None:
    desk = Desk()
    desk.talk("budi")
    with pytest.raises(UnknownParty):
        desk.commands().remove_party(call_id(desk), 1001, BY)


def test_a_queue_is_no_party() -> None:
    desk = Desk()
    desk.talk("budi")
    with pytest.raises(StateConflict, match="cannot join"):
        desk.commands().add_party(call_id(desk), "queue:medis", BY)


def test_parties_are_bounded() -> None:
    desk = Desk()
    desk.talk("budi")
    for _ in range(MAX_PARTIES - 1):
        desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
        desk.pick_up("psy", len(desk.phones("psy")) - 1)
    with pytest.raises(StateConflict, match="parties already"):
        desk.commands().add_party(call_id(desk), "destination:psychologist", BY)


def left_alone_while_the_third_rings() -> tuple[Desk, FakeLeg]:
    """The operator has invited somebody and hung up; a supervisor listens."""
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.register("ratna", supervisor=1)
    desk.commands().supervise(call_id(desk), "ratna", "listen", BY)
    desk.pick_up("ratna")
    desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
    desk.hang_up(phone)
    return desk, caller


def test_who_only_listens_is_nobody_for_a_caller_whom_the_invited_do_not_join() -> None:
    desk, caller = left_alone_while_the_third_rings()
    desk.refuse("psy", 486)
    assert not caller.over
    assert [again.reason for again in desk.all_of(CallRequeued)] == ["psychologist did not join"]


def test_the_only_one_who_is_to_come_is_not_taken_back() -> None:
    desk, _ = left_alone_while_the_third_rings()
    ring = next(iter(desk.context.calls[call_id(desk)].rings))
    with pytest.raises(StateConflict, match="nobody else"):
        desk.commands().remove_party(call_id(desk), ring, BY)
    assert desk.phones("psy")


def test_a_ladders_destination_is_not_taken_back_the_ladder_would_stand_still() -> None:
    desk = Desk(ladder=[{"after": 5.0, "to": "police"}])
    desk.call()
    desk.pass_time(5.0)
    (ring,) = desk.context.calls[call_id(desk)].rings
    with pytest.raises(UnknownParty):
        desk.commands().remove_party(call_id(desk), ring, BY)
    assert desk.phones("polres")


@pytest.mark.parametrize("answers", [True, False])
def test_an_operator_stays_busy_when_an_agency_of_the_same_name_leaves(answers: bool) -> None:
    desk = Desk()
    desk.talk("psychologist")
    desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
    if answers:
        desk.hang_up(desk.pick_up("psy"))
    else:
        desk.refuse("psy", 486)
    assert desk.state("psychologist") == "talking"


def test_who_does_not_join_changes_nothing() -> None:
    desk = Desk()
    desk.talk("budi")
    desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
    desk.pass_time(20)
    assert hears(desk, CALLER) == (BUDI,)
    assert [failed.outcome for failed in desk.all_of(PartyFailed)] == ["no_answer"]


def test_an_operator_who_invites_and_hangs_up_leaves_the_caller_with_whom_they_invited() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
    desk.hang_up(phone)
    assert desk.media.legs[0].hears == "hold"
    desk.pick_up("psy")
    assert (hears(desk, CALLER), caller.over) == ((THIRD,), False)


def test_or_with_the_queue_if_those_do_not_come() -> None:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.commands().add_party(call_id(desk), "destination:psychologist", BY)
    desk.hang_up(phone)
    desk.refuse("psy", 486)
    assert not caller.over
    assert desk.all_of(CallRequeued)[0].reason == "psychologist did not join"


# --- supervision


def supervised(mode: SupervisorMode) -> tuple[Desk, FakeLeg, FakeLeg, FakeLeg]:
    desk = Desk()
    caller, phone = desk.talk("budi")
    desk.register("ratna", supervisor=1)
    desk.commands().supervise(call_id(desk), "ratna", mode, BY)
    assert desk.state("ratna") == "talking"
    return desk, caller, phone, desk.pick_up("ratna")


@pytest.mark.parametrize(
    ("mode", "caller", "operator", "supervisor"),
    [
        ("listen", (BUDI,), (CALLER,), (CALLER, BUDI)),
        ("whisper", (BUDI,), (CALLER, THIRD), (CALLER, BUDI)),
        ("talk", (BUDI, THIRD), (CALLER, THIRD), (CALLER, BUDI)),
    ],
)
def test_who_hears_a_supervisor(
    mode: SupervisorMode, caller: tuple[int, ...], operator: tuple[int, ...], supervisor: tuple[int, ...]
) -> None:
    desk, _, _, _ = supervised(mode)
    assert (hears(desk, CALLER), hears(desk, BUDI), hears(desk, THIRD)) == (caller, operator, supervisor)
    assert (THIRD in desk.media.attached) == (mode == "talk")


def test_the_mode_is_changed_in_the_running_call() -> None:
    desk, _, _, _ = supervised("listen")
    desk.commands().change_supervision(call_id(desk), "ratna", "talk", BY)
    assert hears(desk, CALLER) == (BUDI, THIRD)
    assert [(event.mode, event.by) for event in desk.all_of(PartyChanged)] == [("talk", BY)]


def test_a_supervisor_who_hangs_up_is_ready_at_once_and_the_call_goes_on() -> None:
    desk, caller, _, ratna = supervised("whisper")
    desk.hang_up(ratna)
    assert (caller.over, hears(desk, BUDI), desk.state("ratna")) == (False, (CALLER,), "ready")


def test_a_call_ends_for_who_only_listened() -> None:
    desk, caller, phone, ratna = supervised("listen")
    desk.hang_up(phone)
    assert caller.over
    assert ratna.over
    assert desk.state("ratna") == "ready"


def test_who_barged_in_keeps_the_caller_when_the_operator_hangs_up() -> None:
    desk, caller, phone, _ = supervised("talk")
    desk.hang_up(phone)
    assert (caller.over, hears(desk, CALLER)) == (False, (THIRD,))


def test_who_is_alone_with_the_caller_cannot_take_to_listening() -> None:
    desk, _, phone, _ = supervised("talk")
    desk.hang_up(phone)
    with pytest.raises(StateConflict, match='nobody but supervisor "ratna" talks to the caller'):
        desk.commands().change_supervision(call_id(desk), "ratna", "listen", BY)
    assert hears(desk, CALLER) == (THIRD,)


def test_a_supervisor_stays_when_another_operator_takes_over() -> None:
    desk, _, phone, _ = supervised("whisper")
    desk.register("sari")
    desk.refer(phone, "sari")
    desk.pick_up("sari")
    sari = len(desk.media.legs)
    assert (hears(desk, CALLER), hears(desk, sari), hears(desk, THIRD)) == (
        (sari,),
        (CALLER, THIRD),
        (CALLER, sari),
    )


def test_only_supervisors_supervise() -> None:
    desk = Desk()
    desk.talk("budi")
    desk.register("sari")
    with pytest.raises(StateConflict, match='no skill "supervisor"'):
        desk.commands().supervise(call_id(desk), "sari", "listen", BY)
    with pytest.raises(UnknownOperator):
        desk.commands().supervise(call_id(desk), "eve", "listen", BY)


def test_nobody_supervises_a_call_twice() -> None:
    desk, _, _, _ = supervised("listen")
    with pytest.raises(StateConflict, match="already"):
        desk.commands().supervise(call_id(desk), "ratna", "talk", BY)


def test_a_mode_is_changed_of_who_is_there_only() -> None:
    desk = Desk()
    desk.talk("budi")
    with pytest.raises(UnknownParty):
        desk.commands().change_supervision(call_id(desk), "ratna", "talk", BY)


def test_a_supervisor_who_dialled_in_joins_as_one_who_was_rung() -> None:
    desk = Desk()
    desk.talk("budi")
    desk.register("ratna", supervisor=1)
    call = desk.context.calls[call_id(desk)]
    leg = FakeLeg(99, True, desk=desk, remote=desk.rung[0].remote)
    media = desk.media.open(4)
    desk.acd.engage("ratna", call.id, desk.now, "supervision")
    desk.control.supervision.join(call, leg, media, "ratna", "whisper", desk.now)  # type: ignore[arg-type]
    assert (hears(desk, BUDI), hears(desk, CALLER)) == ((CALLER, THIRD), (BUDI,))
    assert desk.all_of(PartyJoined)[0].purpose == "supervision"
    desk.hang_up(leg)
    assert desk.state("ratna") == "ready"


@pytest.mark.parametrize(("taken_back", "disposition"), [(False, "overflowed"), (True, "answered")])
def test_an_operator_who_joined_a_destination_without_the_caller_has_not_answered_the_call(
    taken_back: bool, disposition: str
) -> None:
    desk = Desk(ladder=[{"after": 10, "to": "police"}])
    caller = desk.call()
    desk.pick_up("polres")
    desk.register("budi")
    desk.commands().add_party(call_id(desk), "operator:budi", BY)
    desk.commands().hold(call_id(desk), BY)
    desk.pick_up("budi")
    if taken_back:
        desk.commands().resume(call_id(desk), BY)
    desk.hang_up(caller)
    assert desk.end().disposition == disposition
