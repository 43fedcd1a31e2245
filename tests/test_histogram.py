"""Buckets as Prometheus counts them: each holds what is at most its bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.histogram import Histogram

BOUNDS = (0.001, 0.5, 1.0, 10.0)


def test_a_value_on_a_bound_is_within_it() -> None:
    seen = Histogram(*BOUNDS)
    seen.observe(0.5)
    assert seen.buckets() == [("0.001", 0.0), ("0.5", 1.0), ("1", 1.0), ("10", 1.0), ("+Inf", 1.0)]


@given(st.lists(st.floats(0, 100)))
def test_buckets_count_what_is_at_most_their_bound(values: list[float]) -> None:
    seen = Histogram(*BOUNDS)
    for value in values:
        seen.observe(value)
    assert [count for _, count in seen.buckets()] == [
        *(sum(value <= bound for value in values) for bound in BOUNDS),
        len(values),
    ]
    assert seen.sum == sum(values)
    assert seen.total == len(values)
