"""Callers whose calls were lost are called back: by click and by code, as operator and citizen see it."""

from __future__ import annotations

import pytest
from tests.calls.desk import FLOW, FLOW_6, HELD, REMOTE, BothVersions
from tests.calls.floor import Floor

from ntpd112.calls.callback import RING_S, SORRY_S, NobodyToCall
from ntpd112.calls.whom import Unreachable
from ntpd112.cdr.fold import fold
from ntpd112.journal.events import CallbackClosed, CallbackTried, CallConnected, CallStarted, RecordingStarted
from ntpd112.memory import UnknownCallback
from ntpd112.queue import StateConflict
from ntpd112.sip.events import MediaChanged
from ntpd112.sip.flow import Flow

NUMBER = "+628123456789"


def lost_call(desk: Floor, number: str = NUMBER) -> str:
    """Somebody called and gave up; the id of their call."""
    caller = desk.call(headers={"from": [f"<sip:{number}@pbx>;tag=a"]})
    lost = next(iter(desk.context.calls))
    desk.pass_time(20)
    desk.hang_up(caller)
    return lost


def centre(**queue: object) -> tuple[Floor, str]:
    """Siti is ready; a caller has given up before she was."""
    desk = Floor(**queue)
    lost = lost_call(desk)
    desk.written.clear()
    desk.register("siti")
    return desk, lost


def click(desk: Floor, lost: str, operator: str = "siti") -> str:
    call_id = desk.control.callbacks.from_console(lost, operator, desk.now)
    desk.happen()
    return call_id


def test_the_operators_phone_rings_first_and_then_the_citizens() -> None:
    desk, lost = centre()
    click(desk, lost)
    assert desk.state("siti") == "talking"
    assert len(desk.phones("siti")) == 1
    assert not desk.phones(NUMBER)
    desk.pick_up("siti")
    assert len(desk.phones(NUMBER)) == 1
    assert desk.hears("siti") == "ringback"


def test_both_talk_when_the_citizen_answers_and_it_is_recorded() -> None:
    desk, lost = centre()
    call_id = click(desk, lost)
    desk.pick_up("siti")
    desk.pick_up(NUMBER)
    caller, operator = desk.call_media(call_id)
    assert desk.media.wiring == {caller: (operator,), operator: (caller,)}
    assert desk.hears("siti") == ""
    assert len(desk.all_of(RecordingStarted)) == 1
    (connected,) = desk.all_of(CallConnected)
    assert connected.operator == "siti"


def test_the_record_names_the_lost_call_and_who_called() -> None:
    desk, lost = centre()
    click(desk, lost)
    (started,) = desk.all_of(CallStarted)
    assert (started.direction, started.operator, started.callback_of) == ("out", "siti", lost)
    assert (started.caller, started.dialled) == (NUMBER, NUMBER)


def test_the_citizens_phone_shows_the_centre_and_the_network_learns_that_it_is_a_call_back() -> None:
    desk, lost = centre()
    click(desk, lost)
    assert desk.shown[-1].uri.user == NUMBER
    desk.pick_up("siti")
    assert desk.shown[-1].uri.user == "112"
    assert desk.headers[-1]["Priority"] == "psap-callback"


def test_whom_was_reached_is_off_the_list() -> None:
    desk, lost = centre()
    call_id = click(desk, lost)
    desk.pick_up("siti")
    (tried,) = desk.all_of(CallbackTried)
    assert (tried.call_id, tried.attempt, tried.operator) == (lost, call_id, "siti")
    assert not desk.all_of(CallbackClosed)
    desk.pick_up(NUMBER)
    (closed,) = desk.all_of(CallbackClosed)
    assert (closed.call_id, closed.outcome, closed.by) == (lost, "reached", "siti")
    assert not desk.callbacks()


def test_after_the_call_the_operator_has_a_wrap_up() -> None:
    desk, lost = centre()
    click(desk, lost)
    desk.pick_up("siti")
    citizen = desk.pick_up(NUMBER)
    desk.hang_up(citizen)
    assert desk.state("siti") == "wrap-up"
    assert (desk.end().disposition, desk.end().hangup_by) == ("answered", "caller")
    assert desk.media.open_legs() == 0


@pytest.mark.parametrize(("code", "heard"), [(486, "busy-here"), (480, "busy"), (404, "busy")])
def test_who_does_not_answer_stays_on_the_list_and_the_operator_hears_why(code: int, heard: str) -> None:
    desk, lost = centre()
    click(desk, lost)
    desk.pick_up("siti")
    desk.refuse(NUMBER, code)
    desk.media.end_prompts()
    desk.happen()
    assert desk.hears("siti") == heard, "dead air until the end"
    desk.pass_time(SORRY_S)
    assert (desk.end().disposition, desk.end().sip_code) == ("failed", code)
    (entry,) = desk.callbacks()
    assert (entry.attempts, entry.last_operator) == (1, "siti")
    assert desk.state("siti") == "wrap-up"
    assert desk.media.open_legs() == 0


