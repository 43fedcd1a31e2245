"""Erlang's formulas beside the ACD itself: a plain queue, first come first served, everything exponential."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from random import Random

from bench.simulator.centre import Centre
from bench.simulator.people import Attempt, Person
from bench.simulator.results import WITHIN_S
from bench.simulator.world import HOUR_S

from ntpd112.queue.erlang import Staffing, staffing

WARM_UP = 0.1
"Share of the calls left out at the beginning: the formulas are of a centre that has been open for ever."


@dataclass(frozen=True, slots=True)
class Plain:
    operators: int
    calls_per_hour: float
    talk_s: float
    patience_s: float | None
    "None: callers wait for ever."

    def __str__(self) -> str:
        patience = "for ever" if self.patience_s is None else f"{self.patience_s:g} s"
        return f"{self.calls_per_hour:g}/h of {self.talk_s:g} s, wait {patience}"


CASES = tuple(
    Plain(operators, 120.0, 90.0, patience) for patience in (None, 60.0) for operators in (3, 4, 5, 6)
)
"`ntpd112 staff`'s example, around the number that it asks for."


def reckoned(case: Plain) -> Staffing:
    return staffing(case.operators, case.calls_per_hour, case.talk_s, WITHIN_S, case.patience_s)


def simulated(case: Plain, calls: int, seed: int) -> Staffing:
    """The same figures of so many calls, the first WARM_UP left out."""
    people = list(_people(case, calls, Random(seed)))
    outcomes = Centre(case.operators, shielded=False).run(people)
    counted = list(zip(people, outcomes, strict=True))[int(WARM_UP * calls) :]
    waits = [out.wait for _, out in counted]
    gave_up = [person.attempts[0].patience for person, out in counted if out.wait is None]
    answered = [wait for wait in waits if wait is not None]
    talked = sum(person.talk for person, out in counted if out.wait is not None)
    return Staffing(
        operators=case.operators,
        service_level=sum(wait <= WITHIN_S for wait in answered) / len(counted),
        mean_wait_s=(sum(answered) + sum(gave_up)) / len(counted),
        occupancy=talked / (case.operators * (people[-1].at - counted[0][0].at)),
        abandoned=len(gave_up) / len(counted),
    )


def _people(case: Plain, calls: int, rng: Random) -> Iterator[Person]:
    at = 0.0
    for _ in range(calls):
        at += rng.expovariate(case.calls_per_hour / HOUR_S)
        patience = inf if case.patience_s is None else rng.expovariate(1 / case.patience_s)
        yield Person(
            kind="information",
            at=at,
            number="",
            talk=rng.expovariate(1 / case.talk_s),
            wrap_up=False,
            classified=False,
            attempts=(Attempt(patience, None, None, None, pick_up=0.0),),
        )
