"""Draws the callers: who calls when, and what they will do whatever happens to them.

All chance is drawn here, beforehand, so both ways of queueing meet the very same people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log
from random import Random

from bench.simulator import world
from bench.simulator.world import DAY_S, HABITS, HOUR_S, PROFILE, Habits, Kind, Mix

_CENTRE = (-7.0, 110.4)
"Latitude and longitude of the region's middle."
_KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a person."""

    patience: float
    "Seconds until they hang up; infinite for those who stay."
    again_after: float | None
    "Seconds from hanging up to the next attempt; None: gives up."
    speaks_after: float | None
    "None: silent."
    panic_after: float | None
    "When the panic keys are pressed."
    pick_up: float
    "What the operator takes to answer."


@dataclass(frozen=True, slots=True)
class Person:
    kind: Kind
    at: float
    "Of the first call; seconds from the first midnight."
    number: str
    "Empty: anonymous."
    talk: float
    wrap_up: bool
    classified: bool
    attempts: tuple[Attempt, ...]
    spot: tuple[float, float] | None = None
    "Latitude and longitude, if the phone tells."
    presses_key: bool = False
    "In flood mode: says that theirs is another emergency."
    satisfied: bool = False
    "In flood mode: hangs up when the announcement says that the incident is known."


def days(mix: Mix, calls_per_day: float, number: int, rng: Random) -> Iterator[Person]:
    """Everybody who calls in so many days, in order of time."""
    draw = Draw(rng)
    mean = sum(PROFILE) / len(PROFILE)
    rate = calls_per_day / DAY_S
    for at in _poisson(rng, rate * max(PROFILE) / mean, 0.0, number * DAY_S):
        if rng.random() < PROFILE[int(at % DAY_S / HOUR_S)] / max(PROFILE):
            yield draw.person(draw.kind(mix), at)


def disaster(mix: Mix, calls_per_day: float, rng: Random) -> Iterator[Person]:
    """An hour as always, then one with DISASTER_TIMES the calls, INCIDENT_SHARE of them about one thing."""
    draw = Draw(rng)
    rate = calls_per_day / DAY_S
    for at in _poisson(rng, rate, 0.0, HOUR_S):
        yield draw.person(draw.kind(mix), at)
    for at in _poisson(rng, rate * world.DISASTER_TIMES, HOUR_S, 2 * HOUR_S):
        incident = rng.random() < world.INCIDENT_SHARE
        yield draw.person("incident" if incident else draw.kind(mix), at)


def _poisson(rng: Random, rate: float, start: float, end: float) -> Iterator[float]:
    at = start + rng.expovariate(rate)
    while at < end:
        yield at
        at += rng.expovariate(rate)


class Draw:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._numbers = 0

    def kind(self, mix: Mix) -> Kind:
        shares = mix.shares
        return self._rng.choices(list(shares), list(shares.values()))[0]

    def person(self, kind: Kind, at: float) -> Person:
        rng, habits = self._rng, HABITS[kind]
        incident = kind == "incident"
        return Person(
            kind=kind,
            at=at,
            number=self._number(kind, habits),
            talk=rng.uniform(*habits.talk),
            wrap_up=habits.wrap_up,
            classified=rng.random() < world.CLASSIFIED,
            attempts=tuple(self._attempts(kind, habits)),
            spot=self._spot(incident) if rng.random() < world.LOCATED else None,
            presses_key=kind == "emergency" and rng.random() < world.PRESSES_KEY,
            satisfied=incident and rng.random() < world.SATISFIED,
        )

    def _attempts(self, kind: Kind, habits: Habits) -> Iterator[Attempt]:
        rng = self._rng
        speaks = rng.random() < habits.speaks
        panic = kind == "emergency" and not speaks and rng.random() < world.PANIC_SHARE
        for number in range(1, world.MAX_ATTEMPTS + 1):
            again = number < world.MAX_ATTEMPTS and rng.random() < habits.redials
            median, spread = world.SPEAKS_AFTER
            yield Attempt(
                patience=self._patience(habits),
                again_after=rng.uniform(*world.REDIAL_AFTER) if again else None,
                speaks_after=rng.lognormvariate(log(median), spread) if speaks else None,
                panic_after=rng.uniform(*world.PANIC_AFTER) if panic else None,
                pick_up=rng.uniform(*world.PICK_UP),
            )
            if not again:
                return

    def _patience(self, habits: Habits) -> float:
        stays = self._rng.random() < habits.stays
        return inf if stays else habits.listens + self._rng.expovariate(1 / habits.patience)

    def _number(self, kind: Kind, habits: Habits) -> str:
        rng = self._rng
        if rng.random() < habits.anonymous:
            return ""
        if kind == "prank":
            return f"prank{min(int(rng.expovariate(4 / world.PRANKSTERS)), world.PRANKSTERS - 1)}"
        if kind == "ghost" and rng.random() < world.GHOST_REPEATS:
            return f"ghost{rng.randrange(world.REPEATING_GHOSTS)}"
        self._numbers += 1
        return f"+62{self._numbers:09d}"

    def _spot(self, incident: bool) -> tuple[float, float]:
        rng = self._rng
        if incident:
            north, east = (rng.gauss(0, world.INCIDENT_SPREAD_KM) for _ in range(2))
        else:
            north, east = (rng.uniform(-world.REGION_KM, world.REGION_KM) for _ in range(2))
        return _CENTRE[0] + north / _KM_PER_DEGREE, _CENTRE[1] + east / _KM_PER_DEGREE