def test_a_call_back_that_nobody_answered_is_not_answered_in_its_record() -> None:
    desk, lost = centre()
    call_id = click(desk, lost)
    desk.pick_up("siti")
    desk.pass_time(20)
    desk.refuse(NUMBER, 486)
    desk.pass_time(SORRY_S)
    cdr = fold(event for event in desk.written if event.call_id == call_id)
    assert cdr is not None
    assert (cdr.answered_at, cdr.talk_s, cdr.disposition) == (None, 0.0, "failed")


def test_a_citizens_phone_that_rings_and_rings_is_let_go() -> None:
    desk, lost = centre()
    click(desk, lost)
    desk.pick_up("siti")
    citizen = desk.phones(NUMBER)[0]
    desk.pass_time(RING_S)
    assert citizen.did == ["hang up"]
    assert desk.hears("siti") == "busy"
    desk.pass_time(SORRY_S)
    assert desk.end().q850_cause == 19


def test_an_operator_who_hangs_up_stops_the_citizens_phone() -> None:
    desk, lost = centre()
    click(desk, lost)
    siti = desk.pick_up("siti")
    citizen = desk.phones(NUMBER)[0]
    desk.hang_up(siti)
    assert citizen.did == ["hang up"]
    assert (desk.end().disposition, desk.end().hangup_by) == ("failed", "operator")
    assert len(desk.callbacks()) == 1


def test_an_operator_whose_phone_is_lost_before_the_answer_leaves_nobody_waiting() -> None:
    desk, lost = centre()
    click(desk, lost)
    siti = desk.pick_up("siti")
    citizen = desk.phones(NUMBER)[0]
    desk.lose(siti)
    assert citizen.did == ["hang up"]
    assert desk.end().disposition == "failed"
    assert not desk.context.calls


def test_an_operator_who_does_not_pick_up_has_tried_nothing() -> None:
    desk, lost = centre()
    click(desk, lost)
    desk.pass_time(30)
    assert desk.end().disposition == "failed"
    assert not desk.all_of(CallbackTried)
    assert desk.callbacks()[0].claimed_by == ""
    assert desk.state("siti") == "ready"


def test_what_the_network_plays_before_the_answer_is_heard_by_the_operator() -> None:
    desk, lost = centre()
    call_id = click(desk, lost)
    desk.pick_up("siti")
    citizen = desk.phones(NUMBER)[0]
    citizen.remote = REMOTE
    desk.happen(MediaChanged(citizen, REMOTE))  # type: ignore[arg-type]
    caller, operator = desk.call_media(call_id)
    assert desk.media.wiring[operator] == (caller,)
    assert desk.hears("siti") == ""
    assert not desk.all_of(CallConnected), "nobody has answered yet"


def test_a_citizen_who_holds_is_on_hold() -> None:
    desk, lost = centre()
    call_id = click(desk, lost)
    desk.pick_up("siti")
    citizen = desk.pick_up(NUMBER)
    desk.happen(MediaChanged(citizen, HELD))  # type: ignore[arg-type]
    assert desk.context.calls[call_id].state == "held"
    assert desk.hears("siti") == "hold"


def test_two_operators_never_call_the_same_person() -> None:
    desk, lost = centre()
    desk.register("budi")
    click(desk, lost)
    with pytest.raises(StateConflict, match="siti"):
        click(desk, lost, "budi")
    desk.pick_up("siti")
    desk.refuse(NUMBER, 480)
    desk.pass_time(SORRY_S)
    with pytest.raises(StateConflict, match="siti"):
        click(desk, lost, "budi")
    desk.pass_time(desk.context.config.callbacks.claim)
    click(desk, lost, "budi")


def test_who_is_busy_or_has_no_phone_cannot_call_back() -> None:
    desk, lost = centre()
    desk.register("budi")
    desk.dial("siti", "110")
    with pytest.raises(StateConflict, match="talking"):
        click(desk, lost)
    desk.unregister("budi")
    with pytest.raises(Unreachable, match="no registered phone"):
        click(desk, lost, "budi")
    assert len(desk.all_of(CallStarted)) == 1, "only the call that siti made"


def test_without_a_way_out_the_answer_says_what_to_configure() -> None:
    desk, lost = centre()
    desk.close_way_out()
    with pytest.raises(StateConflict, match=r"\[callbacks\]"):
        click(desk, lost)
    assert not desk.context.calls
    assert desk.media.open_legs() == 0


def test_a_caller_who_is_no_telephone_number_is_not_dialled() -> None:
    desk = Floor()
    lost = lost_call(desk, "anna112")
    desk.register("siti")
    with pytest.raises(Unreachable, match="anna112"):
        click(desk, lost)
    assert desk.heard(desk.dial("siti", "*30")) == "callback-none"


def test_an_entry_that_is_not_there_is_an_error() -> None:
    desk, _ = centre()
    with pytest.raises(UnknownCallback):
        click(desk, "call-99")


# --- by phone


