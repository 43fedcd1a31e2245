"""What an operator does by dialling a code: what they hear, and what it changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calls.floor import Floor

from ntpd112.calls.codes import Dialled, code_of
from ntpd112.calls.lines import MAX_S
from ntpd112.calls.numbers import LARGEST, spoken
from ntpd112.config import CodesConfig
from ntpd112.config.prompts import built_in
from ntpd112.journal.events import CallClassified, OperatorChanged
from ntpd112.media.events import Closed, PlayEnded, Quality, WorkerLost
from ntpd112.sip.events import Ended

CODES = CodesConfig()


# --- which code it is


@pytest.mark.parametrize(
    ("number", "dialled"),
    [
        ("*10", Dialled("ready")),
        ("*11", Dialled("break")),
        ("*12", Dialled("offline")),
        ("*24", Dialled("prank")),
        ("*30", Dialled("callback")),
        ("*51", Dialled("listen")),
        ("*51siti", Dialled("listen", "siti")),
        ("*53201", Dialled("barge", "201")),
        ("*101", None),
        ("10", None),
        ("siti", None),
        ("", None),
    ],
)
def test_a_number_is_a_code_as_configured(number: str, dialled: Dialled | None) -> None:
    assert code_of(CODES, number) == dialled


def test_a_code_that_is_switched_off_is_dialled_by_nothing() -> None:
    off = CodesConfig(callback="", **{"break": "*99"})
    assert code_of(off, "") is None
    assert code_of(off, "*30") is None
    assert code_of(off, "*99") == Dialled("break")


# --- numbers


def test_numbers_are_said_as_people_say_them_and_large_ones_by_digits() -> None:
    assert spoken(0) == ("digit-0",)
    assert spoken(10) == ("number-10",)
    assert spoken(14) == ("number-14",)
    assert spoken(23) == ("number-20", "digit-3")
    assert spoken(LARGEST) == ("number-60", "digit-9")
    assert spoken(112) == ("digit-1", "digit-1", "digit-2")


@given(st.integers(0, 10**6))
def test_each_piece_of_a_number_is_a_prompt(number: int) -> None:
    assert set(spoken(number)) <= built_in()


@given(st.integers(0, 10**6))
def test_what_is_said_adds_up_to_the_number(number: int) -> None:
    pieces = [piece.partition("-")[2] for piece in spoken(number)]
    said = sum(map(int, pieces)) if number <= LARGEST else int("".join(pieces))
    assert said == number


# --- states


def test_break_is_confirmed_and_the_phone_hung_up_when_the_prompt_has_ended() -> None:
    desk = Floor()
    desk.register("budi")
    phone = desk.dial("budi", "*11")
    assert desk.heard(phone) == "code-break"
    assert desk.state("budi") == "break"
    desk.hear_out(phone)
    assert phone.did == ["answer", "hang up"]
    assert desk.state("budi") == "break"
    assert desk.media.open_legs() == 0
    assert not desk.story(), "a code is no call"


def test_who_dials_ready_is_offered_the_waiting_call_only_after_the_confirmation() -> None:
    desk = Floor()
    desk.register("budi")
    desk.dial("budi", "*11")
    desk.call()
    phone = desk.dial("budi", "*10")
    assert desk.heard(phone) == "code-ready"
    assert not desk.phones("budi")
    desk.hear_out(phone)
    assert desk.state("budi") == "ringing"


def test_who_is_ready_already_hears_so_and_is_rung_only_afterwards() -> None:
    desk = Floor()
    desk.register("budi")
    phone = desk.dial("budi", "*10")
    assert desk.heard(phone) == "code-ready"
    desk.call()
    assert not desk.phones("budi")
    desk.hear_out(phone)
    assert desk.state("budi") == "ringing"


def test_an_operator_logs_out_and_in_again_with_a_phone_that_stays_registered() -> None:
    desk = Floor()
    desk.register("budi")
    desk.hear_out(desk.dial("budi", "*12"))
    assert desk.state("budi") == "offline"
    desk.call()
    assert not desk.phones("budi")
    phone = desk.dial("budi", "*10")
    assert desk.heard(phone) == "code-ready"
    desk.hear_out(phone)
    assert desk.state("budi") == "ringing"


def test_registering_again_does_not_log_in_who_has_logged_out() -> None:
    desk = Floor()
    desk.register("budi")
    desk.dial("budi", "*12")
    desk.unregister("budi")
    desk.register("budi")
    assert desk.state("budi") == "offline"


def test_a_code_dialled_on_a_second_line_takes_effect_after_the_call() -> None:
    desk = Floor()
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    phone = desk.dial("budi", "*11")
    assert desk.heard(phone) == "code-break"
    assert desk.state("budi") == "talking"
    desk.hear_out(phone)
    assert desk.state("budi") == "talking"
    desk.hang_up(caller)
    assert desk.state("budi") == "break"


def test_ready_ends_a_wrap_up() -> None:
    desk = Floor()
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    desk.hang_up(caller)
    assert desk.state("budi") == "wrap-up"
    desk.hear_out(desk.dial("budi", "*10"))
    assert desk.state("budi") == "ready"


def test_the_reason_of_a_dialled_state_is_in_the_journal() -> None:
    desk = Floor()
    desk.register("budi")
    desk.dial("budi", "*11")
    change = desk.all_of(OperatorChanged)[-1]
    assert (change.state, change.reason) == ("break", "code")


# --- classifying


def test_the_last_call_is_classified_by_who_answered_it() -> None:
    desk = Floor()
    desk.register("budi")
    caller = desk.serve("budi")
    last = next(iter(desk.context.calls))
    desk.hang_up(caller)
    phone = desk.dial("budi", "*24")
    assert desk.heard(phone) == "code-classified"
    classified = desk.all_of(CallClassified)
    assert [(c.call_id, c.classification, c.by) for c in classified] == [(last, "prank", "budi")]


def test_the_present_call_is_classified_rather_than_the_one_before() -> None:
    desk = Floor()
    desk.register("budi")
    desk.hang_up(desk.serve("budi"))
    desk.pass_time(20)
    desk.serve("budi")
    talking = next(iter(desk.context.calls))
    desk.dial("budi", "*21")
    assert [c.call_id for c in desk.all_of(CallClassified)] == [talking]
    assert desk.context.calls[talking].classification == "emergency"


def test_who_had_no_call_has_nothing_to_classify() -> None:
    desk = Floor()
    desk.register("budi")
    assert desk.heard(desk.dial("budi", "*23")) == "code-nothing"
    assert not desk.all_of(CallClassified)


def test_a_call_of_hours_ago_is_not_classified_by_mistake() -> None:
    desk = Floor()
    desk.register("budi")
    desk.hang_up(desk.serve("budi"))
    desk.pass_time(3 * 3600)
    assert desk.heard(desk.dial("budi", "*23")) == "code-nothing"


def test_who_classifies_in_wrap_up_has_a_wrap_up_again_and_no_call_meanwhile() -> None:
    desk = Floor()
    desk.register("budi")
    desk.hang_up(desk.serve("budi"))
    phone = desk.dial("budi", "*21")
    desk.call()
    desk.pass_time(12)
    assert not desk.phones("budi")
    desk.hear_out(phone)
    assert desk.state("budi") == "wrap-up"


# --- queue state


def test_the_state_of_the_queues_is_spoken() -> None:
    desk = Floor()
    desk.register("budi")
    desk.register("citra")
    desk.dial("budi", "*11")
    desk.dial("citra", "*11")
    desk.call()
    desk.call()
    desk.pass_time(21)
    said = desk.heard(desk.dial("budi", "*40"))
    assert said == "calls-waiting digit-2 operators-ready digit-0 longest-wait number-20 digit-1 seconds"


# --- supervisors


def supervised() -> tuple[Floor, int, int]:
    """Budi talks to a caller; Rina may supervise. The media of both who talk."""
    desk = Floor()
    desk.register("budi")
    desk.serve("budi")
    desk.register("rina", supervisor=1)
    (call_id,) = desk.context.calls
    return desk, *desk.call_media(call_id)


@pytest.mark.parametrize("code", ["*51", "*51budi"])
def test_a_supervisor_listens_and_is_heard_by_nobody(code: str) -> None:
    desk, caller, operator = supervised()
    rina = desk.media_of(desk.dial("rina", code)).id
    assert desk.media.wiring == {caller: (operator,), operator: (caller,), rina: (caller, operator)}
    assert desk.state("rina") == "talking"


def test_a_whisper_is_heard_by_the_operator_only() -> None:
    desk, caller, operator = supervised()
    rina = desk.media_of(desk.dial("rina", "*52budi")).id
    assert desk.media.wiring[caller] == (operator,)
    assert desk.media.wiring[operator] == (caller, rina)


def test_who_barges_in_is_heard_by_all() -> None:
    desk, caller, operator = supervised()
    rina = desk.media_of(desk.dial("rina", "*53budi")).id
    assert desk.media.wiring[caller] == (operator, rina)


def test_a_supervisor_who_hangs_up_leaves_the_others_talking_and_is_ready() -> None:
    desk, caller, operator = supervised()
    desk.hang_up(desk.dial("rina", "*53"))
    assert (desk.media.wiring[caller], desk.media.wiring[operator]) == ((operator,), (caller,))
    assert desk.state("rina") == "ready"


def test_only_supervisors_listen() -> None:
    desk, _, _ = supervised()
    desk.register("citra")
    assert desk.heard(desk.dial("citra", "*51budi")) == "code-refused"
    desk.hear_out(desk.dial("citra", "*51budi"))
    assert desk.state("citra") == "ready"


def test_without_a_name_there_must_be_one_call_to_choose() -> None:
    desk, _, _ = supervised()
    desk.register("citra")
    desk.serve("citra")
    assert desk.heard(desk.dial("rina", "*51")) == "code-refused"
    assert desk.heard(desk.dial("rina", "*51nobody")) == "code-refused"
    assert desk.heard(desk.dial("rina", "*51citra")) == ""


def test_without_a_port_a_supervisor_is_free_again() -> None:
    desk, _, _ = supervised()
    desk.media.exhausted = True
    phone = desk.dial("rina", "*51")
    assert phone.did == ["hang up"]
    assert desk.state("rina") == "ready"


# --- bounds and faults


def test_no_call_rings_at_a_phone_that_hears_a_prompt() -> None:
    desk = Floor()
    desk.register("budi")
    phone = desk.dial("budi", "*40")
    desk.call()
    assert not desk.phones("budi")
    desk.hear_out(phone)
    assert len(desk.phones("budi")) == 1


def test_a_phone_that_hangs_up_before_the_end_is_free_at_once() -> None:
    desk = Floor()
    desk.register("budi")
    phone = desk.dial("budi", "*40")
    desk.hang_up(phone)
    assert desk.state("budi") == "ready"
    assert desk.media.open_legs() == 0


def test_a_phone_whose_prompt_never_ends_is_hung_up() -> None:
    desk = Floor()
    desk.register("budi")
    phone = desk.dial("budi", "*40")
    desk.pass_time(MAX_S)
    assert phone.did == ["answer", "hang up"]
    assert desk.state("budi") == "ready"


def test_a_second_code_ends_the_first_whose_phone_may_be_gone() -> None:
    desk = Floor()
    desk.register("budi")
    first = desk.dial("budi", "*40")
    second = desk.dial("budi", "*11")
    assert first.did == ["answer", "hang up"]
    assert desk.heard(second) == "code-break"
    assert desk.state("budi") == "break"


def test_a_code_is_obeyed_though_there_is_no_media_port_to_confirm_it() -> None:
    desk = Floor()
    desk.register("budi")
    desk.media.exhausted = True
    phone = desk.dial("budi", "*11")
    assert phone.did == ["hang up"]
    assert desk.state("budi") == "break"


@pytest.mark.parametrize("lost", ["port", "worker"])
def test_a_phone_whose_sound_is_lost_is_hung_up(lost: str) -> None:
    desk = Floor()
    desk.register("budi")
    phone = desk.dial("budi", "*40")
    media = desk.media.legs[-1].id
    event = Closed(media, Quality(0, 0, 0.0)) if lost == "port" else WorkerLost(0, [media])
    desk.media.pending.append(event)
    desk.happen()
    assert phone.did == ["answer", "hang up"]
    assert desk.state("budi") == "ready"


def test_the_end_of_a_phone_comes_once_whatever_crosses_it() -> None:
    desk = Floor()
    desk.register("budi")
    phone = desk.dial("budi", "*40")
    desk.media.pending.append(PlayEnded(desk.media.legs[-1].id, "seconds"))
    desk.happen(Ended(phone, "remote", phone.cause or Ended))  # type: ignore[arg-type]
    assert desk.state("budi") == "ready"
    assert desk.media.open_legs() == 0


def test_prompts_go_on_while_the_agent_drains_and_end_with_it() -> None:
    desk = Floor()
    desk.register("budi")
    phone = desk.dial("budi", "*40")
    desk.control.stop(desk.now)
    assert phone.did == ["answer", "hang up"]


def test_someone_who_is_no_operator_any_more_is_refused() -> None:
    desk = Floor()
    desk.register("budi")
    desk.acd.remove_operator("budi", desk.now)
    phone = desk.dial("budi", "*10")
    assert phone.did == ["hang up"]
    assert phone.cause is not None
    assert phone.cause.sip_code == 403
