"""What a call asks of an operator, and how the steps of a ladder relax it. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .model import LadderStep

Skills = frozenset[tuple[str, int]]
"Skills with their least levels."


class Requirement(NamedTuple):
    must: Skills
    excluded: frozenset[str] = frozenset()
    "Roles: who has one of these skills is kept out."


def skills_of(levels: Mapping[str, int]) -> Skills:
    """Level 0 or below asks for nothing."""
    return frozenset((skill, level) for skill, level in levels.items() if level > 0)


def requirement_of(levels: Mapping[str, int], roles: Iterable[str] = ()) -> Requirement:
    """A role that is asked for by name keeps nobody out."""
    must = skills_of(levels)
    return Requirement(must, frozenset(roles) - {skill for skill, _ in must})


def fits(skills: Mapping[str, int], requirement: Requirement) -> bool:
    must, excluded = requirement
    return not any(skills.get(role, 0) > 0 for role in excluded) and unmet(skills, must) == 0


def unmet(skills: Mapping[str, int], wanted: Skills) -> int:
    """How many of the wanted skills are missing or too low."""
    return sum(skills.get(skill, 0) < level for skill, level in wanted)


def relaxed(requirement: Requirement, step: LadderStep) -> Requirement:
    """The requirement after the step: never narrower than before."""
    must, excluded = requirement
    kept = () if step.any else (one for one in must if one[0] not in step.drop)
    return Requirement(frozenset(kept), excluded - step.include)
