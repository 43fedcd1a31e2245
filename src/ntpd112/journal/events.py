"""The events of the journal: what happened to calls, operators and trunks, in the order it happened.

They are the one source of truth: a CDR, a live view, an MQTT message are folds over them. Fields are only
ever added, with a default, so that an old journal stays readable. Times are epoch seconds (UTC).
"""

from __future__ import annotations

from typing import Literal

import msgspec

Disposition = Literal["answered", "abandoned", "overflowed", "rejected", "failed", "interrupted"]
Classification = Literal["emergency", "information", "ghost", "prank"]
OfferOutcome = Literal["answered", "rona", "declined", "failed", "withdrawn"]
HangupBy = Literal["caller", "operator", "system"]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """`call_id` is empty for events that belong to no call."""

    at: float
    call_id: str = ""


class CallStarted(Event, frozen=True, kw_only=True, tag="call.started"):
    """An INVITE was admitted."""

    region: str
    trunk: str
    dialled: str
    caller: str
    "E.164 with `+`, as sent when it is no telephone number, or empty for an anonymous caller."
    caller_name: str = ""
    diverted_from: str = ""
    sip_call_id: str = ""
    source: str = ""
    "host:port of the peer."
    location: dict[str, object] | None = None
    "What the PIDF-LO said: `latitude`, `longitude`, `radius_m`, `civic`, ...; `error` when it was garbled."
    access_network: str = ""
    "P-Access-Network-Info as it came."
    parts: list[dict[str, str]] = []
    "Body parts beside the SDP: `content_type`, `content_id`, `text` (bounded)."


class CallQueued(Event, frozen=True, kw_only=True, tag="call.queued"):
    queue: str
    priority: int
    skills: dict[str, int] = {}


class CallAccepted(Event, frozen=True, kw_only=True, tag="call.accepted"):
    """The agent answered the caller itself (200) to play an announcement while waiting."""


class OfferMade(Event, frozen=True, kw_only=True, tag="offer.made"):
    offer: int
    "Number of the offer within its call, from 1."
    operator: str


class OfferRinging(Event, frozen=True, kw_only=True, tag="offer.ringing"):
    """The operator's phone said 180 or 183."""

    offer: int
    operator: str


class OfferEnded(Event, frozen=True, kw_only=True, tag="offer.ended"):
    offer: int
    operator: str
    outcome: OfferOutcome
    sip_code: int = 0


class CallConnected(Event, frozen=True, kw_only=True, tag="call.connected"):
    """Caller and operator can hear each other."""

    offer: int
    operator: str


class CallHeld(Event, frozen=True, kw_only=True, tag="call.held"):
    by: Literal["caller", "operator"]


class CallResumed(Event, frozen=True, kw_only=True, tag="call.resumed"):
    by: Literal["caller", "operator"]


class CallDtmf(Event, frozen=True, kw_only=True, tag="call.dtmf"):
    by: Literal["caller", "operator"]
    digit: str


class CallClassified(Event, frozen=True, kw_only=True, tag="call.classified"):
    classification: Classification
    by: str
    "An operator id or `api:KEYNAME`."


class RecordingStarted(Event, frozen=True, kw_only=True, tag="recording.started"):
    file: str
    "Relative to the recordings folder."


class RecordingFailed(Event, frozen=True, kw_only=True, tag="recording.failed"):
    reason: str


class LegEnded(Event, frozen=True, kw_only=True, tag="leg.ended"):
    """One leg's end, for the CDR's segments."""

    party: Literal["caller", "operator"]
    operator: str = ""
    offer: int = 0
    sip_code: int = 0
    q850_cause: int = 16


class CallEnded(Event, frozen=True, kw_only=True, tag="call.ended"):
    """The call is over for everyone. Exactly one per call."""

    disposition: Disposition
    hangup_by: HangupBy
    sip_code: int
    "What the caller's INVITE was answered with in the end: 200, 487, 503, ..."
    q850_cause: int
    reason: str = ""


class LegQuality(Event, frozen=True, kw_only=True, tag="leg.quality"):
    """Comes shortly after `CallEnded`: what a party's media was like as received by us, and what the party
    reported of ours by RTCP (None: it reported nothing)."""

    party: Literal["caller", "operator"]
    packets: int
    lost: int
    jitter_ms: float
    remote_lost: int | None = None
    remote_jitter_ms: float | None = None


class OperatorChanged(Event, frozen=True, kw_only=True, tag="operator.changed"):
    operator: str
    state: str
    previous: str
    reason: str = ""


class TrunkChanged(Event, frozen=True, kw_only=True, tag="trunk.changed"):
    trunk: str
    up: bool
    reason: str = ""


class AgentStarted(Event, frozen=True, kw_only=True, tag="agent.started"):
    version: str


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
    | LegEnded
    | CallEnded
    | LegQuality
    | OperatorChanged
    | TrunkChanged
    | AgentStarted
)
