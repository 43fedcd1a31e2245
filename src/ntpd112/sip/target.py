"""Where an outbound request goes: the Request-URI, the flow it leaves by and the proxies between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address

from .flow import TRANSPORTS, Address, Flow, FlowTo
from .line import Line
from .nameaddr import NameAddr
from .session_policy import SessionPolicy
from .uri import DEFAULT_PORTS, Uri


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


def target_of(uri: Uri, flow_to: FlowTo) -> Target | None:
    """Where a call to `uri` goes (RFC 3263 §4 without DNS): the address, port and transport that it names,
    UDP and 5060 else; `sips:` is TLS. None if it names no such address or `flow_to` knows no way there."""
    transport = uri.transport
    if uri.scheme not in ("sip", "sips") or transport not in TRANSPORTS:
        return None
    try:
        address = ip_address(uri.host)
    except ValueError:
        return None
    if address.is_unspecified or address.is_multicast:
        return None
    flow = flow_to(transport, Address(str(address), uri.port or DEFAULT_PORTS[transport]))
    if flow is None:
        return None
    # URI headers and `method` have no place in a Request-URI (RFC 3261 §19.1.5).
    params = {name: value for name, value in uri.params.items() if name != "method"}
    return Target(replace(uri, headers="", params=params), flow, pinned=False)
