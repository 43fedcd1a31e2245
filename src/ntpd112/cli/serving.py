"""Which calls no operator can take, whoever is on duty: what queues, numbers and trunks ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from ntpd112.cdr.database import DRIVER_END_S, DatabaseError, create_engine, first_line, look
from ntpd112.cdr.directory import Directory
from ntpd112.config import Config, QueueConfig
from ntpd112.queue import LadderStep
from ntpd112.queue.ladder import Requirement, fits, relaxed, requirement_of

LOOK_S = 5.0
"Seconds that a check waits for the database: it has to be of use while that is away."
Skills = Mapping[str, int]


class NotLooked(Exception):
    """The operators could not be read; the message says why."""


class Demand(NamedTuple):
    """Calls that ask for the same. `whose`: in words, of whom."""

    whose: str
    queue: QueueConfig
    skills: dict[str, int]


def operators_of(config: Config) -> list[Skills]:
    """Each operator's skills, from the main database, which is left as it is. Raises NotLooked."""

    async def read() -> list[Skills]:
        engine = create_engine(config.database.url)
        try:
            async with asyncio.timeout(LOOK_S):
                schema = await look(engine)
                if not schema.is_usable:
                    raise NotLooked("its schema is not this version's, see `ntpd112 database status`")
                return [operator.skills for operator in await Directory(engine).all()]
        finally:
            await engine.dispose()
            await asyncio.sleep(DRIVER_END_S)

    if _is_missing_file(config.database.url):
        raise NotLooked("there is no database yet")
    try:
        return asyncio.run(read())
    except TimeoutError as error:
        raise NotLooked(f"the database does not answer within {LOOK_S:g} s") from error
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        raise NotLooked(first_line(error)) from error


def _is_missing_file(url: str) -> bool:
    """Looking into an SQLite database that is not there would make it."""
    parsed = make_url(url)
    return parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists()


def unserved(config: Config, operators: Sequence[Skills]) -> list[str]:
    """Of each queue, number and trunk: calls that no operator can take, or not before a step of the ladder.
    Pure."""
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
