"""Dialogs: what two user agents have agreed on to send requests to each other (RFC 3261 §12)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache

from .flow import TRANSPORTS, Address, Flow
from .message import Request, Response
from .nameaddr import NameAddr
from .reply import tag_of
from .uri import DEFAULT_PORTS, SipSyntaxError, Uri, split_outside_quotes

MAX_ROUTES = 20
"Route entries kept of a peer's Record-Route; longer chains are not real."


@dataclass(slots=True)
class Dialog:
    """One dialog as plain data. `local` and `remote` are From and To values as they go out, with tags."""

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str | None
    target: str
    "The peer's Contact URI: the Request-URI of our requests."
    flow: Flow
    "What requests are sent over when the target names no address of its own (see `next_flow`)."
    pinned: bool = False
    "The peer is behind `flow` (a registered phone, perhaps behind NAT): its Contact is not looked at."
    routes: list[str] = field(default_factory=list)
    local_seq: int = 0
    remote_seq: int = -1

    @classmethod
    def of_server(cls, request: Request, tag: str, flow: Flow) -> Dialog:
        """The dialog that our response to an INVITE makes (§12.1.1). Whatever its Contact and Record-Route
        are, there is a dialog: without a usable Contact the peer is where its INVITE came from."""
        fields = request.fields
        remote = fields["from"][0]
        return cls(
            call_id=fields["call-id"][0],
            local=f"{fields['to'][0]};tag={tag}",
            remote=remote,
            local_tag=tag,
            remote_tag=tag_of(remote),
            target=contact_uri(request) or f"sip:{_host_port(flow.remote)};transport={flow.transport}",
            flow=flow,
            routes=_routes(fields.get("record-route")),
            remote_seq=request.cseq[0],
        )

    @classmethod
    def of_client(cls, invite: Request, response: Response, flow: Flow, pinned: bool) -> Dialog:
        """The dialog that a response with a To tag to our INVITE makes (§12.1.2)."""
        fields = response.fields
        remote = fields["to"][0]
        return cls(
            call_id=invite.call_id,
            local=invite.fields["from"][0],
            remote=remote,
            local_tag=tag_of(invite.fields["from"][0]) or "",
            remote_tag=tag_of(remote),
            target=contact_uri(response) or invite.uri,
            flow=flow,
            pinned=pinned,
            routes=_routes(fields.get("record-route"))[::-1],
            local_seq=invite.cseq[0],
        )

    def refresh_target(self, message: Request | Response) -> None:
        """The peer's Contact may change with INVITE and UPDATE and their 2xx (§12.2.1.2, RFC 3311 §5)."""
        self.target = contact_uri(message) or self.target

    def request(self, method: str, seq: int | None = None) -> Request:
        """A request within the dialog (§12.2.1.1). `seq` for ACK: the INVITE's; else the next number."""
        if seq is None:
            self.local_seq += 1
            seq = self.local_seq
        uri, routes = self._uri_and_routes()
        fields = {
            "max-forwards": ["70"],
            "from": [self.local],
            "to": [self.remote],
            "call-id": [self.call_id],
            "cseq": [f"{seq} {method}"],
        }
        if routes:
            fields["route"] = routes
        return Request(method, uri, fields=fields)

    def _uri_and_routes(self) -> tuple[str, list[str]]:
        if not self.routes:
            return self.target, []
        first = NameAddr.parse(self.routes[0]).uri
        if "lr" in first.params:
            return self.target, self.routes
        # A strict router takes its own address from the Request-URI and the target from the last Route.
        return str(first), [*self.routes[1:], f"<{self.target}>"]

    def accepts_seq(self, request: Request) -> bool:
        """Whether CSeq is higher than what came before (§12.2.2); if so it is remembered."""
        seq = request.cseq[0]
        if seq <= self.remote_seq:
            return False
        self.remote_seq = seq
        return True

    def next_flow(self, usable: bool) -> Flow:
        """Where the next request goes. `usable`: whether `flow` still is; a closed connection is not.

        The first Route or the target counts when it is an IP address; names are not looked up, since what
        brought the INVITE here also takes requests back."""
        if self.pinned and usable:
            return self.flow
        hop = _hop(self.routes[0] if self.routes else self.target)
        if hop is None:
            return self.flow
        flow = self.flow
        host, port, transport = hop
        transport = transport or flow.transport
        if not _reachable(host, flow) or transport not in TRANSPORTS:
            return flow
        if (transport == "tls") != (flow.transport == "tls"):
            # What is encrypted stays so, and a peer without TLS is asked for none.
            return flow
        port = port or DEFAULT_PORTS[transport]
        if usable and transport == flow.transport:
            same_host = host == flow.remote.host
            # Over TCP the peer's end of the connection has another port than its Contact names.
            if same_host and (flow.reliable or port == flow.remote.port):
                return flow
        if transport != flow.transport and not flow.reliable:
            # A datagram came from there: a Contact that names TCP may still mean a listener that is not.
            return flow
        return Flow(transport, flow.local, Address(host, port), flow.name)


@lru_cache(maxsize=4_096)
def _hop(uri_or_route: str) -> tuple[str, int | None, str | None] | None:
    """Host, and port and transport as far as they are named, where a URI's or Route's host is an IP address,
    else None."""
    try:
        uri = NameAddr.parse(uri_or_route).uri if "<" in uri_or_route else Uri.parse(uri_or_route)
        host = str(ipaddress.ip_address(uri.host))
    except (SipSyntaxError, ValueError):
        return None
    named = uri.scheme == "sips" or uri.params.get("transport")
    return host, uri.port, uri.transport if named else None


@lru_cache(maxsize=4_096)
def _reachable(host: str, flow: Flow) -> bool:
    """Whether an address in a Contact makes sense where `flow` leads: the same IP version, not 0.0.0.0, not a
    peer's own loopback, and not a private address behind a public one (a NAT between)."""
    there, seen = ipaddress.ip_address(host), ipaddress.ip_address(flow.remote.host.partition("%")[0])
    if there.version != seen.version or there.is_unspecified or there.is_multicast:
        return False
    if there.is_loopback and not seen.is_loopback:
        return False
    return there == seen or not (there.is_private and not seen.is_private)


def contact_uri(message: Request | Response) -> str | None:
    """The first Contact's URI, None when there is none that can be read."""
    values = message.fields.get("contact")
    return _uri_of(values[0]) if values else None


@lru_cache(maxsize=4_096)
def _uri_of(contact: str) -> str | None:
    try:
        uri = NameAddr.parse(split_outside_quotes(contact, ",")[0]).uri
    except SipSyntaxError:
        return None
    return str(uri) if uri.scheme in ("sip", "sips") and uri.host else None


def _routes(values: list[str] | None) -> list[str]:
    """Record-Route entries, one per element, as they came; garbled ones are left out."""
    if not values:
        return []
    routes = []
    for value in values:
        for part in split_outside_quotes(value, ",") if "," in value else (value,):
            try:
                NameAddr.parse(part)
            except SipSyntaxError:
                continue
            routes.append(part.strip())
    return routes[:MAX_ROUTES]


def _host_port(address: Address) -> str:
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"
