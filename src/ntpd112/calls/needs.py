"""What a call asks for, and why: from the number dialled, the trunk it came over and what is known of the
caller. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ntpd112.config import Config, NumberConfig, QueueConfig, TrunkConfig
from ntpd112.journal.events import Lane
from ntpd112.memory import Memory

MOST_URGENT = 0
SOS = "urn:service:sos."
"Before the name of a sub-service (RFC 5031 §4.2)."


@dataclass(frozen=True, slots=True)
class Known:
    """What the caller's record says. An anonymous caller has none: the defaults."""

    lift: bool = False
    "A recent emergency: goes before everything else."
    put_back: bool = False
    "Many pranks: waits in the quiet lane."
    reasons: tuple[str, ...] = ()
    "Of the two above."
    waited_s: float = 0.0
    "Waited before hanging up a moment ago: the place is kept."
    operator: str = ""
    "Whom they spoke to lately."


def known_of(memory: Memory, caller: str, now: float) -> Known:
    """`now`: epoch seconds. Of an anonymous caller nothing is known."""
    if not caller:
        return Known()
    standing = memory.callers.standing(caller, now)
    return Known(
        lift=standing.lift,
        put_back=standing.put_back,
        reasons=tuple(standing.reasons),
        waited_s=memory.places.place(caller, now) or 0.0,
        operator=memory.callers.operator(caller, now) or "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    queue: str
    priority: int
    skills: dict[str, int]
    prefer: dict[str, int]
    lane: Lane = "normal"
    longest_wait: float | None = None
    "Seconds in the quiet lane at most."
    waited_s: float = 0.0
    wish: str = ""
    reasons: list[str]
    priority_by_hand: bool = False
    "A person wanted this priority: it goes along into another queue."


def number_of(config: Config, dialled: str) -> NumberConfig | None:
    """What is configured about the number, by its longest match."""
    found = [one for one in config.number if serves(one.number.lower(), dialled.lower())]
    return max(found, key=lambda one: len(one.number), default=None)


def queue_of(config: Config, dialled: str) -> QueueConfig | None:
    """The queue that serves the number. The longest URN that covers it wins."""
    number = dialled.lower()
    serving = [
        (len(own), -rank, queue)
        for rank, queue in enumerate(config.queue)
        for own in queue.numbers
        if serves(own.lower(), number)
    ]
    return max(serving, key=lambda one: one[:2])[2] if serving else None


def serves(own: str, dialled: str) -> bool:
    return dialled == own or (own.startswith("urn:") and dialled.startswith(own + "."))


def category_of(dialled: str, number: NumberConfig | None) -> str:
    """What the dialled number is known to be about: as configured, else the URN's sub-service."""
    if number is not None and number.category:
        return number.category
    return dialled.lower().removeprefix(SOS) if dialled.lower().startswith(SOS) else ""


def needs_of(
    queue: QueueConfig,
    number: NumberConfig | None,
    trunk: TrunkConfig | None,
    known: Known,
    put_back_s: float,
) -> Needs:
    """`put_back_s`: how long a caller who is put back waits behind others at most, in seconds."""
    askers = [one for one in (queue, number, trunk) if one is not None]
    lane: Lane = "quiet" if known.put_back and not known.lift else "normal"
    return Needs(
        queue=queue.name,
        priority=MOST_URGENT if known.lift else _priority(queue, number, trunk),
        skills=highest(one.skills for one in askers),
        prefer=highest(one.prefer for one in askers),
        lane=lane,
        longest_wait=put_back_s if lane == "quiet" else None,
        waited_s=known.waited_s,
        wish=known.operator,
        reasons=list(_reasons(number, trunk, known)),
    )


def _priority(queue: QueueConfig, number: NumberConfig | None, trunk: TrunkConfig | None) -> int:
    """The number's own, else the queue's; a trunk can only make it more urgent."""
    asked = queue.priority if number is None or number.priority is None else number.priority
    return asked if trunk is None or trunk.priority is None else min(asked, trunk.priority)


def highest(all_levels: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Every skill with the highest level that anyone asks for."""
    highest: dict[str, int] = {}
    for levels in all_levels:
        for skill, level in levels.items():
            highest[skill] = max(level, highest.get(skill, 0))
    return highest


def _reasons(number: NumberConfig | None, trunk: TrunkConfig | None, known: Known) -> Iterator[str]:
    if number is not None and (said := _says(number)):
        yield f"number {number.number}: {said}"
    if trunk is not None and (said := _says(trunk)):
        yield f"trunk {trunk.name}: {said}"
    yield from (f"caller: {reason}" for reason in known.reasons)
    if known.waited_s > 0:
        yield f"caller: place kept, waited {known.waited_s:.0f} s before"
    if known.operator:
        yield f"caller: spoke to {known.operator} lately"


def _says(one: NumberConfig | TrunkConfig) -> str:
    """What the section asks for, in words; empty: nothing."""
    asked = []
    if one.priority is not None:
        asked.append(f"priority {one.priority}")
    asked += [f"{skill} {level}" for skill, level in one.skills.items()]
    asked += [f"better {skill} {level}" for skill, level in one.prefer.items()]
    return ", ".join(asked)
