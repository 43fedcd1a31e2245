"""Where an outbound request goes: the Request-URI, the flow it leaves by and the proxies between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address

from .flow import TRANSPORTS, Flow, FlowTo
from .line import Line
from .locate import Place, is_address, locate
from .nameaddr import NameAddr
from .sdp import LocalMedia
from .session_policy import SessionPolicy
from .uri import Uri


@dataclass(frozen=True, slots=True)
class Target:
    uri: Uri
    flow: Flow
    route: tuple[NameAddr, ...] = ()
    "Becomes the Route header, topmost first: a registration's Path (RFC 3327 §5.3)."
    pinned: bool = True
    "All of a call goes over `flow`, as to a phone behind NAT; else its Contact and Record-Route count."
    policy: SessionPolicy | None = None
    "None: the agent's."
    line: Line | None = None
    "Of a call to the telephone network by a trunk."
    others: tuple[Target, ...] = ()
    "Asked in this order if this one does not take the call."
    local: LocalMedia | None = None
    "Where we receive if this one of `others` takes it; None: as for the first, of the same IP version."

    @property
    def ip_version(self) -> int:
        return 6 if ":" in self.flow.remote.host else 4

    def usable_others(self) -> tuple[Target, ...]:
        """Without those of the other IP version that we have no media for."""
        return tuple(one for one in self.others if one.local or one.ip_version == self.ip_version)


def target_of(uri: Uri, flow_to: FlowTo, place: Place | None = None) -> Target | None:
    """Where a call to `uri` goes: to `place`, where its host is a name that leads there (RFC 3263); without,
    to the address, port and transport that it names, UDP and 5060 else; `sips:` is TLS. None if it names no
    such address or `flow_to` knows no way there."""
    if uri.scheme not in ("sip", "sips"):
        return None
    if place is None:
        if not is_address(uri.host):
            return None
        place = locate(uri, lambda question: None)[0].places[0]
    address = ip_address(place.address.host)
    if place.transport not in TRANSPORTS or address.is_unspecified or address.is_multicast:
        return None
    flow = flow_to(place.transport, place.address)
    if flow is None:
        return None
    if place.transport == "tls" and not is_address(uri.host):
        flow = replace(flow, name=uri.host.lower())
    # URI headers and `method` have no place in a Request-URI (RFC 3261 §19.1.5).
    params = {name: value for name, value in uri.params.items() if name != "method"}
    return Target(replace(uri, headers="", params=params), flow, pinned=False)
