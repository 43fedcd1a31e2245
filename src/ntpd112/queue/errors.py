"""What the ACD refuses, each error naming the thing, its state and the event."""

from __future__ import annotations


class IllegalEvent(RuntimeError):
    """An event that cannot happen in the present state: the ACD and its user disagree about the world."""


class StateConflict(Exception):
    """The operator cannot go to that state now; the message says why."""


class UnknownOperator(LookupError):
    """There is no operator with this id."""


class UnknownQueue(LookupError):
    """There is no queue with this name."""
