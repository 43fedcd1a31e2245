"""A call's own life: its start, its place in a queue, its operator, its end."""

from __future__ import annotations

from .base import (
    Classification,
    Direction,
    Disposition,
    Event,
    HangupBy,
    Lane,
    OfferOutcome,
    PartyKind,
    SoundKind,
)


class CallStarted(Event, frozen=True, kw_only=True, tag="call.started"):
    """An INVITE was admitted."""

    region: str
    trunk: str
    dialled: str
    "As it came; `number` is what the trunk's rules made of it."
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
    category: str = ""
    "What the dialled number is known to be about: `police`, `fire`, ...; empty when it says nothing."
    direction: Direction = "in"
    operator: str = ""
    "Whose phone began the call, unless it came in."
    callback_of: str = ""
    "Id of the call whose caller is called back."
    number: str = ""
    "What the trunk's number rules made of `dialled`; empty: none of them fits."

    @property
    def served_as(self) -> str:
        """The number that queues look at."""
        return self.number or self.dialled


class CallQueued(Event, frozen=True, kw_only=True, tag="call.queued"):
    queue: str
    priority: int
    skills: dict[str, int] = {}
    prefer: dict[str, int] = {}
    lane: Lane = "normal"
    waited_s: float = 0.0
    "Waiting time given back from an earlier attempt (`keep_place`)."
    reasons: list[str] = []
    "Why this priority, lane and these skills: the number, the trunk, the caller's record, ..."


class CallAccepted(Event, frozen=True, kw_only=True, tag="call.accepted"):
    """The agent answered the caller itself (200) to play an announcement while waiting."""


class OfferMade(Event, frozen=True, kw_only=True, tag="offer.made"):
    offer: int
    "Number of the offer within its call, from 1."
    operator: str
    why: dict[str, object] = {}
    "How the ACD came to this operator: `queue.model.Why` as a dictionary."


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
    by: PartyKind
    leg: int = 0
    "Number of the leg within the call; see `PartyRings`."


class CallResumed(Event, frozen=True, kw_only=True, tag="call.resumed"):
    by: PartyKind
    leg: int = 0
    "Number of the leg within the call; see `PartyRings`."


class CallDtmf(Event, frozen=True, kw_only=True, tag="call.dtmf"):
    by: PartyKind
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


class MediaProblem(Event, frozen=True, kw_only=True, tag="media.problem"):
    """Something is wrong with the sound of a party. Once of each kind for each media port of the call."""

    party: PartyKind
    kind: SoundKind
    for_s: float = 0.0
    "How long it had lasted by then, as far as that is known."
    name: str = ""
    "Who: the operator's or supervisor's id, the destination's name; empty: the caller."
    leg: int = 0
    "Number of the leg within the call; see `PartyRings`."
    source: str = ""
    "`nat`, `stranger`: where the packets come from, `host:port`."
    expected: str = ""
    "`nat`: where the SDP said that they would."
    percent: int = 0
    "`loss`: of the packets."


class LegEnded(Event, frozen=True, kw_only=True, tag="leg.ended"):
    """One leg's end, for the CDR's segments."""

    party: PartyKind
    operator: str = ""
    "Who: the operator's or supervisor's id, the destination's name."
    offer: int = 0
    "Number of the leg within the call, 0 for the caller's; see `PartyRings`."
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

    party: PartyKind
    packets: int
    lost: int
    jitter_ms: float
    remote_lost: int | None = None
    remote_jitter_ms: float | None = None
