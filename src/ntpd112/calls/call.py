"""A live call as plain data, and the table of its states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ntpd112.config import QueueConfig
from ntpd112.journal.events import CallStarted, Classification, PartyKind, PartyMode, Purpose
from ntpd112.media import MediaLeg
from ntpd112.media.protocol import Family
from ntpd112.sip.events import Cause
from ntpd112.sip.leg import Leg
from ntpd112.sip.target import Target
from ntpd112.sip.timers import Timer

from .needs import Known, Needs
from .views import CallState
from .waiting import Waiting
from .whom import Whom

NEXT_STATES: dict[CallState, frozenset[CallState]] = {
    "arriving": frozenset({"waiting", "ringing", "ending"}),
    "waiting": frozenset({"ringing", "talking", "ending"}),
    "ringing": frozenset({"waiting", "talking", "ending"}),
    "talking": frozenset({"held", "waiting", "ending"}),
    "held": frozenset({"talking", "waiting", "ending"}),
    "ending": frozenset(),
}
Census = Counter[tuple[CallState, str]]
"Live calls by state and queue, counted as they change: to tell it no call is looked at."
KeysBy = Literal["rtp", "info"]
FIRST_DIALLED = 1001
"Legs that the ACD did not offer are numbered from here in the journal; offers count from 1, the caller is 0."


STAFF: tuple[PartyKind, ...] = ("operator", "supervisor")
"Whom the ACD knows; a destination may have the name of one of them."
TO_TALK: tuple[Purpose, ...] = ("transfer", "conference")
"Whoever is rung so takes over a caller who was put through before, or joins them."


@dataclass(slots=True, eq=False)
class Attempt:
    """Somebody other than the queue's operators is tried for the call: one phone after the other."""

    whom: Whom
    purpose: Purpose
    mode: PartyMode
    answered: Callable[[Call, Party, float], None]
    "The party is in the call already, in `mode`."
    ended: Callable[[Call, Attempt, Cause, float], None]
    "Nobody answered, and nobody is left to try. Not called when withdrawn."
    by: str = ""
    step: int = 0
    "Of the ladder, from 1."
    rounds: list[tuple[Target, ...]] = field(default_factory=list)
    "Still to be tried."
    timer: Timer | None = None


@dataclass(slots=True, eq=False)
class Ring:
    """Phones of one operator or destination that ring for the call together; the first to answer wins."""

    number: int
    kind: PartyKind
    name: str
    attempt: Attempt | None = None
    "None: an offer of the ACD."
    phones: dict[int, Leg] = field(default_factory=dict)
    "Legs still open, by leg id. An operator with several registered phones has one each."
    media: dict[Family, MediaLeg] = field(default_factory=dict)
    "Where the phones send: they share a port, but IPv4 and IPv6 phones have one each."
    rang: bool = False


@dataclass(slots=True, eq=False)
class Party:
    """Somebody in the call beside the caller."""

    number: int
    kind: PartyKind
    name: str
    leg: Leg
    media: MediaLeg
    mode: PartyMode = "talk"
    purpose: Purpose | None = None
    "None: the operator whom the ACD chose."
    silent: bool = False
    "No sound comes from it at present."
    probe: Timer | None = None
    "Runs while its phone is asked whether it is still there, or until it is asked again."


@dataclass(slots=True, eq=False)
class Transfer:
    """A transfer under way: from its start until it is completed, failed or cancelled."""

    by: Party
    "Whose place in the call is handed over. May have left already, as phones do that transfer blind."
    to: str
    attended: bool
    "The caller waits while `by` and the target talk."
    refer: Leg | None = None
    "The leg that asked for it by REFER and wants to know how it goes."
    target: Party | None = None
    "Has answered (attended only: a blind transfer is over then)."


