"""What call control shows and lets do, as the API sees it: plain values, no SIP, no RTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from ntpd112.journal.events import Classification, Lane, PartyKind, PartyMode, Purpose
from ntpd112.memory.callbacks import Need
from ntpd112.memory.callbacks import UnknownCallback as UnknownCallback
from ntpd112.memory.tallies import By as By
from ntpd112.queue.errors import StateConflict as StateConflict
from ntpd112.queue.errors import UnknownOperator as UnknownOperator

from .tally import Tally
from .whom import Unreachable as Unreachable

CallState = Literal["arriving", "waiting", "ringing", "talking", "held", "ending"]
OperatorState = Literal["offline", "ready", "ringing", "talking", "wrap-up", "break"]
SettableState = Literal["ready", "break", "offline"]
CallbackNeed = Need
CallerStanding = Literal["clean", "prank", "trusted"]
"`clean`: what is known is forgotten; `prank`: put back; `trusted`: never put back."
SupervisorMode = Literal["listen", "whisper", "talk"]


class PartyView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a call beside the caller, or rung for it."""

    leg: int
    "Number of the leg within the call; names the party in commands."
    kind: PartyKind
    name: str
    "Id of the operator or supervisor, name of the destination, or the address."
    state: Literal["ringing", "in"]
    mode: PartyMode
    "`listen`: heard by none; `whisper`: heard by operators only; `hold`: hears nobody, heard by nobody."
    purpose: Purpose | None
    "None: offered by the queue."
    holds: bool
    "Holds from its own phone."


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    to: str
    by: str
    attended: bool
    answered: bool
    "They talk (attended)."


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call stands in its queue, and whom it may ring."""

    lane: Lane
    step: int
    "Steps of the ladder taken."
    steps: int
    "Steps that the ladder has."
    kept_s: float
    "Of the waiting time: given back from an earlier attempt."
    prefer: dict[str, int]
    excluded: list[str]
    "Roles that are kept out still."
    incident: bool
    "Taken to be about the known incident."
    rings: list[str]
    "Operators whose phones ring now."
    offers: int
    "Made so far."
    declined: dict[str, str]
    "Operators who did not take it, and why."


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """A live call."""

    id: str
    state: CallState
    queue: str
    trunk: str
    caller: str
    caller_name: str
    dialled: str
    operator: str | None
    "Who talks, or whose phone rings."
    parties: list[PartyView]
    caller_held: bool
    "Put on hold by us."
    transfer: TransferView | None
    note: str
    created_at: datetime
    waiting_s: float
    "Until the caller and somebody heard each other; with the time of an earlier attempt."
    priority: int
    skills: dict[str, int]
    "While it waits what is still required, afterwards what was."
    reasons: list[str]
    "Why this priority, lane and these skills: the number, the trunk, the caller's record."
    place: PlaceView | None
    "None once somebody has answered."
    category: str
    "What the dialled number is known to be about; empty: nothing."
    classification: Classification | None
    location: dict[str, Any] | None
    access_network: str | None
    parts: list[dict[str, str]]


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """One registered phone of an operator."""

    uri: str
    source: str
    user_agent: str
    expires_at: datetime
    reachable: bool
    answers_options: bool
    "It has answered OPTIONS; one that never did is believed to be reachable."


class OperatorView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    skills: dict[str, int]
    state: OperatorState
    reason: str
    "Why the operator is in this state: `registered`, `rona`, `api`, `unreachable`, ..."
    since: datetime
    call: str | None
    contacts: list[ContactView]


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    numbers: list[str]
    priority: int
    skills: dict[str, int]
    waiting: int
    lanes: dict[Lane, int]
    "Calls of `waiting` by lane."
    expected_wait_s: float | None
    "Of one who calls now; None: nobody serves, or has talked yet."
    longest_wait_s: float
    ringing: int
    talking: int
    operators_fit: int
    "Operators that have the queue's skills and are not offline."
    operators_ready: int


class MaintenanceView(msgspec.Struct, frozen=True, kw_only=True):
    """Who took a trunk out of service, and why."""

    since: datetime
    reason: str
    by: str


HeldBy = Literal["quiet", "waiting", "ringing", "talking"]
"What a call that came in is doing with its trunk's line; `quiet`: it waits in the quiet lane."


class GatewayView(msgspec.Struct, frozen=True, kw_only=True):
    """One address that an entry of `to` leads to."""

    uri: str
    address: str
    "Address, port and transport; empty: the name is not resolved."
    up: bool | None
    "By OPTIONS; None when it is not asked."
    reason: str = ""
    "Why it is not up."


class TrunkView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    peers: list[str]
    calls: int
    max_calls: int
    up: bool | None
    "By OPTIONS; None when no single-address peer is asked."
    reason: str
    since: datetime | None
    lines: dict[HeldBy, int]
    "Of `calls`, by what they do. A line stays with a call that is over until the other side has said so."
    peak: int
    "The most calls at once since the start."
    peak_hour: int
    "And of the last hour."
    nearly_full: bool
    refused: dict[str, int]
    "New calls since the start that have no CDR, by why they got 503."
    max_rate: float
    "New calls a second; 0: no limit."
    maintenance: MaintenanceView | None
    "None: in service."
    gateways: list[GatewayView]
    "Where calls of ours go, as configured."
    registered: bool | None
    "At the telco; None when it does not register, or nobody has answered yet."
    registration: str
    "Why it is not registered."
    registered_since: datetime | None
    "Since when `registered` is so."


class ProbeView(msgspec.Struct, frozen=True, kw_only=True):
    """What an address of a trunk made of an OPTIONS by one transport."""

    peer: str
    "`host:port`; a gateway whose name leads nowhere as it is configured."
    places: list[str]
    "What it is to the trunk: `peer 10.1.0.5`, `gateway sip:10.1.0.5`, `registrar sip:10.1.0.5`."
    transport: str
    fine: bool
    code: int
    "Of its answer; 0: none came."
    round_trip_ms: float | None
    told: str
    "Our own address, as we say it in Via and Contact."
    seen: str
    "The same as the peer sees it; empty: it does not say."
    says: str
    "What that means, with the likely cause of what is not fine."


class RegistrationView(msgspec.Struct, frozen=True, kw_only=True):
    """Of us, at a trunk's telco."""

    registered: bool | None
    "None: nobody has answered yet."
    at: str
    "The registrar that took us last, or is asked first."
    until: datetime | None
    "When it ends, unless refreshed."
    reason: str
    "Why not, as of the last try."


