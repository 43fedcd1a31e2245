"""What the ACD refuses, each error naming the thing, its state and the event."""

from __future__ import annotations


class IllegalEvent(RuntimeError):
    """An event that cannot happen in the present state: the ACD and its user disagree about the world."""


class StateConflict(Exception):
    """What a person asked for cannot be done in the operator's present state; the message says why."""


class UnknownOperator(LookupError):
    """There is no operator with this id."""


class UnknownQueue(LookupError):
    """There is no queue with this name."""


class UnknownCall(LookupError):
    """No call with this id waits or rings."""