@dataclass(slots=True)
class Call:
    """`started_at`, `queued_at`: monotonic seconds. The caller's leg and media stay for the whole call. State
    and queue change by `enter` and `change_queue` only."""

    id: str
    facts: CallStarted
    queue: QueueConfig
    leg: Leg
    media: MediaLeg
    started_at: float
    spare_media: MediaLeg | None = None
    "Of a call-back that is dialled, for gateways of the other IP version."
    state: CallState = "arriving"
    queued_at: float = 0.0
    since: float = 0.0
    "When the caller first waited: before `queued_at` for one whose place was kept. Monotonic seconds."
    needs: Needs | None = None
    "What it asked for when it came into its queue, and was given by hand since; None: no queue serves it."
    known: Known = field(default_factory=Known)
    "What was known of the caller when the call came."
    offers: int = 0
    "Offers of the ACD so far; a call that waits again counts on."
    wait: Waiting = field(default_factory=Waiting)
    "What is going on while it waits."
    accepted: bool = False
    "The caller's INVITE was answered with 200, by an announcement or an operator."
    announced: bool = False
    "The entry announcement began; ring-back follows it."
    rings: dict[int, Ring] = field(default_factory=dict)
    "Who rings for the call, by number."
    parties: list[Party] = field(default_factory=list)
    "Who is in the call beside the caller, in order of joining."
    caller_mode: Literal["talk", "hold"] = "talk"
    "`hold`: the others talk without the caller."
    connected_at: float | None = None
    "Since when caller and operator (or a destination) hear each other; with a late offer, a little later."
    talked_s: float = 0.0
    "Before the caller had to wait again."
    reached: bool = False
    "Somebody has talked to the caller: an operator, or a destination."
    served: bool = False
    "An operator has talked to the caller."
    held_over: bool = False
    "Whoever talked to the caller was lost in mid-call, and nobody has taken over yet."
    note: str = ""
    "What the next phone that rings shows about the call."
    transfer: Transfer | None = None
    recording: bool = False
    classification: Classification | None = None
    holders: dict[int, PartyKind] = field(default_factory=dict)
    "Numbers of the legs that hold us at present, 0 for the caller's, with who that is."
    keys_by: dict[PartyKind, KeysBy] = field(default_factory=dict)
    "How each party's keys come: a phone that sends them both ways has pressed each once."
    legs: dict[int, Leg] = field(default_factory=dict)
    "Every SIP leg not over yet, so that the end reaches each of them, whatever went wrong before."
    sounds: dict[int, MediaLeg] = field(default_factory=dict)
    "Every media leg not closed yet."
    wiring: dict[int, tuple[int, ...]] = field(default_factory=dict)
    "Media leg id to the ids of those it hears, as the worker was told."
    comfort: dict[int, str] = field(default_factory=dict)
    "Media leg id to what it is played because it would hear dead air."
    dialled: int = 0
    "Legs that were dialled for the call so far."

    census: Census | None = None
    "Where it is counted, while it is live."

    def counted(self, change: Literal[-1, 1]) -> None:
        if self.census is not None:
            self.census[self.state, self.queue.name] += change

    def change_queue(self, queue: QueueConfig) -> None:
        self.counted(-1)
        self.queue = queue
        self.counted(1)

    def enter(self, state: CallState) -> None:
        """The one place where a call changes state. Raises RuntimeError on a step not in the table."""
        if state not in NEXT_STATES[self.state]:
            raise RuntimeError(f"call {self.id}: {self.state} cannot become {state}")
        self.counted(-1)
        self.state = state
        self.counted(1)

    @property
    def operator(self) -> str | None:
        """Who talks, or whose phone rings."""
        leads = self.lead or next((ring for ring in self.rings.values() if ring.kind == "operator"), None)
        return leads.name if leads is not None else None

    @property
    def lead(self) -> Party | None:
        """The operator in the call; of several, the one who joined first."""
        return next((party for party in self.parties if party.kind == "operator"), None)

    def anybody(self, but: Party | Ring | None = None) -> bool:
        """Whether somebody other than `but` talks to the caller, or rings and will."""
        talks = any(party.mode == "talk" for party in self.parties if party is not but)
        rung = [ring.attempt for ring in self.rings.values() if ring is not but]
        return talks or any(attempt is not None and attempt.purpose in TO_TALK for attempt in rung)

    def ring_of(self, leg: Leg) -> Ring | None:
        return next((ring for ring in self.rings.values() if leg.id in ring.phones), None)

    def party_of(self, leg: Leg) -> Party | None:
        return next((party for party in self.parties if party.leg is leg), None)

    def next_dialled(self) -> int:
        self.dialled += 1
        return FIRST_DIALLED + self.dialled - 1
