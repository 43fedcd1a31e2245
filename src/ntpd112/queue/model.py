"""What goes into the ACD (policies, operators) and what comes out (effects, views): plain values.

Times are monotonic seconds as given in `now`, durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from .states import OperatorState

DECLINE_PAUSE = 5.0
"Seconds without a call after declining one or failing to ring, so that a broken phone is not hammered."

CancelOutcome = Literal["rona", "withdrawn", "failed"]
CallState = Literal["waiting", "ringing", "talking"]


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    name: str
    ring_timeout: float
    "How long a phone rings before the call goes to the next operator. Above 0."
    wrap_up: float
    "How long an operator gets no call after one. 0: ready at once."
    decline_pause: float = DECLINE_PAUSE

    def __post_init__(self) -> None:
        if self.ring_timeout <= 0:
            raise ValueError(f'queue "{self.name}": ring_timeout {self.ring_timeout} is not above 0')
        if self.wrap_up < 0 or self.decline_pause < 0:
            raise ValueError(f'queue "{self.name}": wrap_up and decline_pause cannot be below 0')


@dataclass(frozen=True, slots=True)
class OperatorSpec:
    id: str
    name: str
    skills: dict[str, int] = field(default_factory=dict)
    "Skill to level; a skill not named has level 0."


class Offer(msgspec.Struct, frozen=True):
    """Ring this operator for this call. `number` counts the call's offers from 1."""

    call_id: str
    operator: str
    number: int


class CancelOffer(msgspec.Struct, frozen=True):
    """Stop ringing: nobody picked up (`rona`), the caller or the operator is gone (`withdrawn`), or the
    phone is lost (`failed`). The ACD has already moved on; it expects no answer."""

    call_id: str
    operator: str
    number: int
    outcome: CancelOutcome


class StateChanged(msgspec.Struct, frozen=True):
    """`call_id`: the call that brought the operator into this state, if one did."""

    operator: str
    previous: OperatorState
    state: OperatorState
    reason: str
    call_id: str | None = None


Effect = Offer | CancelOffer | StateChanged


class Call(msgspec.Struct, frozen=True):
    """A call that the ACD knows."""

    call_id: str
    queue: str
    state: CallState
    priority: int
    skills: dict[str, int]
    since: float
    "When it was enqueued."
    operator: str | None
    "Who rings or talks."
    offers: int
    offered: dict[str, int]
    "Operators it was offered to and how many times."


class Operator(msgspec.Struct, frozen=True):
    """An operator as they are now."""

    spec: OperatorSpec
    state: OperatorState
    reason: str
    since: float
    call_id: str | None
    phone: bool
    "A registered, reachable phone exists."
    next_state: OperatorState | None
    "Where a ring or talk ends when that is not wrap-up: what was asked for meanwhile, or offline."

    @property
    def id(self) -> str:
        return self.spec.id


class QueueLoad(msgspec.Struct, frozen=True):
    waiting: int
    ringing: int
    talking: int
    longest_wait_s: float
    "Of the calls not answered yet, whether a phone rings for them or not; 0 without any."
