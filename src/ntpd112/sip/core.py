"""What the parts of a user agent share: settings, timers, transactions, what came out and is to be taken."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .events import SipEvent
from .flow import Address, Flow, Outgoing, advertised
from .session_policy import SessionPolicy
from .srtp_keys import NewKey
from .timers import T1, T2, T4, Durations, Timers
from .transactions import MAX_LOCALS, Transactions
from .uri import format_host_port

if TYPE_CHECKING:
    from .leg import Leg

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER"
MAX_LEGS = 20_000
"Legs at once: 10,000 calls. Beyond it a new INVITE gets 503."


@dataclass(frozen=True)
class UaConfig:
    """Settings of a user agent. Times in seconds."""

    user_agent: str = "ntpd112"
    contact_user: str = "ntpd112"
    advertise: str | None = None
    "Host that goes into Via and Contact instead of the socket's own address."
    policy: SessionPolicy = field(default_factory=SessionPolicy)
    "Of sessions with whom no trunk or registrar says otherwise."
    t1: float = T1
    t2: float = T2
    t4: float = T4


class Core:
    """`outgoing` and `events` fill up until they are taken; `legs` by (Call-ID, our tag)."""

    def __init__(self, config: UaConfig, token: Callable[[], str], new_key: NewKey) -> None:
        self.config = config
        self.token = token
        self.new_key = new_key
        self.timers = Timers()
        self.durations = Durations(config.t1, config.t2, config.t4)
        self.transactions = Transactions(self.timers, self.durations, self.send, token, self.sent_by)
        self.outgoing: list[Outgoing] = []
        self.events: list[SipEvent] = []
        self.legs: dict[tuple[str, str], Leg] = {}
        self.open_flows: set[Flow] = set()
        "Connections that something came over; no more than the endpoint has open."
        self._contacts: dict[tuple[str, str, Address], str] = {}
        self._leg_ids = 0

    def send(self, flow: Flow, data: bytes) -> None:
        self.outgoing.append(Outgoing(flow, data))

    def emit(self, event: SipEvent) -> None:
        self.events.append(event)

    def next_leg_id(self) -> int:
        self._leg_ids += 1
        return self._leg_ids

    def sent_by(self, flow: Flow) -> Address:
        """Host and port at which the peer behind `flow` reaches us."""
        return Address(advertised(flow.local.host, self.config.advertise), flow.local.port)

    def contact(self, flow: Flow, uri: str) -> str:
        """Our Contact towards the peer behind `flow`, for a request to `uri`: SIPS asks for SIPS (RFC 3261
        §8.1.1.8)."""
        scheme = "sips" if uri[:5].lower() == "sips:" else "sip"
        key = scheme, flow.transport, flow.local
        contact = self._contacts.get(key)
        if contact is None:
            implied = flow.transport == "udp" or scheme == "sips"
            transport = "" if implied else f";transport={flow.transport}"
            host_port = format_host_port(*self.sent_by(flow))
            contact = f"<{scheme}:{self.config.contact_user}@{host_port}{transport}>"
            if len(self._contacts) >= MAX_LOCALS:
                self._contacts.clear()
            self._contacts[key] = contact
        return contact

    def usable(self, flow: Flow) -> bool:
        """Whether something can be sent over `flow` without connecting first."""
        return not flow.reliable or flow in self.open_flows

    def draw(self, most: int) -> int:
        """A random whole number from 0 to `most`, both included."""
        return min(int(self.spread(0, most + 1)), most)

    def spread(self, low: float, high: float) -> float:
        """A number between `low` and `high` that differs each time, for waits after a glare."""
        return low + (high - low) * (zlib.crc32(self.token().encode()) / 0xFFFF_FFFF)
