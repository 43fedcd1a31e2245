"""Trunks: which peers may send calls, how many at once, and whether they still answer OPTIONS. Pure.

A request belongs to the trunk with the most specific network that holds its source address. Only peers given
as a single address are asked by OPTIONS; a trunk is up while one of them answers. `now` is monotonic seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from .events import SipEvent, TrunkFilling, TrunkState
from .liveness import Liveness
from .occupancy import Occupancy
from .outward import AS_GIVEN, Outward
from .pace import Pace
from .session_policy import SessionPolicy
from .traffic import Refusal

MAX_SOURCES = 4_096
"Source addresses whose trunk is remembered. Forged ones can fill this; then it starts anew."

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class TrunkSpec:
    """As configured. `networks`: addresses or networks, IPv6 without brackets; `options_s` 0: none;
    `max_rate`: calls a second, 0: no limit; `alarm_at`: share of `max_calls` that is nearly all, 0: none;
    `policy`: of its sessions, None: the agent's;
    `outward`: how numbers look in calls of ours."""

    name: str
    networks: Sequence[str]
    max_calls: int
    options_s: float = 60.0
    max_rate: float = 0.0
    alarm_at: float = 0.0
    policy: SessionPolicy | None = None
    outward: Outward = AS_GIVEN


@dataclass(slots=True, eq=False)
class Peer:
    """A single-address peer of a trunk that is asked by OPTIONS."""

    trunk: Trunk
    host: str
    liveness: Liveness
    known: bool = False
    "It answered once, or failed often enough to be called dead."


@dataclass(slots=True, eq=False)
class Trunk:
    name: str
    networks: tuple[Network, ...]
    max_calls: int
    options_s: float
    calls: int = 0
    "Calls on it now, ringing ones included."
    pace: Pace = field(default_factory=Pace)
    "How many new ones it may begin a second."
    occupancy: Occupancy = field(default_factory=Occupancy)
    refused: Counter[Refusal] = field(default_factory=Counter)
    "New calls since the start that it was refused by its limits, in maintenance or while we stop."
    closed: bool = False
    "In maintenance: new calls are refused, and OPTIONS answered so."
    policy: SessionPolicy | None = None
    "Of its sessions, in either direction; None: the agent's."
    outward: Outward = AS_GIVEN
    "How numbers look in calls of ours."
    up: bool | None = None
    "By OPTIONS; None while nobody was asked or has had time to answer."
    reason: str = ""
    since: float | None = None
    "When `up` became what it is."
    peers: list[Peer] = field(default_factory=list)
    events: list[SipEvent] = field(default_factory=list)
    "Where its alarm is reported."

    @property
    def full(self) -> bool:
        return self.calls >= self.max_calls

    def admit(self, now: float) -> bool:
        """Count one more call, also one of ours to the telephone network, unless the trunk is full."""
        if self.full:
            return False
        self.calls += 1
        self.occupancy.began(self.calls, now)
        self.look()
        return True

    def release(self) -> None:
        """One call is over that was admitted, or was ours."""
        if not self.calls:
            raise RuntimeError(f"trunk {self.name!r}: a call was released that was not admitted")
        self.calls -= 1
        self.look()

    def look(self) -> None:
        """Report when the alarm of few free lines begins or ends."""
        if self.occupancy.look(self.calls, self.max_calls):
            self.events.append(TrunkFilling(self, self.occupancy.nearly_full))


class Trunks:
    def __init__(self, specs: Iterable[TrunkSpec] = ()) -> None:
        self._trunks: dict[str, Trunk] = {}
        self._by_network: list[tuple[Network, Trunk]] = []
        self._by_host: dict[str, Trunk | None] = {}
        self._peers: list[Peer] = []
        self._next: float | None = None
        self._events: list[SipEvent] = []
        self.configure(specs)

    def __iter__(self) -> Iterator[Trunk]:
        return iter(self._trunks.values())

    def configure(self, specs: Iterable[TrunkSpec]) -> None:
        """Take over a configuration. A trunk of the same name stays the same object with its calls; calls of
        one that is gone go on. Raises ValueError naming trunk and peer."""
        wanted = [(spec, tuple(_network(spec.name, text) for text in spec.networks)) for spec in specs]
        trunks: dict[str, Trunk] = {}
        for spec, networks in wanted:
            trunk = self._trunks.get(spec.name) or Trunk(spec.name, (), 0, 0, events=self._events)
            trunk.max_calls, trunk.occupancy.alarm_at = spec.max_calls, spec.alarm_at
            trunk.policy, trunk.outward = spec.policy, spec.outward
            trunk.look()
            if trunk.pace.rate != spec.max_rate:
                trunk.pace = Pace(spec.max_rate)
            if trunk.networks != networks or trunk.options_s != spec.options_s:
                same_question = trunk.options_s == spec.options_s
                trunk.networks, trunk.options_s = networks, spec.options_s
                known = {peer.host: peer for peer in trunk.peers} if same_question else {}
                trunk.peers = [known.get(peer.host, peer) for peer in _peers_of(trunk)]
                if not any(peer.known for peer in trunk.peers):
                    trunk.up, trunk.reason, trunk.since = None, "", None
            trunks[spec.name] = trunk
        for name in self._trunks.keys() - trunks.keys():
            self._trunks[name].peers = []
        self._trunks = trunks
        pairs = [(network, trunk) for trunk in trunks.values() for network in trunk.networks]
        self._by_network = sorted(pairs, key=lambda pair: -pair[0].prefixlen)
        self._by_host.clear()
        self._peers = [peer for trunk in trunks.values() for peer in trunk.peers]
        self._rearm()

    def named(self, name: str) -> Trunk | None:
        return self._trunks.get(name)

    def match(self, host: str) -> Trunk | None:
        """The trunk of a source address; None: not a peer of ours."""
        try:
            return self._by_host[host]
        except KeyError:
            trunk = self._find(host)
            if len(self._by_host) >= MAX_SOURCES:
                self._by_host.clear()
            self._by_host[host] = trunk
            return trunk

    def _find(self, host: str) -> Trunk | None:
        try:
            address: IPv4Address | IPv6Address = ip_address(host)
        except ValueError:
            return None
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return next((trunk for network, trunk in self._by_network if address in network), None)

    # --- OPTIONS

    def next_timer(self) -> float | None:
        return self._next

    def handle_timer(self, now: float) -> None:
        """Questions that stayed without an answer count; afterwards `due_options` tells whom to ask."""
        if self._next is None or self._next > now:
            return
        for peer in self._peers:
            if peer.liveness.asked and peer.liveness.due_at <= now:
                peer.liveness.missed(now)
                self._learn(peer, f"{peer.host} does not answer OPTIONS", now)
        self._rearm()

    def due_options(self, now: float) -> list[Peer]:
        """Peers to send an OPTIONS now; each has ANSWER_S (`liveness.py`) to be reported alive."""
        if self._next is None or self._next > now:
            return []
        self.handle_timer(now)
        due = [peer for peer in self._peers if not peer.liveness.asked and peer.liveness.due_at <= now]
        for peer in due:
            peer.liveness.ask(now)
        self._rearm()
        return due

    def options_result(self, peer: Peer, ok: bool, now: float) -> None:
        """`ok`: any response came from the peer. Late results are welcome."""
        if ok:
            peer.liveness.heard(now)
        else:
            peer.liveness.missed(now)
        self._learn(peer, f"{peer.host} {'answers' if ok else 'does not answer'} OPTIONS", now)
        self._rearm()

    def events(self) -> list[SipEvent]:
        """TrunkState and TrunkFilling since the last call."""
        events = self._events.copy()
        self._events.clear()
        return events

    def _learn(self, peer: Peer, reason: str, now: float) -> None:
        trunk = peer.trunk
        if peer not in trunk.peers:
            return
        peer.known = not peer.liveness.failures or not peer.liveness.alive
        states = [one.liveness.alive if one.known else None for one in trunk.peers]
        up = True if True in states else (None if None in states else False)
        if up is not None and up != trunk.up:
            trunk.up, trunk.reason, trunk.since = up, reason, now
            self._events.append(TrunkState(trunk, up, reason))

    def _rearm(self) -> None:
        self._next = min((peer.liveness.due_at for peer in self._peers), default=None)


def _peers_of(trunk: Trunk) -> list[Peer]:
    """The peers to ask; each at once for the first time."""
    if not trunk.options_s:
        return []
    single = [network for network in trunk.networks if network.num_addresses == 1]
    return [Peer(trunk, str(one.network_address), Liveness(trunk.options_s, due_at=0.0)) for one in single]


def _network(trunk: str, text: str) -> Network:
    try:
        return ip_network(str(text))
    except ValueError:
        raise ValueError(f"trunk {trunk!r}: peer {text!r} is not an address or network") from None
