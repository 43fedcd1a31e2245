"""What goes into the ACD: queues with their ladders, operators, calls that ask for one. Plain values.

Times are monotonic seconds as given in `now`, durations seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

DECLINE_PAUSE = 5.0
"Seconds without a call after declining one or failing to ring, so that a broken phone is not hammered."
LAST_OPERATOR_PAUSE = 1.0
"Seconds before the last serving operator, who let a call ring, is rung again: time to see the phone stop."
AGEING = 60.0
"Seconds by which one step of priority lets later calls overtake: priority 5 waits behind 5 minutes at most."
LONGEST_WAIT = 120.0
"Seconds after which a call in the quiet lane becomes a normal one: a silent caller may be unable to speak."
HELD_AT_MOST = 30.0
"Seconds a call is held when nobody says how long: screening takes less than 10."
INCIDENT_WAIT = 600.0
"""Seconds after which a call about the known incident counts as any other: an emergency that was taken for
part of it must not wait for the incident's end. With half of it the others lose what flood mode gives them
(bench/simulator)."""
RING_STEP = 5.0
"Seconds between two operators of a progressive ring: one cadence of ring-back tone."
ROLES = ("reserve", "supervisor")
"Skills that keep an operator out of a queue until its ladder includes them."

CancelOutcome = Literal["rona", "withdrawn", "failed"]
CallState = Literal["waiting", "ringing"]
Lane = Literal["lifted", "normal", "quiet", "held"]
LANES: tuple[Lane, ...] = get_args(Lane)
Strategy = Literal[
    "longest-idle",
    "least-calls",
    "least-talk",
    "round-robin",
    "random",
    "tier",
    "ring-all",
    "progressive",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """What changes for a call that has waited `after` seconds. A step may do several things."""

    after: float
    drop: frozenset[str] = frozenset()
    "Skills no longer required."
    any: bool = False
    "No skill is required any more."
    include: frozenset[str] = frozenset()
    "Roles kept out no longer."
    to: bool = False
    "A destination is to be tried; which one is known to call control."


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    name: str
    ring_timeout: float
    "How long a phone rings before the call goes to the next operator. Above 0."
    wrap_up: float
    "How long an operator gets no call after one. 0: ready at once."
    decline_pause: float = DECLINE_PAUSE
    strategy: Strategy = "longest-idle"
    ring_step: float = RING_STEP
    "Progressive ringing: seconds until one more operator is rung. Above 0."
    ageing: float = AGEING
    longest_wait: float = LONGEST_WAIT
    incident_wait: float = INCIDENT_WAIT
    "How long a call about the known incident is held back while operators are kept free for others."
    max_waiting: int = 0
    "Calls that may wait before a new one takes all steps of the ladder at once. 0: unlimited."
    roles: tuple[str, ...] = ROLES
    ladder: tuple[LadderStep, ...] = ()
    "In order of time."

    def __post_init__(self) -> None:
        if self.ring_timeout <= 0:
            raise ValueError(f'queue "{self.name}": ring_timeout {self.ring_timeout} is not above 0')
        if self.ring_step <= 0:
            raise ValueError(f'queue "{self.name}": ring_step {self.ring_step} is not above 0')
        for key in ("wrap_up", "decline_pause", "ageing", "longest_wait", "incident_wait", "max_waiting"):
            if getattr(self, key) < 0:
                raise ValueError(f'queue "{self.name}": {key} {getattr(self, key)} is below 0')
        times = [step.after for step in self.ladder]
        if times != sorted(times) or any(after < 0 for after in times):
            raise ValueError(f'queue "{self.name}": the ladder\'s times {times} do not rise from 0')


@dataclass(frozen=True, slots=True)
class OperatorSpec:
    id: str
    name: str
    skills: dict[str, int] = field(default_factory=dict)
    "Skill to level; a skill not named has level 0."


@dataclass(slots=True)
class Counters:
    """What an operator has done, since ever: a restart gives it back with `set_counters`."""

    taken: int = 0
    "Offers answered."
    talk_s: float = 0.0
    offers: int = 0
    rona: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A call that wants an operator."""

    call_id: str
    queue: str
    priority: int
    "0 is most urgent."
    skills: Mapping[str, int] = field(default_factory=dict)
    "Must have, at these levels or above."
    prefer: Mapping[str, int] = field(default_factory=dict)
    "Better have: decides between free operators, keeps none out."
    since: float | None = None
    "When the caller first waited, for one who kept the place; None: now."
    wish: str = ""
    "The operator the caller spoke to before: first choice if free and fit."
    lane: Lane = "normal"
    lane_until: float | None = None
    "When a held call becomes quiet, or a quiet one normal, in place of the usual time."
    longest_wait: float | None = None
    "Seconds after which a quiet call becomes normal; None: the queue's."
    incident: bool = False
    "About the known incident; see `set_kept_free`."
    offers: int = 0
    "Offers made before this: a call that comes back counts on."
    declined: Mapping[str, str] = field(default_factory=dict)
    "Operators who refused the call before, with the reason."
