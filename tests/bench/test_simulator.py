"""The simulator: right where theory knows the answer, and what it shows of the shield."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf
from random import Random

import pytest
from bench.simulator import people
from bench.simulator.centre import Centre
from bench.simulator.people import Attempt, Person
from bench.simulator.results import Outcome, summary
from bench.simulator.shield import LONGEST_WAIT
from bench.simulator.staff import Plain, reckoned, simulated
from bench.simulator.world import HOUR_S, KOTA_BATU, SEMARANG, Kind

TALK = 60.0
STAYS = Attempt(patience=inf, again_after=None, speaks_after=2.0, panic_after=None, pick_up=1.0)
SILENT = replace(STAYS, speaks_after=None)


def person(number: int, at: float, *attempts: Attempt, kind: Kind = "emergency") -> Person:
    return Person(kind, at, f"+62{number}", TALK, wrap_up=False, classified=True, attempts=attempts)


def one_operator(*callers: Person, shielded: bool) -> list[float | None]:
    outcomes = Centre(1, shielded, busiest_minute=10.0).run(callers)
    return [outcome.wait for outcome in outcomes]


@pytest.mark.parametrize("patience", [None, 60.0])
@pytest.mark.parametrize("operators", [4, 6])
def test_a_plain_queue_of_the_acd_is_what_erlang_reckons(operators: int, patience: float | None) -> None:
    """Two points of a share and 15 % of the mean wait: three standard errors of 30,000 calls whose waits hang
    together."""
    case = Plain(operators, 120.0, 90.0, patience)
    formula, acd = reckoned(case), simulated(case, calls=30_000, seed=1)
    assert acd.service_level == pytest.approx(formula.service_level, abs=0.02)
    assert acd.mean_wait_s == pytest.approx(formula.mean_wait_s, rel=0.15)
    assert acd.occupancy == pytest.approx(formula.occupancy, abs=0.02)
    assert acd.abandoned == pytest.approx(formula.abandoned, abs=0.02)


def afternoon() -> list[Person]:
    """Kota Batu's mix from ten to three, five times its emergencies, to have enough to count."""
    mix = replace(KOTA_BATU, emergency=5 * KOTA_BATU.emergency)
    drawn = people.days(mix, 120_000, 1, Random(7))
    return [one for one in drawn if 10 * HOUR_S <= one.at < 15 * HOUR_S]


def test_the_shield_makes_emergencies_wait_a_fifth_where_ghosts_fill_the_queue() -> None:
    callers = afternoon()
    plain, shielded = (
        summary(Centre(10, on, busiest_minute=140.0).run(callers), "emergency") for on in (False, True)
    )
    assert plain.people == shielded.people > 100
    assert plain.p95 is not None
    assert shielded.p95 is not None
    assert plain.within < 0.5, "the centre is strained"
    assert plain.p95 > 5 * shielded.p95


@pytest.mark.parametrize("shielded", [False, True])
def test_nobody_who_stays_on_the_line_is_forgotten_in_a_disaster(shielded: bool) -> None:
    outcomes = Centre(8, shielded, busiest_minute=0.3).run(people.disaster(SEMARANG, 289, Random(3)))
    assert len(outcomes) > 1_000
    assert not [one for one in outcomes if one.forgotten]
    assert not [one for one in outcomes if one.answered_at is None and not one.hung_up]


def test_in_a_disaster_other_emergencies_overtake_the_incidents_callers() -> None:
    outcomes = Centre(8, True, busiest_minute=0.3).run(people.disaster(SEMARANG, 289, Random(3)))
    others, incident = summary(outcomes, "emergency"), summary(outcomes, "incident")
    assert others.within > 0.6
    assert incident.satisfied > 0
    assert others.median is not None
    assert incident.median is not None
    assert incident.median > 10 * others.median


def test_who_speaks_is_served_before_who_is_silent() -> None:
    first, silent, speaks = person(1, 0.0, STAYS), person(2, 1.0, SILENT), person(3, 2.0, STAYS)
    _, waits_silent, waits_speaking = one_operator(first, silent, speaks, shielded=True)
    assert waits_silent is not None
    assert waits_speaking is not None
    assert waits_speaking < waits_silent
    _, waits_silent, waits_speaking = one_operator(first, silent, speaks, shielded=False)
    assert waits_silent is not None
    assert waits_speaking is not None
    assert waits_silent < waits_speaking


def endless_speakers() -> Iterator[Person]:
    """Twice what one operator can answer."""
    for number in range(100):
        yield person(100 + number, 30.0 * number, STAYS, kind="information")


def test_a_silent_victim_among_endless_speakers_is_answered_soon_after_the_longest_wait() -> None:
    callers = sorted([*endless_speakers(), person(1, 610.0, SILENT)], key=lambda one: one.at)
    waits = one_operator(*callers, shielded=True)
    before = sum(one.at < 610.0 for one in callers)
    ahead = [wait for wait in waits[:before] if wait is not None and wait + 30.0 > 610.0]
    victim = waits[before]
    assert victim is not None
    assert victim >= LONGEST_WAIT
    assert victim <= (len(ahead) + 12) * (TALK + 1.0), "behind those who came before, nobody else"


def test_the_panic_keys_go_before_everybody() -> None:
    panics = replace(SILENT, panic_after=8.0)
    callers = sorted([*endless_speakers(), person(1, 1510.0, panics)], key=lambda one: one.at)
    victim = one_operator(*callers, shielded=True)[sum(one.at < 1510.0 for one in callers)]
    assert victim is not None
    assert victim <= 8.0 + TALK + 1.0


def test_who_hangs_up_and_calls_again_keeps_the_place() -> None:
    gives_up = replace(STAYS, patience=30.0, again_after=10.0)
    callers = person(1, 0.0, STAYS), person(2, 1.0, gives_up, STAYS), person(3, 20.0, STAYS)
    _, again, stayed = one_operator(*callers, shielded=True)
    assert again is not None
    assert stayed is not None
    assert 1.0 + again < 20.0 + stayed
    _, again, stayed = one_operator(*callers, shielded=False)
    assert again is not None
    assert stayed is not None
    assert 1.0 + again > 20.0 + stayed


def test_the_same_seed_draws_the_same_people() -> None:
    first, second = (list(people.days(SEMARANG, 300, 1, Random(5))) for _ in range(2))
    assert first == second
    assert {one.kind for one in first} == {"emergency", "information", "prank", "ghost"}


def test_a_summary_counts_who_was_told_apart_from_who_gave_up() -> None:
    outcomes = [
        Outcome("incident", 0.0, answered_at=10.0),
        Outcome("incident", 5.0, answered_at=45.0, hung_up=1),
        Outcome("incident", 6.0, hung_up=1, satisfied=True),
        Outcome("incident", 7.0, hung_up=2),
        Outcome("incident", 8.0, forgotten=True),
        Outcome("ghost", 9.0, answered_at=9.5),
    ]
    one = summary(outcomes, "incident")
    assert (one.people, one.median, one.longest, one.within) == (5, 10.0, 40.0, 0.25)
    assert (one.gave_up, one.satisfied, one.forgotten) == (1, 1, 1)
