"""Which calls no operator can take, whoever is on duty: what queues, numbers and trunks ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ntpd112.config import Config, QueueConfig
from ntpd112.queue import LadderStep
from ntpd112.queue.ladder import Requirement, fits, relaxed, requirement_of

Skills = Mapping[str, int]


class Demand(NamedTuple):
    """Calls that ask for the same. `whose`: in words, of whom."""

    whose: str
    queue: QueueConfig
    skills: dict[str, int]


def unserved(config: Config, operators: Sequence[Skills]) -> list[str]:
    """Of each queue, number and trunk: what no operator can take, or not before a step of the ladder."""
    if not operators:
        return ['there are no operators: `ntpd112 operator add ID --name "NAME"` makes one']
    found: dict[str, str] = {}
    for demand in _demands(config):
        said = _said(demand, operators)
        if said and f'queue "{demand.queue.name}"' not in found:
            found[demand.whose] = f"{demand.whose}: {said}"
    return list(found.values())


def _demands(config: Config) -> Iterator[Demand]:
    """A queue itself comes first: what it lacks, its numbers and trunks lack too."""
    for queue in config.queue:
        here = f'queue "{queue.name}"'
        yield Demand(here, queue, queue.skills)
        served = {number.lower() for number in queue.numbers}
        for number in config.number:
            if number.skills and number.number.lower() in served:
                yield Demand(f'{here}, number "{number.number}"', queue, _both(queue.skills, number.skills))
        for trunk in config.trunk:
            if trunk.skills and queue.numbers:
                yield Demand(f'{here}, trunk "{trunk.name}"', queue, _both(queue.skills, trunk.skills))


def _both(one: Skills, other: Skills) -> dict[str, int]:
    """Every skill with the higher level."""
    return {skill: max(one.get(skill, 0), other.get(skill, 0)) for skill in {**one, **other}}


def _said(demand: Demand, operators: Sequence[Skills]) -> str:
    """Empty: somebody can take such calls at once."""
    requirement = requirement_of(demand.skills, demand.queue.roles)
    if _anybody(operators, requirement):
        return ""
    asked = _asked(requirement)
    for number, step in enumerate(demand.queue.ladder, 1):
        change = LadderStep(
            after=step.after, drop=frozenset(step.drop), any=step.any, include=frozenset(step.include)
        )
        requirement = relaxed(requirement, change)
        if _anybody(operators, requirement):
            return (
                f"no operator can take its calls before ladder step {number}, after {step.after:g} s: {asked}"
            )
    return f"no operator can ever take its calls: {asked}"


def _anybody(operators: Sequence[Skills], requirement: Requirement) -> bool:
    return any(fits(skills, requirement) for skills in operators)


def _asked(requirement: Requirement) -> str:
    skills = ", ".join(f"{skill} {level}" for skill, level in sorted(requirement.must))
    roles = ", ".join(sorted(requirement.excluded))
    parts = [f"they ask for {skills}"] if skills else []
    if roles:
        parts.append(f"keep out {roles}" if skills else f"they keep out {roles}")
    return " and ".join(parts)
