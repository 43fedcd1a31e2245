"""The ACD: waiting calls, operators, skills, matching. Pure: events and `now` in, effects out."""

from .acd import Acd
from .errors import IllegalEvent, StateConflict, UnknownOperator, UnknownQueue
from .model import (
    CallStatus,
    CancelOffer,
    Effect,
    Offer,
    OperatorSpec,
    OperatorStatus,
    QueueLoad,
    QueuePolicy,
    StateChanged,
)

__all__ = [
    "Acd",
    "CallStatus",
    "CancelOffer",
    "Effect",
    "IllegalEvent",
    "Offer",
    "OperatorSpec",
    "OperatorStatus",
    "QueueLoad",
    "QueuePolicy",
    "StateChanged",
    "StateConflict",
    "UnknownOperator",
    "UnknownQueue",
]