def test_the_code_calls_the_next_on_the_list() -> None:
    desk, lost = centre()
    siti = desk.dial("siti", "*30")
    assert siti.did == ["answer"]
    assert len(desk.phones(NUMBER)) == 1
    assert desk.hears("siti") == "ringback"
    desk.pick_up(NUMBER)
    (started,) = desk.all_of(CallStarted)
    assert (started.direction, started.callback_of) == ("out", lost)
    desk.hang_up(siti)
    assert desk.state("siti") == "wrap-up"
    assert (desk.end().disposition, desk.end().hangup_by) == ("answered", "operator")


def test_with_an_empty_list_the_code_calls_the_operators_last_caller() -> None:
    desk = Floor()
    desk.register("siti")
    desk.hang_up(desk.serve("siti"))
    desk.pass_time(20)
    desk.dial("siti", "*30")
    desk.pick_up(NUMBER)
    out = desk.all_of(CallStarted)[-1]
    assert (out.direction, out.caller) == ("out", NUMBER)
    assert not desk.all_of(CallbackTried), "there was no entry to try"


def test_with_nobody_to_call_the_operator_hears_so() -> None:
    desk = Floor()
    desk.register("siti")
    siti = desk.dial("siti", "*30")
    assert desk.heard(siti) == "callback-none"
    with pytest.raises(NobodyToCall):
        desk.control.callbacks.from_phone(siti, "siti", desk.now)  # type: ignore[arg-type]


def test_who_another_operator_is_calling_is_passed_over() -> None:
    desk, first = centre()
    second = lost_call(desk, "08129999999")
    desk.unregister("siti")
    desk.register("siti")
    desk.register("budi")
    desk.dial("siti", "*30")
    desk.dial("budi", "*30")
    called = {event.call_id for event in desk.all_of(CallbackTried)}
    assert called == {first, second}


def test_a_code_on_a_second_line_does_not_call_back() -> None:
    desk, _ = centre()
    desk.serve("siti")
    second = desk.dial("siti", "*30")
    assert desk.heard(second) == "code-refused"


def test_a_call_back_needs_two_ports_and_gives_back_what_it_got() -> None:
    desk, _ = centre()
    desk.media.ports_left = 1
    desk.dial("siti", "*30")
    assert desk.media.open_legs() == 0
    assert desk.state("siti") == "ready"


def test_a_citizen_whose_operator_was_lost_goes_to_the_next_like_any_caller() -> None:
    desk, lost = centre()
    call_id = click(desk, lost)
    siti = desk.pick_up("siti")
    citizen = desk.pick_up(NUMBER)
    desk.register("budi")
    desk.lose(siti)
    assert not citizen.over
    desk.pick_up("budi")
    desk.pass_time(30)
    desk.hang_up(citizen)
    cdr = fold(event for event in desk.written if event.call_id == call_id)
    assert cdr is not None
    assert (cdr.disposition, cdr.operator, cdr.offers) == ("answered", "budi", 1)
    assert (cdr.queue, cdr.queued_at, cdr.wait_s) == (None, None, 0.0), (
        "they were called: no wait of the queue's"
    )


def test_an_operator_hears_busy_if_the_citizens_trunk_has_got_full_meanwhile() -> None:
    desk, lost = centre()
    call_id = click(desk, lost)
    desk.trunk_full = True
    desk.pick_up("siti")
    assert desk.hears("siti") == "busy"
    desk.pass_time(SORRY_S)
    cdr = fold(event for event in desk.written if event.call_id == call_id)
    assert cdr is not None
    assert cdr.disposition == "failed"
    assert desk.media.open_legs() == 0


# --- gateways of both IP versions


@pytest.mark.parametrize(("flow", "family"), [(FLOW, 4), (FLOW_6, 6)])
def test_a_citizen_is_heard_by_the_media_of_the_gateway_that_took_the_call(flow: Flow, family: int) -> None:
    desk, lost = centre()
    desk.target_of = BothVersions.of  # type: ignore[method-assign]
    call_id = click(desk, lost)
    desk.pick_up("siti")
    assert desk.media.open_legs() == 3, "one of each version is offered"
    (citizen,) = desk.phones(NUMBER)
    citizen.flow = flow
    desk.pick_up(NUMBER)
    caller, operator = desk.call_media(call_id)
    assert desk.context.calls[call_id].media.family == family
    assert desk.media.open_legs() == 2
    assert (desk.media.wiring[caller], desk.media.wiring[operator]) == ((operator,), (caller,))
    assert desk.media.legs[caller - 1].sending
    desk.hang_up(citizen)
    assert desk.end().disposition == "answered"
    assert desk.media.open_legs() == 0


def test_a_citizen_who_does_not_answer_leaves_no_media_of_either_version() -> None:
    desk, lost = centre()
    desk.target_of = BothVersions.of  # type: ignore[method-assign]
    click(desk, lost)
    desk.pick_up("siti")
    desk.refuse(NUMBER, 486)
    desk.pass_time(SORRY_S)
    assert desk.media.open_legs() == 0


def test_without_a_port_of_the_other_version_the_first_alone_is_called() -> None:
    desk, lost = centre()
    desk.target_of = BothVersions.of  # type: ignore[method-assign]
    desk.media.ports_left = 2
    click(desk, lost)
    desk.pick_up("siti")
    desk.pick_up(NUMBER)
    assert desk.media.open_legs() == 2
