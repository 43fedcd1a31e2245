"""A live call as plain data, and the table of its states."""

from __future__ import annotations

from dataclasses import dataclass, field

from ntpd112.config import QueueConfig
from ntpd112.journal.events import CallStarted, Classification
from ntpd112.media import MediaLeg
from ntpd112.media.protocol import Family
from ntpd112.sip.leg import Leg

from .views import CallState

NEXT_STATES: dict[CallState, frozenset[CallState]] = {
    "arriving": frozenset({"waiting", "ending"}),
    "waiting": frozenset({"ringing", "ending"}),
    "ringing": frozenset({"waiting", "talking", "ending"}),
    "talking": frozenset({"held", "ending"}),
    "held": frozenset({"talking", "ending"}),
    "ending": frozenset(),
}


@dataclass(slots=True)
class Offer:
    """One operator's phones ringing for the call; the first to answer wins."""

    number: int
    operator: str
    phones: dict[int, Leg] = field(default_factory=dict)
    "Legs still open, by leg id. An operator with several registered phones has one each."
    media: dict[Family, MediaLeg] = field(default_factory=dict)
    "Where the phones send: they share a port, but IPv4 and IPv6 phones have one each."
    rang: bool = False


@dataclass(slots=True)
class Talk:
    """The operator in the call."""

    operator: str
    offer: int
    leg: Leg
    media: MediaLeg


@dataclass(slots=True)
class Call:
    """`started_at`, `queued_at`: monotonic seconds. The caller's leg and media stay for the whole call."""

    id: str
    facts: CallStarted
    queue: QueueConfig
    leg: Leg
    media: MediaLeg
    started_at: float
    state: CallState = "arriving"
    queued_at: float = 0.0
    accepted: bool = False
    "The caller's INVITE was answered with 200, by an announcement or an operator."
    announced: bool = False
    "The entry announcement began; ring-back follows it."
    offer: Offer | None = None
    talk: Talk | None = None
    connected_at: float | None = None
    "Since when the two hear each other: with a late offer, some time after the operator picked up."
    recording: bool = False
    classification: Classification | None = None
    held_by: set[str] = field(default_factory=set)
    legs: dict[int, Leg] = field(default_factory=dict)
    "Every SIP leg not over yet, so that the end reaches each of them, whatever went wrong before."
    sounds: dict[int, MediaLeg] = field(default_factory=dict)
    "Every media leg not closed yet."

    def enter(self, state: CallState) -> None:
        """The one place where a call changes state. Raises RuntimeError on a step not in the table."""
        if state not in NEXT_STATES[self.state]:
            raise RuntimeError(f"call {self.id}: {self.state} cannot become {state}")
        self.state = state

    @property
    def operator(self) -> str | None:
        if self.talk is not None:
            return self.talk.operator
        return self.offer.operator if self.offer is not None else None
