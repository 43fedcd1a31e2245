"""What became of people, and what is printed of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from bench.simulator.world import Kind

WITHIN_S = 15.0
"The rule of emergency centres (NENA): 90 % answered within it."


@dataclass(slots=True)
class Outcome:
    kind: Kind
    at: float
    "Of the first call."
    answered_at: float | None = None
    hung_up: int = 0
    "Calls given up."
    satisfied: bool = False
    "Heard that the incident is known, and hung up."
    forgotten: bool = False
    "Stayed on the line and was never answered."

    @property
    def wait(self) -> float | None:
        """Seconds from the first call's beginning to an operator's voice, with what lies between calls."""
        return None if self.answered_at is None else self.answered_at - self.at


@dataclass(frozen=True, slots=True)
class Summary:
    """Of people of some kinds. Waits are seconds, of those answered; None: nobody was."""

    people: int
    median: float | None
    p95: float | None
    longest: float | None
    within: float
    "Share of all people who are to be answered, answered within WITHIN_S."
    gave_up: int
    "People never answered, who hung up each time."
    satisfied: int
    forgotten: int


def summary(outcomes: Iterable[Outcome], *kinds: Kind) -> Summary:
    people = [one for one in outcomes if one.kind in kinds]
    waits = sorted(one.wait for one in people if one.wait is not None)
    satisfied = sum(one.satisfied for one in people)
    forgotten = sum(one.forgotten for one in people)
    wanted = len(people) - satisfied
    return Summary(
        people=len(people),
        median=_quantile(waits, 0.5),
        p95=_quantile(waits, 0.95),
        longest=waits[-1] if waits else None,
        within=sum(wait <= WITHIN_S for wait in waits) / wanted if wanted else 1.0,
        gave_up=wanted - len(waits) - forgotten,
        satisfied=satisfied,
        forgotten=forgotten,
    )


def _quantile(ordered: list[float], share: float) -> float | None:
    """The least value that this share does not exceed."""
    return ordered[ceil(share * len(ordered)) - 1] if ordered else None
