"""What is simulated: a place's mix, how many calls and operators, for how long; first come first served, then
with the shield, the same people both times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from bench.simulator import people
from bench.simulator.centre import Centre
from bench.simulator.people import Person
from bench.simulator.results import Outcome, Summary, summary
from bench.simulator.world import DAY_S, KOTA_BATU, PROFILE, PURWOREJO, SEMARANG, Kind, Mix

GROUPS: dict[str, tuple[Kind, ...]] = {
    "emergencies": ("emergency",),
    "the incident's": ("incident",),
    "information": ("information",),
    "prank": ("prank",),
    "ghost": ("ghost",),
}


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    mix: Mix
    operators: int
    calls_per_day: float
    repeats: int
    "Days in a row; disaster hours, each on its own."
    disaster: bool = False

    @property
    def busiest_minute(self) -> float:
        return self.calls_per_day / DAY_S * 60 * max(PROFILE) * len(PROFILE) / sum(PROFILE)


CASES = (
    Case("Kota Batu as published", KOTA_BATU, 1, KOTA_BATU.calls_per_day, 60),
    Case("Kota Batu's mix, strained", KOTA_BATU, 10, 120_000, 1),
    Case("Purworejo's mix, strained", PURWOREJO, 3, 8_000, 2),
    Case("Semarang's mix, strained", SEMARANG, 4, 2_400, 2),
    Case("disaster hour, Semarang's mix", SEMARANG, 8, KOTA_BATU.calls_per_day, 6, disaster=True),
)
"""The published numbers of calls keep one operator busy for some minutes a day, so the strained ones have the
same mix and as many calls as make callers wait when first come is first served."""


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    calls: int
    "People who called."
    plain: dict[str, Summary]
    "By group, first come first served."
    shielded: dict[str, Summary]

    @property
    def gain(self) -> float | None:
        """How many times shorter the shield makes the p95 wait of emergencies."""
        before, after = self.plain["emergencies"].p95, self.shielded["emergencies"].p95
        return before / after if before is not None and after is not None else None


def simulate(case: Case, seed: int) -> Result:
    rounds = list(_rounds(case, seed))
    outcomes: list[list[Outcome]] = [[], []]
    for drawn in rounds:
        for shielded in (False, True):
            outcomes[shielded] += Centre(case.operators, shielded, case.busiest_minute).run(drawn)
    plain, shielded_ones = map(_summaries, outcomes)
    return Result(case, sum(map(len, rounds)), plain, shielded_ones)


def _rounds(case: Case, seed: int) -> list[list[Person]]:
    if not case.disaster:
        return [list(people.days(case.mix, case.calls_per_day, case.repeats, Random(seed)))]
    seeds = range(seed, seed + case.repeats)
    return [list(people.disaster(case.mix, case.calls_per_day, Random(each))) for each in seeds]


def _summaries(outcomes: list[Outcome]) -> dict[str, Summary]:
    found = {name: summary(outcomes, *kinds) for name, kinds in GROUPS.items()}
    return {name: one for name, one in found.items() if one.people}


def changed(case: Case, operators: int | None, calls_per_day: float | None, repeats: int | None) -> Case:
    """With what the command line says otherwise."""
    return replace(
        case,
        operators=operators or case.operators,
        calls_per_day=calls_per_day or case.calls_per_day,
        repeats=repeats or case.repeats,
    )
