"""What a call is like, folded from its events. Pure: the same events give the same states, so a sink that was
away, or died, tells what it would have told.

The state follows from what is known of the call: it is never set by hand, so it cannot contradict the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from ntpd112.journal.events import (
    CallClassified,
    CallConnected,
    CallEnded,
    CallHeld,
    CallLane,
    CallNeeds,
    CallPriority,
    CallQueued,
    CallRelaxed,
    CallRequeued,
    CallResumed,
    CallStarted,
    Classification,
    Direction,
    Disposition,
    HangupBy,
    JournalEvent,
    Lane,
    LegEnded,
    OfferEnded,
    OfferMade,
    PartyChanged,
    PartyFailed,
    PartyJoined,
    PartyKind,
    PartyLeft,
    PartyMode,
    PartyRings,
)

State = Literal["arriving", "waiting", "ringing", "talking", "held", "ended"]
CALLER = 0
"Number of the caller's leg."


class PartyState(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a call beside the caller."""

    kind: PartyKind
    name: str
    mode: PartyMode


class CallState(msgspec.Struct, frozen=True, kw_only=True):
    """A call after some of its events. Times are epoch seconds."""

    id: str
    direction: Direction
    trunk: str
    caller: str
    caller_name: str
    dialled: str
    category: str
    created_at: float
    queue: str = ""
    "Empty: in no queue yet."
    priority: int | None = None
    skills: Mapping[str, int] = {}
    lane: Lane | None = None
    waits_since: float | None = None
    "So that the wait is right: set back by time that was given back."
    answered: bool = False
    "Somebody picked up for the caller, since the call was last queued."
    connected_at: float | None = None
    "When the caller and somebody first heard each other, since the call was last queued."
    talked: str = ""
    "The last operator who talked to the caller."
    rings: Mapping[int, PartyState] = {}
    "Who is rung, by number of the leg."
    parties: Mapping[int, PartyState] = {}
    holders: frozenset[int] = frozenset()
    "Legs whose phones hold."
    caller_held: bool = False
    classification: Classification | None = None
    ended_at: float | None = None
    disposition: Disposition | None = None
    hangup_by: HangupBy | None = None

    @property
    def state(self) -> State:
        if self.ended_at is not None:
            return "ended"
        if self.answered:
            return "talking" if self._heard() else "held"
        if self.rings or self.parties:  # an operator who calls somebody back is in before them
            return "ringing"
        return "waiting" if self.waits_since is not None else "arriving"

    @property
    def operator(self) -> str | None:
        """Who talks (of several, who joined first), else whose phone rings; of an ended call who talked
        last."""
        if self.ended_at is not None:
            return self.talked or None
        for somebody in (*self.parties.values(), *self.rings.values()):
            if somebody.kind == "operator":
                return somebody.name
        return None

    def waiting_s(self, now: float) -> float:
        """Until the caller and somebody heard each other. `now`: epoch seconds."""
        if self.waits_since is None:
            return 0.0
        return round(max(0.0, (self.connected_at or self.ended_at or now) - self.waits_since), 3)

    def _heard(self) -> bool:
        """Whether the caller hears anybody, whoever put whom on hold."""
        if self.caller_held or CALLER in self.holders:
            return False
        return any(
            party.mode == "talk" and number not in self.holders for number, party in self.parties.items()
        )


def advance(call: CallState | None, event: JournalEvent) -> CallState | None:
    """The call after one more of its events; the same object if nothing changed. None stays None until the
    call's start: its beginning was pruned, or the event belongs to no call."""
    if call is None:
        return _begun(event) if isinstance(event, CallStarted) else None
    if call.ended_at is not None and not isinstance(event, CallClassified):
        return call
    changed = msgspec.structs.replace(call, **_changes(call, event))
    return call if changed == call else changed


def _begun(event: CallStarted) -> CallState:
    return CallState(
        id=event.call_id,
        direction=event.direction,
        trunk=event.trunk,
        caller=event.caller,
        caller_name=event.caller_name,
        dialled=event.dialled,
        category=event.category,
        created_at=event.at,
        talked=event.operator,
    )


def _changes(call: CallState, event: JournalEvent) -> dict[str, Any]:
    match event:
        case CallQueued():
            return {
                "queue": event.queue,
                "priority": event.priority,
                "skills": event.skills,
                "lane": event.lane,
                "waits_since": event.at - event.waited_s,
            }
        case CallRequeued():
            return _again(call, event)
        case CallLane():
            return {"lane": event.lane}
        case CallPriority():
            return {"priority": event.priority}
        case CallNeeds() | CallRelaxed():
            return {"skills": event.skills}
        case CallClassified():
            return {"classification": event.classification}
        case CallEnded():
            return {
                "ended_at": event.at,
                "disposition": event.disposition,
                "hangup_by": event.hangup_by,
                "rings": {},
                "parties": {},
                "holders": frozenset(),
                "caller_held": False,
            }
    return _of_a_leg(call, event)


def _again(call: CallState, event: CallRequeued) -> dict[str, Any]:
    """The call waits again, with the wait it had."""
    had = 0.0 if call.waits_since is None else (call.connected_at or event.at) - call.waits_since
    return {
        "queue": event.queue,
        "waits_since": event.at - had,
        "answered": False,
        "connected_at": None,
        "caller_held": False,
    }


def _of_a_leg(call: CallState, event: JournalEvent) -> dict[str, Any]:
    match event:
        case OfferMade():
            rung = PartyState(kind="operator", name=event.operator, mode="talk")
            return {"rings": {**call.rings, event.offer: rung}}
        case PartyRings():
            rung = PartyState(kind=event.kind, name=event.name, mode="talk")
            return {"rings": {**call.rings, event.leg: rung}}
        case OfferEnded(outcome="answered"):
            joined = PartyState(kind="operator", name=event.operator, mode="talk")
            return _joined(call, event.offer, joined) | {"answered": True}
        case OfferEnded():
            return {"rings": _without(call.rings, event.offer)}
        case PartyFailed():
            return {"rings": _without(call.rings, event.leg)}
        case CallConnected():
            # Of a call among operators it names who made it, so who is in is taken from what came before.
            return _connected(call, event.at) | {"talked": event.operator}
        case PartyJoined():
            joined = PartyState(kind=event.kind, name=event.name, mode=event.mode)
            answers = event.purpose not in ("supervision", "callback")
            return _joined(call, event.leg, joined) | (_connected(call, event.at) if answers else {})
        case PartyChanged(leg=number) if number == CALLER:
            return {"caller_held": event.mode == "hold"}
        case PartyChanged(leg=number) if number in call.parties:
            other = msgspec.structs.replace(call.parties[number], mode=event.mode)
            return {"parties": {**call.parties, number: other}}
        case LegEnded(offer=number) if number in call.rings:
            return {"rings": _without(call.rings, number)}
        case PartyLeft():
            return {
                "parties": _without(call.parties, event.leg),
                "holders": call.holders - {event.leg},
            }
        case CallHeld():
            return {"holders": call.holders | {event.leg}}
        case CallResumed():
            return {"holders": call.holders - {event.leg}}
    return {}


def _joined(call: CallState, number: int, party: PartyState) -> dict[str, Any]:
    return {"parties": {**call.parties, number: party}, "rings": _without(call.rings, number)}


def _connected(call: CallState, at: float) -> dict[str, Any]:
    """Somebody and the caller hear each other."""
    return {"answered": True, "connected_at": at if call.connected_at is None else call.connected_at}


def _without(parties: Mapping[int, PartyState], number: int) -> dict[int, PartyState]:
    return {key: party for key, party in parties.items() if key != number}