class TrunkTestView(msgspec.Struct, frozen=True, kw_only=True):
    trunk: str
    fine: bool
    "Every peer, gateway and registrar answers by one transport at least, and we are registered if we want."
    probes: list[ProbeView]
    registration: RegistrationView | None
    "None: it is not configured to register."
    gateways: list[str]
    "Where calls of ours go, as configured."


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who is to be called back."""

    id: str
    "The first lost call."
    number: str
    need: CallbackNeed
    calls: list[str]
    "The lost calls, oldest first; of many the first and the latest."
    count: int
    first_at: datetime
    last_at: datetime
    queue: str
    waited_s: float
    "In the latest call."
    category: str
    reasons: list[str]
    "What is known of the caller."
    attempts: int
    last_operator: str
    "Who tried last; empty: nobody yet."
    claimed_by: str
    "Who calls now, or just did."


class FloodView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether many calls are taken to be about one incident."""

    on: bool
    since: datetime | None
    "Since when it is on or off; None: there never was a flood."
    reason: str
    by: str
    "Who switched it; empty: the rate of calls did."
    prompt: str
    "What later callers hear; empty: nothing."
    waiting: int
    "Calls that wait and are taken to be about the incident."


class QueueFigures(NamedTuple):
    unanswered: int
    "Calls that wait or ring."
    longest_wait_s: float
    ready: int
    "Operators who could take a call now."


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """For the metrics: what is now, as cheap to tell with thousands of calls as with one, and what was."""

    calls: dict[tuple[CallState, str], int]
    "Live ones by state and queue."
    lanes: dict[tuple[str, Lane], int]
    "Calls that wait now and ring nowhere, by queue and lane."
    queues: dict[str, QueueFigures]
    operators: dict[OperatorState, int]
    phones: int
    "Registered."
    phones_unreachable: int
    "Of these, such as do not answer OPTIONS any more."
    callbacks: int
    "Callers on the call-back list."
    flood: bool
    "Flood mode is on now."
    tally: Tally
    "Counted since the start."


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`ready` is false while calls would not be handled well; `problems` says why, in words."""

    ready: bool
    problems: list[str]


class UnknownCall(LookupError):
    """No call has this id, neither live nor in the journal."""


class UnknownTrunk(LookupError):
    """No trunk has this name."""


class UnknownCaller(LookupError):
    """Nothing is remembered of this number."""


class UnknownParty(LookupError):
    """Nobody like that is in the call."""
