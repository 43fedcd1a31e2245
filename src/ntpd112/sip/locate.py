"""Where a SIP URI leads (RFC 3263): what to ask DNS, what its answers mean, and whom of several to ask first
(RFC 2782). Pure.

    numeric host           ─────────────────────────────► that address
    port named             ─────────────────────► A, AAAA of the host
    transport named        ──────────► SRV ─────► A, AAAA of its targets
    neither                ──► NAPTR ──► SRV ───► A, AAAA of its targets
    no SRV at all          ─────────────────────► A, AAAA of the host

`answer` is asked for records and gives None for what is not known yet; whoever calls notes what that was,
asks DNS, and calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import accumulate, chain
from typing import Literal, NamedTuple, TypeVar

from .flow import Address
from .uri import DEFAULT_PORTS, Uri, format_host_port

MAX_SERVICES = 32
"Of one name; what more there are is passed over."
MAX_ADDRESSES = 8
"Of one host, for each IP version."
MAX_SOURCES = 64
"The same of a peer's host: a call from an address left out would be refused."
NAPTR_SERVICES = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
SRV_NAMES = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
NOWHERE = "."
"The target of an SRV record that says: this service is not offered here (RFC 2782)."

Kind = Literal["NAPTR", "SRV", "A", "AAAA"]
T = TypeVar("T")
Draw = Callable[[int], int]
"A random whole number from 0 to the one given, both included."


class Question(NamedTuple):
    kind: Kind
    name: str


class Naptr(NamedTuple):
    """RFC 3403 §4.1."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


class Srv(NamedTuple):
    priority: int
    weight: int
    port: int
    target: str


Record = Naptr | Srv | str
"`str`: an address."
Answer = Callable[[Question], Sequence[Record] | None]


class Place(NamedTuple):
    """One address where a URI leads."""

    transport: str
    address: Address

    def __str__(self) -> str:
        return f"{format_host_port(*self.address)}/{self.transport}"


@dataclass(frozen=True, slots=True)
class Service:
    """One server that a URI leads to, by all of its addresses. Lower `rank` is asked first; within a rank
    `weight` says how often."""

    transport: str
    port: int
    target: str
    "The host whose addresses these are."
    addresses: tuple[str, ...]
    rank: int = 0
    weight: int = 0

    @property
    def places(self) -> list[Place]:
        return [Place(self.transport, Address(host, self.port)) for host in self.addresses]


Services = tuple[Service, ...]


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def locate(uri: Uri, answer: Answer, transports: Iterable[str] = DEFAULT_PORTS) -> Services:
    """RFC 3263 §4, in the order in which they are to be asked. `transports`: those that we have. More than
    one transport or SRV priority is a way to fail over (§4.3), so all of them are here. Empty: nowhere, or
    not known yet."""
    transport = uri.transport
    port = uri.port or DEFAULT_PORTS.get(transport, 0)
    if is_address(uri.host):
        return (Service(transport, port, uri.host, (str(ip_address(uri.host)),)),)
    found = _services(uri, answer, frozenset(transports)) if uri.port is None else None
    if found is None:
        found = [Service(transport, port, uri.host, ())]
    located = [_with_addresses(service, answer) for service in found]
    return tuple(service for service in located if service.addresses)


def sources(host: str, answer: Answer) -> Services:
    """From where requests of `host` may come: its own addresses, and those of every server of it."""
    own = _with_addresses(Service("udp", DEFAULT_PORTS["udp"], host, ()), answer, MAX_SOURCES)
    servers = [*locate(Uri("sip", host), answer), *locate(Uri("sips", host), answer)]
    return tuple(service for service in (own, *servers) if service.addresses)


def _services(uri: Uri, answer: Answer, transports: frozenset[str]) -> list[Service] | None:
    """By SRV. None: the domain has none. Empty: it says that there is no such service."""
    found: list[tuple[int, Srv, str]] = []
    for preference, (transport, name) in enumerate(_srv_names(uri, answer, transports)):
        found += [(preference, record, transport) for record in _of(Srv, answer(Question("SRV", name)))]
    if not found:
        return None
    first = sorted(one for one in found if one[1].target != NOWHERE)[:MAX_SERVICES]
    tiers = sorted({(preference, record.priority) for preference, record, _ in first})
    return [
        Service(transport, srv.port, srv.target, (), tiers.index((preference, srv.priority)), srv.weight)
        for preference, srv, transport in first
    ]


def _srv_names(uri: Uri, answer: Answer, transports: frozenset[str]) -> list[tuple[str, str]]:
    """Transports with the names to ask SRV records of, the preferred first (§4.1)."""
    if uri.params.get("transport"):
        return [(one, f"{SRV_NAMES[one]}.{uri.host}") for one in [uri.transport] if one in SRV_NAMES]
    secure = uri.scheme == "sips"
    pointers = sorted(_of(Naptr, answer(Question("NAPTR", uri.host))))
    named: dict[str, str] = {}
    for pointer in pointers:
        transport = NAPTR_SERVICES.get(pointer.service.upper(), "")
        if pointer.flags.lower() == "s" and transport in transports and (transport == "tls" or not secure):
            named.setdefault(transport, pointer.replacement)
    if named:
        return list(named.items())
    preferred = ["tls"] if secure else [one for one in ("udp", "tcp") if one in transports]
    return [(one, f"{SRV_NAMES[one]}.{uri.host}") for one in preferred]


def _with_addresses(service: Service, answer: Answer, most: int = MAX_ADDRESSES) -> Service:
    """IPv6 first (RFC 7984); each version sorted, so that another order in an answer is no change."""
    if is_address(service.target):  # not allowed (RFC 2782), and seen
        return replace(service, addresses=(service.target,))
    asked = [answer(Question(kind, service.target)) for kind in _ADDRESS_KINDS]
    found = (sorted(_of(str, addresses))[:most] for addresses in asked)
    return replace(service, addresses=tuple(chain.from_iterable(found)))


_ADDRESS_KINDS: tuple[Kind, Kind] = ("AAAA", "A")


def _of(kind: type[T], found: Sequence[Record] | None) -> Iterator[T]:
    return (record for record in found or () if isinstance(record, kind))


def places_in_turn(services: Sequence[Service], draw: Draw) -> list[Place]:
    """Whom to ask for one call, in this order: by rank, within a rank by weight and chance, each server's
    addresses one after the other."""
    ranks = sorted({service.rank for service in services})
    tiers = ([one for one in services if one.rank == rank] for rank in ranks)
    turn = [service for tier in tiers for service in by_weight(tier, [one.weight for one in tier], draw)]
    return list(dict.fromkeys(place for service in turn for place in service.places))


def by_weight(items: Sequence[T], weights: Sequence[int], draw: Draw) -> list[T]:
    """All of them, each place drawn from those left in proportion to their weights (RFC 2782, "Weight"):
    weight 0 has a very small chance, and the same as others of weight 0."""
    left = list(zip(weights, items, strict=True))
    for last in range(len(left) - 1, 0, -1):
        other = draw(last)
        left[last], left[other] = left[other], left[last]
    left.sort(key=lambda one: one[0] > 0)
    turn = []
    while left:
        drawn = draw(sum(weight for weight, _ in left))
        sums = accumulate(weight for weight, _ in left)
        turn.append(left.pop(next(at for at, most in enumerate(sums) if most >= drawn))[1])
    return turn
