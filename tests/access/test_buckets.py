"""Token buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.access.buckets import Buckets
from ntpd112.cell_rate import ROUNDING_S

WAITS = st.lists(st.floats(0, 30), min_size=1, max_size=60)
RATES = st.floats(0.01, 100)
BURSTS = st.integers(1, 20)


@given(rate=RATES, burst=BURSTS, waits=WAITS)
def test_in_any_stretch_of_time_no_more_is_given_than_a_burst_and_the_rate(
    rate: float, burst: int, waits: list[float]
) -> None:
    buckets, now, given_at = Buckets(rate, burst), 0.0, list[float]()
    for wait in waits:
        now += wait
        if buckets.take("a", now) == 0:
            given_at.append(now)
    for first, begin in enumerate(given_at):
        for last in range(first, len(given_at)):
            spell = given_at[last] - begin + last * ROUNDING_S
            assert last - first + 1 <= burst + spell * rate + 1e-6


@given(rate=RATES, burst=BURSTS, waits=WAITS)
def test_who_waits_as_told_is_given_one_and_not_before(rate: float, burst: int, waits: list[float]) -> None:
    buckets, now = Buckets(rate, burst), 0.0
    for wait in waits:
        now += wait
        told = buckets.take("a", now)
        if told:
            early = now + told - max(10 * ROUNDING_S, told / 1000)
            if early > now:
                assert buckets.take("a", early) > 0
            now += told
            assert buckets.take("a", now) == 0


@given(rate=RATES, burst=BURSTS, waits=WAITS)
def test_what_is_said_to_be_left_is_what_can_be_taken(rate: float, burst: int, waits: list[float]) -> None:
    buckets, now = Buckets(rate, burst), 0.0
    for wait in waits:
        now += wait
        buckets.take("a", now)
    left = buckets.left("a", now)
    assert 0 <= left <= burst
    assert [buckets.take("a", now) == 0 for _ in range(left + 1)] == [True] * left + [False]


def test_a_burst_then_one_at_the_rate() -> None:
    buckets = Buckets(rate=2.0, burst=3)
    assert [buckets.take("a", 10.0) for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]
    assert buckets.take("a", 10.5) == 0
    assert buckets.take("a", 10.5) == pytest.approx(0.5)


def test_one_s_bucket_is_nothing_to_another() -> None:
    buckets = Buckets(rate=1.0, burst=1)
    assert [buckets.take(key, 0.0) for key in "abab"] == [0, 0, 1, 1]


def test_what_was_not_needed_is_given_back_and_all_of_it_at_once() -> None:
    buckets = Buckets(rate=1.0, burst=2)
    buckets.take("a", 0.0)
    buckets.take("a", 0.0)
    buckets.give_back("a")
    assert [buckets.take("a", 0.0), buckets.take("a", 0.0)] == [0, 1]
    buckets.fill("a")
    assert buckets.left("a", 0.0) == 2
    buckets.give_back("b")
    assert buckets.left("b", 0.0) == 2


def test_the_table_is_bounded_and_forgets_whoever_was_away_for_longest() -> None:
    buckets = Buckets(rate=1.0, burst=1, size=2)
    for key in ("a", "b", "a", "c"):
        buckets.take(key, 0.0)
    assert len(buckets) == 2
    assert [buckets.left(key, 0.0) for key in "abc"] == [0, 1, 0]


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_a_bucket_that_never_gives_anything_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="would never give anything"):
        Buckets(rate, burst)
