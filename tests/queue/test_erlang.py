"""Erlang's formulas against published figures, against a second way to compute them, and by their laws."""

from __future__ import annotations

from math import exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.queue.erlang import (
    MAX_OPERATORS,
    blocking,
    operators_needed,
    staffing,
    waiting,
)

LOADS = st.floats(0.01, 300)
OPERATORS = st.integers(1, 400)


@pytest.mark.parametrize(
    ("operators", "load"),
    [(1, 0.0101), (5, 1.36), (10, 4.46), (20, 12.0), (50, 37.9), (100, 84.1)],
)
def test_erlang_b_is_the_table_for_1_percent(operators: int, load: float) -> None:
    """ITU-D Study Group 2, Teletraffic Engineering Handbook: offered traffic at a blocking of 0.01."""
    assert blocking(operators, load) == pytest.approx(0.01, rel=0.03)  # three digits are printed


def test_erlang_c_is_the_worked_example_of_an_hour_with_55_agents() -> None:
    """Mitan Ltd., "The Erlang-C formula": 360 calls a half-hour of 240 s, 55 agents, answered within 15 s:
    48 erlangs, occupancy 87.3 %, waiting 0.239, mean 8.2 s."""
    assert waiting(55, 48.0) == pytest.approx(0.239, abs=0.0005)
    result = staffing(55, 720, 240, 15)
    assert result.mean_wait_s == pytest.approx(8.2, abs=0.05)
    assert result.service_level == pytest.approx(0.846, abs=0.001)
    assert result.occupancy == pytest.approx(0.873, abs=0.0005)


def test_erlang_a_is_the_example_of_mandelbaum_and_zeltyn() -> None:
    """ "The Palm/Erlang-A queue, with applications to call centers" (2005): 50 agents, 48 calls a minute of a
    minute each. Without patience callers wait 20.8 s on average, agents are busy 96 %; with a patience of
    2 minutes 3.1 % give up, the others wait so much less that the mean is 3.7 s, agents are busy 93 %."""
    patient = staffing(50, 48 * 60, 60, 20)
    assert (round(patient.mean_wait_s, 1), round(patient.occupancy, 2)) == (20.8, 0.96)
    impatient = staffing(50, 48 * 60, 60, 20, patience_s=120)
    assert (round(impatient.mean_wait_s, 1), round(impatient.occupancy, 2)) == (3.7, 0.93)
    assert round(impatient.abandoned, 3) == 0.031


CHAINS = [(3, 120.0, 90.0, 60.0), (8, 200.0, 90.0, 60.0), (5, 400.0, 90.0, 20.0), (1, 10.0, 300.0, 30.0)]
"Operators, calls an hour, talk and patience in s: slack, usual, overloaded, alone."


def steady_state(operators: int, rate: float, talk_s: float, patience_s: float) -> list[float]:
    """Probability of 0, 1, 2, ... callers in the centre, from the birth-and-death equations."""
    weights = [1.0]
    while len(weights) <= operators or weights[-1] > 1e-18:
        k = len(weights)
        weights.append(weights[-1] * rate / (min(k, operators) / talk_s + max(0, k - operators) / patience_s))
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize(("operators", "calls", "talk_s", "patience_s"), CHAINS)
def test_erlang_a_solves_the_birth_and_death_equations(
    operators: int, calls: float, talk_s: float, patience_s: float
) -> None:
    rate = calls / 3600
    chain = steady_state(operators, rate, talk_s, patience_s)
    waiters = sum(max(0, k - operators) * p for k, p in enumerate(chain))
    found = staffing(operators, calls, talk_s, 15, patience_s)
    assert found.abandoned == pytest.approx(waiters / patience_s / rate)
    assert found.mean_wait_s == pytest.approx(waiters / rate)
    assert staffing(operators, calls, talk_s, 0, patience_s).service_level == pytest.approx(
        sum(chain[:operators])
    )


