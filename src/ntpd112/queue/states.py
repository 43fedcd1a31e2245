"""The states of an operator and the events that lead from one to another, as data.

`offline`, `ready`, `break` are where an operator settles, by their phone and by what was asked for;
`ringing`, `talking`, `wrap-up` are what a call does to them. `engage` is a call that the ACD did not offer;
`ring on` is the ring that the last serving operator missed. An event that the table does not have for a
state raises IllegalEvent.
"""

from __future__ import annotations

from typing import Literal, get_args

from .errors import IllegalEvent

OperatorState = Literal["offline", "ready", "ringing", "talking", "wrap-up", "break"]
OPERATOR_STATES: tuple[OperatorState, ...] = get_args(OperatorState)
SettledState = Literal["ready", "break", "offline"]
OperatorEvent = Literal[
    "offer",
    "accept",
    "decline",
    "fail",
    "ring out",
    "ring on",
    "withdraw",
    "engage",
    "finish",
    "go ready",
    "go break",
    "go offline",
]

SERVING: frozenset[OperatorState] = frozenset({"ready", "ringing", "talking", "wrap-up"})
"Takes calls, now or after the one they are busy with."

SETTLE: dict[SettledState, OperatorEvent] = {
    "ready": "go ready",
    "break": "go break",
    "offline": "go offline",
}

TRANSITIONS: dict[OperatorState, dict[OperatorEvent, OperatorState]] = {
    "offline": {"engage": "talking", "go ready": "ready", "go break": "break"},
    "ready": {"offer": "ringing", "engage": "talking", "go break": "break", "go offline": "offline"},
    "ringing": {
        "accept": "talking",
        "decline": "wrap-up",
        "fail": "wrap-up",
        "ring out": "break",
        "ring on": "wrap-up",
        "withdraw": "ready",
        "go break": "break",
        "go offline": "offline",
    },
    "talking": {"finish": "wrap-up", "go ready": "ready", "go break": "break", "go offline": "offline"},
    "wrap-up": {"engage": "talking", "go ready": "ready", "go break": "break", "go offline": "offline"},
    "break": {"engage": "talking", "go ready": "ready", "go offline": "offline"},
}


def next_state(operator: str, state: OperatorState, event: OperatorEvent) -> OperatorState:
    """Raises IllegalEvent naming operator, state and event."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalEvent(f'operator "{operator}" is {state}: "{event}" cannot happen now') from None
