"""The ACD's books as others see them: snapshots, made on demand."""

from __future__ import annotations

import msgspec

from .model import CallState, Counters, Lane, OperatorSpec
from .states import OperatorState, SettledState


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call that no operator has answered yet."""

    call_id: str
    queue: str
    state: CallState
    lane: Lane
    priority: int
    must: dict[str, int]
    prefer: dict[str, int]
    excluded: list[str]
    "Roles that are kept out."
    step: int
    "Steps of the ladder taken."
    since: float
    "When the caller first waited."
    incident: bool
    offers: dict[str, int]
    "Operators whose phones ring now, with the offer's number."
    made: int
    "Offers made so far."
    offered: dict[str, int]
    "Operators it was offered to and how many times."
    declined: dict[str, str]
    "Operators who did not take it, and why."


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """An operator as they are now."""

    spec: OperatorSpec
    state: OperatorState
    reason: str
    since: float
    call_id: str | None
    phone: bool
    "A registered, reachable phone exists."
    wanted: SettledState
    "Where they are when no call or phone keeps them elsewhere: ready, or what they or RONA asked for."
    wanted_reason: str
    next_state: OperatorState | None
    "Where a ring or talk ends when that is not wrap-up: what was asked for meanwhile, or offline."
    counters: Counters

    @property
    def id(self) -> str:
        return self.spec.id


class QueueLoad(msgspec.Struct, frozen=True):
    waiting: int
    ringing: int
    talking: int
    "Operators who talk in a call of this queue."
    longest_wait_s: float
    "Of the calls not answered yet, whether a phone rings for them or not; 0 without any."
    lanes: dict[Lane, int]
    "The same calls by lane."
