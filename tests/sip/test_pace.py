"""How many calls a second a trunk may begin."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.cell_rate import ROUNDING_S
from ntpd112.sip.pace import BURST_S, Pace

RATES = st.sampled_from([0.1, 0.5, 1.0, 3.0, 20.0])
GAPS = st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60)


def test_a_second_s_calls_may_come_at_once() -> None:
    pace = Pace(5.0)
    assert [pace.wait(10.0) == 0 for _ in range(7)] == [True] * 5 + [False] * 2


def test_without_a_rate_all_may_come_at_once() -> None:
    assert {Pace().wait(0.0) for _ in range(1000)} == {0.0}


@given(RATES, GAPS)
def test_no_window_holds_more_than_its_rate_and_one_burst(rate: float, gaps: list[float]) -> None:
    pace = Pace(rate)
    taken = [now for now in accumulate(gaps) if not pace.wait(now)]
    for first, begin in enumerate(taken):
        for count, end in enumerate(taken[first:], 1):
            assert count <= max(1.0, BURST_S * rate) + (end - begin) * rate + 1e-3


@given(RATES, GAPS)
def test_who_waits_as_told_is_let_in(rate: float, gaps: list[float]) -> None:
    pace = Pace(rate)
    for now in accumulate(gaps):
        wait_s = pace.wait(now)
        assert wait_s >= 0
        if wait_s:
            assert pace.wait(now + wait_s + ROUNDING_S) == 0
            return
