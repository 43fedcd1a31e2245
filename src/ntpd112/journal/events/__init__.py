"""The events of the journal: what happened to calls, operators and trunks, in the order it happened.

They are the one source of truth: a CDR, a live view, an MQTT message are folds over them. Fields are only
ever added, with a default, so that an old journal stays readable. Times are epoch seconds (UTC).
"""

from __future__ import annotations

from typing import get_args

from .base import (
    CallbackOutcome,
    Classification,
    Direction,
    Disposition,
    Event,
    HangupBy,
    Lane,
    OfferOutcome,
    PartyKind,
    PartyMode,
    Purpose,
    SoundKind,
)
from .calls import (
    CallAccepted,
    CallClassified,
    CallConnected,
    CallDtmf,
    CallEnded,
    CallHeld,
    CallQueued,
    CallResumed,
    CallStarted,
    LegEnded,
    LegQuality,
    MediaProblem,
    OfferEnded,
    OfferMade,
    OfferRinging,
    RecordingFailed,
    RecordingStarted,
)
from .centre import (
    AgentStarted,
    CallbackClosed,
    CallbackTried,
    CallerCorrected,
    FloodChanged,
    JournalRestored,
    LastOperator,
    OperatorChanged,
    StateRepaired,
    TrunkChanged,
    TrunkFilled,
    TrunkMaintenance,
    TrunkRefused,
)
from .parties import (
    PartyChanged,
    PartyFailed,
    PartyJoined,
    PartyLeft,
    PartyRings,
    TransferEnded,
    TransferStarted,
)
from .waiting import (
    CallAnnounced,
    CallHurried,
    CallIncident,
    CallLane,
    CallNeeds,
    CallPriority,
    CallPulled,
    CallRelaxed,
    CallRequeued,
    CallScreened,
    CallWaits,
)

JournalEvent = (
    CallStarted
    | CallQueued
    | CallAccepted
    | OfferMade
    | OfferRinging
    | OfferEnded
    | CallConnected
    | CallHeld
    | CallResumed
    | CallDtmf
    | CallClassified
    | RecordingStarted
    | RecordingFailed
    | MediaProblem
    | LegEnded
    | CallEnded
    | LegQuality
    | CallWaits
    | CallLane
    | CallPriority
    | CallNeeds
    | CallPulled
    | CallHurried
    | CallRelaxed
    | CallScreened
    | CallIncident
    | CallAnnounced
    | CallRequeued
    | PartyRings
    | PartyFailed
    | PartyJoined
    | PartyChanged
    | PartyLeft
    | TransferStarted
    | TransferEnded
    | CallbackTried
    | CallbackClosed
    | CallerCorrected
    | FloodChanged
    | LastOperator
    | StateRepaired
    | OperatorChanged
    | TrunkChanged
    | TrunkFilled
    | TrunkMaintenance
    | TrunkRefused
    | AgentStarted
    | JournalRestored
)


def event_type(event: Event | type[Event]) -> str:
    """As the journal and everybody who is told writes it: `call.started`."""
    return str(event.__struct_config__.tag)


EVENT_TYPES: tuple[str, ...] = tuple(event_type(event) for event in get_args(JournalEvent))
"In the order of the files here."

__all__ = [
    "EVENT_TYPES",
    "AgentStarted",
    "CallAccepted",
    "CallAnnounced",
    "CallClassified",
    "CallConnected",
    "CallDtmf",
    "CallEnded",
    "CallHeld",
    "CallHurried",
    "CallIncident",
    "CallLane",
    "CallNeeds",
    "CallPriority",
    "CallPulled",
    "CallQueued",
    "CallRelaxed",
    "CallRequeued",
    "CallResumed",
    "CallScreened",
    "CallStarted",
    "CallWaits",
    "CallbackClosed",
    "CallbackOutcome",
    "CallbackTried",
    "CallerCorrected",
    "Classification",
    "Direction",
    "Disposition",
    "Event",
    "FloodChanged",
    "HangupBy",
    "JournalEvent",
    "JournalRestored",
    "Lane",
    "LastOperator",
    "LegEnded",
    "LegQuality",
    "MediaProblem",
    "OfferEnded",
    "OfferMade",
    "OfferOutcome",
    "OfferRinging",
    "OperatorChanged",
    "PartyChanged",
    "PartyFailed",
    "PartyJoined",
    "PartyKind",
    "PartyLeft",
    "PartyMode",
    "PartyRings",
    "Purpose",
    "RecordingFailed",
    "RecordingStarted",
    "SoundKind",
    "StateRepaired",
    "TransferEnded",
    "TransferStarted",
    "TrunkChanged",
    "TrunkFilled",
    "TrunkMaintenance",
    "TrunkRefused",
    "event_type",
]
