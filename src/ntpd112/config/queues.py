"""Queues, their ladders, and what leads into and out of them: numbers and destinations."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from . import reach
from .fields import Duration, DurationAbove0, Keys, Name, Priority, Reaches, Section, Skills

Strategy = Literal[
    "longest-idle", "least-calls", "least-talk", "round-robin", "random", "tier", "ring-all", "progressive"
]
DESTINATION_RING_S = 10.0
"Seconds each target of a destination rings: police 110 climbs from Polres to Polda to Mabes in such steps."
ALL_BUSY = "all-busy"
"The prompt before a destination is rung, unless the step names another."


def _target(to: str) -> str:
    return reach.reach(to) if is_uri(to) else to


def is_uri(to: str) -> bool:
    """A step's `to` is a SIP URI or a trunk's number; else the name of a destination or queue."""
    return to.lower().startswith(("sip:", "sips:", reach.TRUNK))


class LadderStep(Section):
    after: Duration
    "Time waited."
    drop: list[Name] = []
    "Skills that are required no longer."
    any: bool = False
    "No skill is required any longer."
    include: list[Name] = []
    "Roles that are kept out no longer."
    to: Annotated[str, AfterValidator(_target)] = ""
    "Name of a destination or queue, a SIP URI, or `trunk:NAME/NUMBER`."
    ring: DurationAbove0 | None = None
    "How long each target rings. None: the destination's own; a SIP URI rings DESTINATION_RING_S."
    announce: str = ""
    "A prompt before the destination is rung; empty: none. A step with `to` that does not say has `all-busy`."

    @model_validator(mode="before")
    @classmethod
    def _announce_what_comes(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("to"):
            return {"announce": ALL_BUSY} | given
        return given

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        widens = bool(self.drop or self.any or self.include)
        if self.to and widens:
            raise ValueError('does two things: give "to" a step of its own')
        if not self.to and not widens:
            raise ValueError("changes nothing: it needs drop, any, include or to")
        if not self.to and (self.ring is not None or self.announce):
            raise ValueError('has ring or announce, which go with "to" only')
        return self


class ScreeningConfig(Section):
    """The caller is asked to speak or press a key; who does neither waits in the quiet lane."""

    when: Literal["busy", "always"] = "busy"
    "`busy`: only while no operator is free."
    prompt: str = "speak"
    window: DurationAbove0 = 6.0
    longest_wait: Duration = 60.0
    "A quiet call waits no longer than this behind normal ones."
    panic: Keys = "55"
    "Keys that lift a silent call above all."


class QueueConfig(Section):
    name: Name
    numbers: list[Name] = []
    """What callers dial; `urn:service:sos` covers its sub-services. `load_config` adds the aliases of
    [[number]] that name this queue. None: only transfers and ladders lead here."""
    skills: Skills = {}
    "Required of an operator, with the least level."
    prefer: Skills = {}
    "Better have: among free operators those who have more of it come first."
    priority: Priority = 5
    strategy: Strategy = "longest-idle"
    ring_timeout: DurationAbove0 = 15.0
    ring_step: DurationAbove0 = 5.0
    "Progressive: after each, one more phone rings."
    wrap_up: Duration = 10.0
    ageing: Duration = 30.0
    "How far one step of priority puts a call back; 0: priority counts for nothing."
    decline_pause: Duration = 5.0
    "Without a call after declining one."
    max_waiting: Annotated[int, Field(ge=0)] = 0
    "More waiting calls go up the ladder at once; 0: no limit."
    roles: list[Name] = ["reserve", "supervisor"]
    "Skills that keep an operator out until a step of the ladder includes them."
    answer: Literal["announce", "ring"] = "announce"
    "Answer at once with an announcement, or let it ring until an operator picks up."
    announcement: str = "welcome"
    "A prompt's name; empty: ring-back tone at once."
    periodic: str = "wait"
    "The prompt that is played again and again while waiting; empty: none."
    periodic_every: DurationAbove0 = 30.0
    tell_position: bool = False
    tell_wait: bool = False
    "Tell the caller their place, and the expected wait, with the periodic announcement."
    language: Literal["id", "en", "both"] | None = None
    "Of the announcements. `both`: each in Indonesian, then in English. None: the site's."
    no_operator: Literal["wait", "reject"] = "wait"
    "When no operator is registered: let callers wait, or answer 503 so that the PBX falls back."
    screening: ScreeningConfig | None = None
    "None: no screening."
    ladder: list[LadderStep] = []
    "What changes as the call waits. After the last step those with `to` begin again."


class DestinationConfig(Section):
    """Somebody outside who takes calls: an agency (OPD), another centre, a telephone."""

    name: Name
    kind: Literal["agency", "centre", "phone"] = "agency"
    to: Reaches
    "Climbed in this order until one answers."
    ring: DurationAbove0 = DESTINATION_RING_S
    "How long each rings."
    numbers: list[Keys] = []
    "What an operator dials for it."
    title: str = ""
    "By default the name."

    @model_validator(mode="before")
    @classmethod
    def _title_from_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("title"):
            return given | {"title": given.get("name", "")}
        return given


class NumberConfig(Section):
    """What a number that callers dial says about the call."""

    number: Name
    queue: str = ""
    "Which queue serves it; empty: the one that has it among its numbers."
    category: str = ""
    "What the caller needs, e.g. `ambulance`; written into the CDR."
    skills: Skills = {}
    prefer: Skills = {}
    priority: Priority | None = None
    "None: the queue's."
