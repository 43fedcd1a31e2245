"""Callers are asked to speak or press a key: who does is served first, and who does not is not forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from tests.calls.desk import Desk, FakeLeg

from ntpd112.journal.events import CallClassified, CallerCorrected, CallLane, CallQueued, CallScreened
from ntpd112.sip.events import InfoDtmf

CALLER = "+628123456789"


def screened(when: str = "busy", **more: Any) -> Desk:
    return Desk(screening={"when": when, "window": 6.0, "longest_wait": 60.0} | more, wrap_up=0.0)


def busy_desk(**more: Any) -> tuple[Desk, FakeLeg]:
    """budi talks, on the media legs 1 and 2. The next caller is asked, on leg 3."""
    desk = screened(**more)
    desk.register("budi")
    desk.call()
    return desk, desk.pick_up("budi")


def lane(desk: Desk, call_id: str) -> str:
    waiting = desk.acd.call(call_id)
    assert waiting is not None
    return waiting.lane


def last_call(desk: Desk) -> str:
    return list(desk.context.calls)[-1]


def lanes(desk: Desk) -> list[tuple[str, str]]:
    return [(event.lane, event.reason) for event in desk.all_of(CallLane)]


def results(desk: Desk) -> list[str]:
    return [event.result for event in desk.all_of(CallScreened)]


def test_nobody_is_asked_while_an_operator_is_free() -> None:
    desk = screened()
    desk.register("budi")
    desk.call()
    assert desk.phones("budi")
    assert desk.media.legs[0].hears == "welcome"
    assert not desk.media.legs[0].listened
    assert not lanes(desk)


def test_with_nobody_free_the_caller_is_asked_and_waits_in_the_quiet_lane_meanwhile() -> None:
    desk, _ = busy_desk()
    desk.call()
    assert desk.media.legs[2].hears == "speak"
    assert desk.media.legs[2].listened
    assert lanes(desk) == [("quiet", "asked to speak or press a key")]


@pytest.mark.parametrize("answer", ["voice", "key"])
def test_who_speaks_or_presses_a_key_is_a_normal_caller(answer: str) -> None:
    desk, _ = busy_desk()
    desk.call()
    if answer == "voice":
        desk.speak(3)
    else:
        desk.press("7", media=3)
    assert results(desk) == [answer]
    assert lane(desk, last_call(desk)) == "normal"
    assert not desk.media.legs[2].listened


def test_silence_is_judged_only_when_the_time_to_answer_is_over() -> None:
    desk, _ = busy_desk()
    desk.call()
    desk.pass_time(9)
    desk.prompt_ends(3)
    desk.pass_time(5.9)
    assert results(desk) == []
    desk.pass_time(0.2)
    assert results(desk) == ["silent"]
    assert lane(desk, last_call(desk)) == "quiet"


def test_a_question_whose_end_is_never_reported_is_judged_all_the_same() -> None:
    desk, _ = busy_desk()
    desk.call()
    desk.pass_time(40)
    assert results(desk) == ["silent"]


def test_who_speaks_after_the_time_is_a_normal_caller_from_then_on() -> None:
    desk, _ = busy_desk()
    desk.call()
    desk.pass_time(40)
    desk.speak(3)
    assert results(desk) == ["silent", "voice"]
    assert lane(desk, last_call(desk)) == "normal"


def test_a_silent_caller_waits_behind_others_no_longer_than_configured() -> None:
    desk, _ = busy_desk()
    desk.call()
    desk.pass_time(61)
    assert lanes(desk)[-1] == ("normal", "longest wait reached")


def test_who_spoke_is_served_before_who_has_waited_in_silence() -> None:
    desk, talk = busy_desk()
    silent = desk.call()
    desk.pass_time(5)
    desk.call()
    desk.speak(4)
    spoke = last_call(desk)
    desk.hang_up(talk)
    assert desk.context.calls[spoke].operator == "budi"
    assert not silent.over


def test_panic_keys_lift_a_silent_caller_above_all() -> None:
    desk, talk = busy_desk()
    desk.call()
    desk.speak(3)
    desk.call()
    silent = last_call(desk)
    desk.pass_time(40)
    desk.press("5", "5", media=4)
    assert results(desk)[-2:] == ["key", "panic"]
    assert lane(desk, silent) == "lifted"
    desk.hang_up(talk)
    assert desk.context.calls[silent].operator == "budi"


def test_panic_keys_work_for_who_spoke_before_and_when_something_was_pressed_first() -> None:
    desk, _ = busy_desk()
    desk.call()
    desk.speak(3)
    desk.press("1", "5", "5", media=3)
    assert lane(desk, last_call(desk)) == "lifted"


def test_always_screened_calls_are_held_until_they_answer() -> None:
    desk = screened("always")
    desk.register("budi")
    desk.call()
    assert desk.all_of(CallQueued)[0].lane == "held"
    assert not desk.phones("budi")
    desk.speak()
    assert desk.phones("budi")
    assert lanes(desk) == [("normal", "spoke")]


def test_a_held_caller_who_stays_silent_rings_a_free_operator_after_the_window() -> None:
    desk = screened("always")
    desk.register("budi")
    desk.call()
    desk.prompt_ends()
    desk.pass_time(6)
    assert lanes(desk) == [("quiet", "silent")]
    assert desk.phones("budi")


def test_who_is_answered_is_screened_no_more() -> None:
    desk, talk = busy_desk()
    desk.call()
    desk.hang_up(talk)
    desk.pick_up("budi")
    assert not desk.media.legs[2].listened
    desk.pass_time(60)
    desk.press("5", "5", media=3)
    assert results(desk) == []


def test_a_queue_that_lets_callers_ring_cannot_ask() -> None:
    desk = Desk(answer="ring", screening={"when": "always"})
    desk.register("budi")
    desk.call()
    assert desk.phones("budi")
    assert not desk.media.legs[0].listened


def test_keys_said_in_info_count_like_those_in_the_sound() -> None:
    desk, _ = busy_desk()
    caller = desk.call()
    for _ in range(2):
        desk.happen(InfoDtmf(caller, "5"))  # type: ignore[arg-type]
    assert lane(desk, last_call(desk)) == "lifted"


def test_a_key_that_comes_both_ways_was_pressed_once() -> None:
    desk, _ = busy_desk()
    caller = desk.call()
    desk.press("5", media=3)
    desk.happen(InfoDtmf(caller, "5"))  # type: ignore[arg-type]
    assert results(desk) == ["key"]
    assert lane(desk, last_call(desk)) == "normal"


def test_who_had_an_emergency_lately_is_not_asked() -> None:
    desk = screened("always")
    desk.register("budi")
    first = desk.call()
    desk.speak()
    desk.pick_up("budi")
    call = last_call(desk)
    at = desk.context.clock.wall(desk.now)
    desk.context.write(CallClassified(at=at, call_id=call, classification="emergency", by="budi"))
    desk.hang_up(first)
    desk.call()
    again = desk.all_of(CallQueued)[-1]
    assert (again.lane, again.priority) == ("normal", 0)
    assert desk.phones("budi")


def test_who_is_put_back_by_the_record_is_not_asked_either_but_may_press_the_panic_keys() -> None:
    desk, _ = busy_desk()
    desk.context.write(
        CallerCorrected(at=desk.context.clock.wall(desk.now), caller=CALLER, standing="prank", by="api:x")
    )
    desk.call()
    queued = desk.all_of(CallQueued)[-1]
    assert queued.lane == "quiet"
    assert queued.reasons
    assert not desk.media.legs[2].listened
    desk.press("5", "5", media=3)
    assert lane(desk, last_call(desk)) == "lifted"
