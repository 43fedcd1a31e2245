"""Addresses, ports and bandwidth that do not go together: what nobody notices before calls come."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from .models import Config
from .values import is_network

PORTS_PER_LEG = 2
"RTP and RTCP."
LEGS_PER_CALL = 2
"The caller's and the operator's."
FRAME_BITS_IPV4 = (160 + 12 + 8 + 20 + 18) * 8
"""20 ms of G.711 on Ethernet (RFC 3551 §4.5.14, RFC 3550 §5.1): sound, RTP, UDP, IP, and Ethernet's header
with its checksum."""
FRAME_BITS_IPV6 = FRAME_BITS_IPV4 + 20 * 8
FRAMES_PER_S = 50

Network = IPv4Network | IPv6Network


class Peer(NamedTuple):
    trunk: str
    network: Network


def network_doubts(config: Config) -> list[str]:
    """What works for somebody else, or until the centre is full."""
    peers = [
        Peer(trunk.name, ip_network(text))
        for trunk in config.trunk
        for text in trunk.peers
        if is_network(text)
    ]
    return [
        *_overlaps(peers),
        *_ports_short(config),
        *_uplink_short(config, peers),
        *_unreachable(config, peers),
        *_advertised(config, peers),
    ]


def _overlaps(peers: list[Peer]) -> Iterator[str]:
    """The same network in two trunks is an error, found elsewhere."""
    for one in peers:
        for other in peers:
            if (
                one.trunk != other.trunk
                and one.network != other.network
                and one.network.version == other.network.version
                and one.network.subnet_of(other.network)  # type: ignore[arg-type]  # versions are the same
            ):
                yield (
                    f'trunk "{one.trunk}": peer {_text(one.network)} is inside {_text(other.network)} of '
                    f'trunk "{other.trunk}": its calls belong to "{one.trunk}", since the smaller network '
                    "wins"
                )


def _ports_short(config: Config) -> Iterator[str]:
    first, last = config.media.ports
    ports = last - first + 1
    calls = _most_calls(config)
    if calls * LEGS_PER_CALL * PORTS_PER_LEG > ports:
        yield (
            f"[media]: ports {first}-{last} are enough for {ports // (LEGS_PER_CALL * PORTS_PER_LEG)} calls, "
            f"but the trunks' max_calls allow {calls}"
        )
    elif calls * (LEGS_PER_CALL + 1) * PORTS_PER_LEG > ports:
        yield (
            f"[media]: ports {first}-{last} leave too few for third parties (consultation, conference, "
            f"the ladder): when the trunks' {calls} calls are up, "
            f"{ports // PORTS_PER_LEG - calls * LEGS_PER_CALL} of them can have one"
        )


def _uplink_short(config: Config, peers: list[Peer]) -> Iterator[str]:
    uplink, calls = config.media.uplink, _most_calls(config)
    wide = any(peer.network.version == 6 for peer in peers)
    per_call = (FRAME_BITS_IPV6 if wide else FRAME_BITS_IPV4) * FRAMES_PER_S
    if uplink is not None and calls * per_call > uplink:
        yield (
            f"[media]: uplink {uplink / 1e6:g} Mbit/s carries {int(uplink // per_call)} calls "
            f"({per_call / 1e3:g} kbit/s each, each way), but the trunks' max_calls allow {calls}"
        )


def _unreachable(config: Config, peers: list[Peer]) -> Iterator[str]:
    """Peers that no listening socket can hear."""
    own = [ip_address(url.host) for url in config.sip.listen]
    for peer in peers:
        here = f'trunk "{peer.trunk}": peer {_text(peer.network)}'
        same = [address for address in own if address.version == peer.network.version]
        if not same:
            yield f"{here} is IPv{peer.network.version}, and no URL in [sip] listen is"
        elif not peer.network.is_loopback and all(address.is_loopback for address in same):
            yield f"{here} cannot reach us: [sip] listen has loopback addresses only"


def _advertised(config: Config, peers: list[Peer]) -> Iterator[str]:
    outside = [peer for peer in peers if not peer.network.is_loopback]
    public = [peer for peer in peers if peer.network.is_global]
    for section, text in (("sip", config.sip.advertise), ("media", config.media.advertise)):
        if text is None:
            continue
        here, address = f"[{section}]: advertise {text}", ip_address(text)
        if address.version not in {ip_address(url.host).version for url in config.sip.listen}:
            yield f"{here} is IPv{address.version}, and no URL in [sip] listen is"
        if address.is_loopback and outside:
            yield f"{here} is this machine to everybody, so {_named(outside[0])} would call itself"
        elif not address.is_global and not address.is_loopback and public:
            yield f"{here} is no public address, which {_named(public[0])} cannot reach"


def _most_calls(config: Config) -> int:
    return sum(trunk.max_calls for trunk in config.trunk)


def _named(peer: Peer) -> str:
    return f'trunk "{peer.trunk}" at {_text(peer.network)}'


def _text(network: Network) -> str:
    """A single address without its prefix."""
    return str(network.network_address if network.num_addresses == 1 else network)
