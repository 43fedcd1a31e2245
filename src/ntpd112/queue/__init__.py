"""The ACD: waiting calls, operators, skills, matching. Pure: events and `now` in, effects out."""

from .acd import Acd
from .effects import (
    NOBODY_FITS,
    CancelOffer,
    Climb,
    Effect,
    IncidentWaited,
    LaneChanged,
    LastOperator,
    Offer,
    Relaxed,
    Skipped,
    StateChanged,
    Waits,
    Why,
)
from .errors import IllegalEvent, StateConflict, UnknownCall, UnknownOperator, UnknownQueue
from .model import Ask, Counters, LadderStep, Lane, OperatorSpec, QueuePolicy, Strategy
from .views import Call, Operator, QueueLoad

__all__ = [
    "NOBODY_FITS",
    "Acd",
    "Ask",
    "Call",
    "CancelOffer",
    "Climb",
    "Counters",
    "Effect",
    "IllegalEvent",
    "IncidentWaited",
    "LadderStep",
    "Lane",
    "LaneChanged",
    "LastOperator",
    "Offer",
    "Operator",
    "OperatorSpec",
    "QueueLoad",
    "QueuePolicy",
    "Relaxed",
    "Skipped",
    "StateChanged",
    "StateConflict",
    "Strategy",
    "UnknownCall",
    "UnknownOperator",
    "UnknownQueue",
    "Waits",
    "Why",
]