@pytest.mark.parametrize(("operators", "calls", "talk_s", "patience_s"), CHAINS)
def test_erlang_a_answered_in_time_is_the_integral_over_the_wait_offered(
    operators: int, calls: float, talk_s: float, patience_s: float
) -> None:
    """Density of the wait before a caller who never gives up: λ·P(n-1)·exp(λH(t) - nμt) (Baccelli and
    Hebuterne 1981, eq. for M/M/n+G); summed by Simpson's rule."""
    rate, within_s, steps = calls / 3600, 20.0, 400
    at_once = sum(chain := steady_state(operators, rate, talk_s, patience_s)[:operators])

    def answered(t: float) -> float:
        listened = patience_s * (1 - exp(-t / patience_s))
        return rate * chain[-1] * exp(rate * listened - operators * t / talk_s - t / patience_s)

    h = within_s / steps
    integral = (
        h / 3 * sum((1 if k in (0, steps) else 2 + k % 2 * 2) * answered(k * h) for k in range(steps + 1))
    )
    found = staffing(operators, calls, talk_s, within_s, patience_s)
    assert found.service_level == pytest.approx(at_once + integral)


def test_callers_who_never_give_up_are_erlang_c() -> None:
    c, a = staffing(12, 360, 90, 15), staffing(12, 360, 90, 15, patience_s=1e6)
    assert a.service_level == pytest.approx(c.service_level, rel=1e-3)
    assert a.mean_wait_s == pytest.approx(c.mean_wait_s, rel=1e-2)


def test_too_few_operators_for_callers_who_never_give_up_have_an_endless_queue() -> None:
    assert staffing(9, 360, 90, 15) == staffing(9, 400, 90, 15)
    assert staffing(9, 360, 90, 15).mean_wait_s == inf


@given(OPERATORS, LOADS)
def test_more_operators_block_and_delay_fewer_and_waiting_is_likelier_than_blocking(
    n: int, load: float
) -> None:
    assert 0 <= blocking(n + 1, load) <= blocking(n, load) <= 1
    assert 0 <= waiting(n + 1, load) <= waiting(n, load) <= 1
    assert blocking(n, load) <= waiting(n, load) + 1e-12


CALLS = st.floats(1, 5_000)
TALK = st.floats(10, 600)
WITHIN = st.floats(0, 60)
PATIENCE = st.none() | st.floats(5, 2_000)
SLACK = 1e-9
"For sums of floats."


@given(OPERATORS, CALLS, TALK, WITHIN, PATIENCE)
def test_shares_are_shares_and_one_operator_more_never_hurts(
    n: int, calls: float, talk: float, within: float, patience: float | None
) -> None:
    now, more = (staffing(count, calls, talk, within, patience) for count in (n, n + 1))
    for share in (now.service_level, now.occupancy, now.abandoned):
        assert 0 <= share <= 1
    assert more.service_level >= now.service_level - SLACK
    assert more.mean_wait_s <= now.mean_wait_s + SLACK
    assert more.abandoned <= now.abandoned + SLACK
    later = staffing(n, calls, talk, within + 1, patience)
    assert later.service_level >= now.service_level - SLACK


@given(CALLS, TALK, st.floats(0.01, 0.99), WITHIN, PATIENCE)
def test_what_is_needed_is_enough_and_one_fewer_is_not(
    calls: float, talk: float, level: float, within: float, patience: float | None
) -> None:
    needed = operators_needed(calls, talk, level, within, patience)
    assert needed.service_level >= level
    assert needed == staffing(needed.operators, calls, talk, within, patience)
    if needed.operators > 1:
        assert staffing(needed.operators - 1, calls, talk, within, patience).service_level < level


def test_a_disaster_hour_overflows_no_float() -> None:
    assert (
        operators_needed(100_000, 300, 0.9, 15, 600).operators
        < operators_needed(100_000, 300, 0.9, 15).operators
    )
    assert staffing(1, 100_000, 300, 15, 3_000).service_level < 0.001


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((0, 90, 0.9, 15), "calls_per_hour: 0"),
        ((100, -1, 0.9, 15), "talk_s: -1"),
        ((100, 90, 1.0, 15), "level: 1.0"),
        ((100, 90, 0.9, -1), "within_s: -1"),
        ((100, 90, 0.9, 15, 0), "patience_s: 0"),
        ((1e9, 90, 0.9, 15), f"{MAX_OPERATORS} operators are not enough"),
    ],
)
def test_what_makes_no_sense_is_named(arguments: tuple[float, ...], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        operators_needed(*arguments)


def test_nobody_is_no_staff() -> None:
    with pytest.raises(ValueError, match="operators: 0"):
        staffing(0, 100, 90, 15)
