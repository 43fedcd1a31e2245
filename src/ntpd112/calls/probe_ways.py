"""Where a trunk can be asked by OPTIONS: its single-address peers, its gateways, and where it registers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ntpd112.sip.flow import Flow
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunk
from ntpd112.sip.uri import Uri

from .context import Context


@dataclass(slots=True, eq=False)
class Way:
    """One address by one transport, asked once whatever it is to the trunk."""

    target: Target
    places: list[str] = field(default_factory=list)
    "`peer 10.1.0.5`, `gateway sip:10.1.0.5`: each of them has to answer by one of its ways."

    @property
    def flow(self) -> Flow:
        return self.target.flow


def ways_of(context: Context, trunk: Trunk) -> list[Way]:
    ways: dict[Flow, Way] = {}
    for place, target in (*_peers(context, trunk), *_outbound(context, trunk.name)):
        way = ways.setdefault(target.flow, Way(target))
        if place not in way.places:
            way.places.append(place)
    return list(ways.values())


def _peers(context: Context, trunk: Trunk) -> Iterator[tuple[str, Target]]:
    for network in trunk.networks:
        if network.prefixlen == network.max_prefixlen:
            host = str(network.network_address)
            for flow in context.ua.ways_to(host):
                yield f"peer {host}", Target(Uri("sip", flow.remote.host, port=flow.remote.port), flow)


def _outbound(context: Context, trunk: str) -> Iterator[tuple[str, Target]]:
    if context.outbound is None:
        return
    registration = context.outbound.registration(trunk)
    registrars = registration.registrars if registration is not None else ()
    found = [
        *(("gateway", one, one.uri, one.place) for one in context.outbound.gateways(trunk)),
        *(("registrar", one, one.uri, one.place) for one in registrars if one.place is not None),
    ]
    for role, one, uri, place in found:
        target = context.ua.target_of(uri, place)
        if target is not None:
            yield f"{role} {one}", target


def nowhere(context: Context, trunk: str) -> list[tuple[str, str]]:
    """Gateways whose names lead nowhere yet, and why."""
    outbound = context.outbound
    if outbound is None:
        return []
    return [(str(uri), outbound.names.problem(uri)) for uri in outbound.unresolved(trunk)]
