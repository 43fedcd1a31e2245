"""How long who calls now will wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.calls.expected import expected_wait
from ntpd112.queue import Counters, Operator, OperatorSpec
from ntpd112.queue.states import OperatorState


def operator(state: OperatorState, over: int = 1, talk_s: float = 60.0) -> Operator:
    return Operator(
        spec=OperatorSpec("siti", "Siti"),
        state=state,
        reason="",
        since=0.0,
        call_id=None,
        phone=True,
        wanted="ready",
        wanted_reason="",
        next_state=None,
        counters=Counters(taken=over + (state == "talking"), talk_s=talk_s),
    )


def test_nobody_waits_for_an_operator_who_is_free() -> None:
    assert expected_wait([operator("ready")], 10.0, 0) == 0.0


def test_one_busy_operator_is_free_after_a_talk_and_a_wrap_up() -> None:
    assert expected_wait([operator("talking", over=2, talk_s=120.0)], 10.0, 0) == 70.0


def test_more_operators_share_the_waiting_calls() -> None:
    assert expected_wait([operator("talking"), operator("wrap-up")], 10.0, 3) == 140.0


def test_without_anyone_who_serves_or_a_talk_that_is_over_nothing_is_foretold() -> None:
    assert expected_wait([operator("break"), operator("offline")], 10.0, 0) is None
    assert expected_wait([operator("talking", over=0, talk_s=0.0)], 10.0, 0) is None


@given(ahead=st.integers(0, 500), more=st.integers(1, 50), serving=st.integers(1, 50))
def test_who_has_more_calls_ahead_waits_longer(ahead: int, more: int, serving: int) -> None:
    hall = [operator("talking")] * serving
    sooner, later = expected_wait(hall, 10.0, ahead), expected_wait(hall, 10.0, ahead + more)
    assert sooner is not None
    assert later is not None
    assert sooner < later
