"""What comes out of the ACD: what is to be done, and what it has decided and why. Plain values."""

from __future__ import annotations

import msgspec

from .model import CancelOutcome, Lane
from .states import OperatorState

MAX_NAMED = 10
"Operators named in each list of a `Why`: enough to answer a question, whatever the size of the hall."


class Skipped(msgspec.Struct, frozen=True):
    """A free or wished-for operator who was passed over."""

    operator: str
    reason: str


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """How the ACD came to this operator."""

    waited_ms: int
    step: int
    "Steps of the ladder taken so far."
    lane: Lane
    free: int
    "Operators who fit and were idle, the chosen one among them."
    candidates: list[str] = []
    "The first of them, in order of preference and strategy."
    skipped: list[Skipped] = []
    fit: dict[OperatorState, int] = {}
    "Operators who fit, by state."
    unfit: int = 0
    "Operators serving without the skills, or kept out by a role."
    chosen_by: str
    "The strategy, `sticky` (the caller's operator), `pulled` (a supervisor), `freed` (the first to be free)."


class Offer(msgspec.Struct, frozen=True):
    """Ring this operator for this call. `number` counts the call's offers from 1."""

    call_id: str
    operator: str
    number: int
    why: Why


class CancelOffer(msgspec.Struct, frozen=True):
    """Stop ringing: nobody picked up (`rona`), the caller or the operator is gone or another answered
    (`withdrawn`), or the phone is lost (`failed`). The ACD has already moved on; it expects no answer."""

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


NOBODY_FITS = "nobody serving fits"


class Waits(msgspec.Struct, frozen=True):
    """The call begins to wait, ringing nowhere, or waits on for another reason."""

    call_id: str
    fit: dict[OperatorState, int]
    unfit: int
    reason: str


class LaneChanged(msgspec.Struct, frozen=True):
    call_id: str
    lane: Lane
    reason: str
    by: str = ""
    "Who wanted it, when it was a person."


class Relaxed(msgspec.Struct, frozen=True):
    """A step of the ladder widened who may be rung: what is still required, and who still kept out."""

    call_id: str
    step: int
    "From 1."
    skills: dict[str, int]
    excluded: list[str]
    waited_ms: int
    reason: str
    "Why before its time; empty: its time had come."


class Climb(msgspec.Struct, frozen=True):
    """The destination of this step of the ladder is to be tried; the call keeps its place meanwhile."""

    call_id: str
    step: int
    "From 1."
    reason: str
    queue: str = ""
    "Whose ladder it is: the call may have been put into another one since."


class IncidentWaited(msgspec.Struct, frozen=True):
    """A call about the known incident has been held back for its longest: it counts as any other now."""

    call_id: str
    reason: str


class LastOperator(msgspec.Struct, frozen=True):
    """Let the call ring, and stays in rotation since nobody else who fits serves."""

    call_id: str
    operator: str


Effect = (
    Offer | CancelOffer | StateChanged | Waits | LaneChanged | Relaxed | Climb | IncidentWaited | LastOperator
)


def milliseconds(seconds: float) -> int:
    return round(1000 * max(0.0, seconds))
