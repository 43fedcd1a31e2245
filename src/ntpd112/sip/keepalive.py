"""OPTIONS to registered phones and to trunks' peers (RFC 3261 §11), as the registrar and the trunks ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from .bindings import Binding
from .flow import Address, Flow, FlowTo
from .message import Response
from .registrar import Registrar
from .target import Target
from .trunks import Peer, Trunks
from .uri import Uri

SIP_PORT = 5060
MAX_PEERS = 1_000
"Trunk peers whose last flow is remembered."


class Send(Protocol):
    """`UserAgent.options`."""

    def __call__(
        self, target: Target, on_response: Callable[[Response, float], None], now: float
    ) -> None: ...


class Keepalive:
    """`flow_to` is set by the endpoint; `usable`: whether a connection is open."""

    def __init__(
        self, registrar: Registrar | None, trunks: Trunks, send: Send, usable: Callable[[Flow], bool]
    ) -> None:
        self.flow_to: FlowTo | None = None
        self._usable = usable
        self._registrar = registrar
        self._trunks = trunks
        self._send = send
        self._seen: dict[str, Flow] = {}
        "By UDP."
        self._connected: dict[str, Flow] = {}
        "The last connection that a peer sent something over."

    def seen(self, flow: Flow) -> None:
        """A trunk's peer sent us something from there: a peer need not be at port 5060."""
        flows = self._connected if flow.reliable else self._seen
        if len(flows) < MAX_PEERS or flow.remote.host in flows:
            flows[flow.remote.host] = flow

    def ways_to(self, host: str) -> list[Flow]:
        """To a peer of a trunk: where its requests came from, else port 5060; by TCP too, if we have that."""
        if self.flow_to is None:
            return []
        ports = {"udp": self._seen[host].remote.port} if host in self._seen else {}
        ways = [self.flow_to(one, Address(host, ports.get(one, SIP_PORT))) for one in ("udp", "tcp")]
        return [way for way in ways if way is not None]

    def next_timer(self) -> float | None:
        ours = self._registrar.next_timer() if self._registrar is not None else None
        theirs = self._trunks.next_timer()
        return theirs if ours is None else ours if theirs is None else min(ours, theirs)

    def handle_timer(self, now: float) -> None:
        if self._registrar is not None:
            for binding in self._registrar.due_keepalives(now):
                self._send(binding.target, partial(self._phone_answered, binding), now)
        self._trunks.handle_timer(now)
        for peer in self._trunks.due_options(now):
            self._ask_peer(peer, now)

    def _ask_peer(self, peer: Peer, now: float) -> None:
        flow = self._way_to(peer.host)
        if flow is None:
            self._trunks.options_result(peer, False, now)
            return
        target = Target(Uri("sip", flow.remote.host, port=flow.remote.port), flow)
        self._send(target, partial(self._peer_answered, peer), now)

    def _way_to(self, host: str) -> Flow | None:
        """Over the peer's open connection, since it may take nothing but TLS; else by UDP."""
        connection = self._connected.get(host)
        if connection is not None and self._usable(connection):
            return connection
        if host in self._seen or self.flow_to is None:
            return self._seen.get(host)
        return self.flow_to("udp", Address(host, SIP_PORT))

    def _phone_answered(self, binding: Binding, response: Response, now: float) -> None:
        assert self._registrar is not None
        if response.code >= 200:
            self._registrar.keepalive_result(binding, _came(response), now)

    def _peer_answered(self, peer: Peer, response: Response, now: float) -> None:
        if response.code >= 200:
            self._trunks.options_result(peer, _came(response), now)


def _came(response: Response) -> bool:
    """Whether somebody sent it: 408 and 503 of our own transaction have no headers."""
    return bool(response.fields)
