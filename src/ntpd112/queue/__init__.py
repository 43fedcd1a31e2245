"""The ACD: waiting calls, operators, skills, matching. Pure: events and `now` in, effects out."""

from .acd import Acd
from .errors import IllegalEvent, StateConflict, UnknownOperator, UnknownQueue
from .model import (
    Call,
    CancelOffer,
    Effect,
    Offer,
    Operator,
    OperatorSpec,
    QueueLoad,
    QueuePolicy,
    StateChanged,
)

__all__ = [
    "Acd",
    "Call",
    "CancelOffer",
    "Effect",
    "IllegalEvent",
    "Offer",
    "Operator",
    "OperatorSpec",
    "QueueLoad",
    "QueuePolicy",
    "StateChanged",
    "StateConflict",
    "UnknownOperator",
    "UnknownQueue",
]
