"""The sockets of a user agent: UDP, TCP and TLS over IPv4 and IPv6 on an asyncio loop. No protocol here.

What comes in is handed to the agent at once; what the agent wants sent is given to `send` by the turn, after
the journal has it. A failure to send is reported to the agent as an input of its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal, Protocol

from .agent import UserAgent
from .flow import TRANSPORTS, Address, Flow, Outgoing
from .local_addresses import LocalAddresses
from .message import BadMessage
from .tcp import Connections, Message, NameOf, nobody
from .tls import Tls
from .udp import UdpSocket
from .uri import format_host_port

Tap = Callable[[Literal["in", "out"], Flow, bytes], None]
"Called with `in` or `out`, the flow and the bytes of each message."

NEVER = float("inf")

log = logging.getLogger(__name__)


class Listen(Protocol):
    """Where to listen: `transport` is `udp`, `tcp` or `tls`, `host` an IP address without brackets."""

    @property
    def transport(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


class SipEndpoint:
    """`on_input()` is called after each batch of inputs; its user then handles events and sends.
    `dscp`: the code point that marks what is sent (RFC 2474); 0: none. `name_of`: as `tcp.Connections`."""

    def __init__(
        self,
        agent: UserAgent,
        on_input: Callable[[], None],
        tls: Tls | None = None,
        dscp: int = 0,
        name_of: NameOf = nobody,
    ) -> None:
        self._dscp = dscp
        self.tap: Tap | None = None
        self._reading_since = NEVER
        self._agent = agent
        self._on_input = on_input
        self._loop = asyncio.get_running_loop()
        self._udp: list[UdpSocket] = []
        self._udp_by_local: dict[Address, UdpSocket] = {}
        self._tcp = Connections(self._loop, self._tcp_message, self._tcp_closed, on_input, tls, dscp, name_of)
        self._locals: dict[tuple[str, int], LocalAddresses] = {}
        "Our addresses for Via and Contact, by transport and IP version."
        agent.set_flow_to(self.flow_to)

    async def open(self, listen: Iterable[Listen]) -> list[Address]:
        """Listen at each address; returns them with the ports that port 0 got. Raises OSError."""
        addresses = []
        for url in listen:
            where = f"{url.transport}://{format_host_port(url.host, url.port)}"
            if url.transport not in TRANSPORTS:
                raise OSError(f"{where}: transport is none of {', '.join(TRANSPORTS)}")
            try:
                addresses.append(await self._listen(url.transport, Address(url.host, url.port)))
            except OSError as error:
                raise OSError(error.errno, f"{where}: {os.strerror(error.errno or 0)}") from error
        return addresses

    async def _listen(self, transport: str, address: Address) -> Address:
        if transport == "udp":
            udp = UdpSocket(address, self._dscp)
            self._udp.append(udp)
            self._loop.add_reader(udp.socket.fileno(), self._readable, udp)
            address = udp.local
        else:
            address = await self._tcp.listen(transport, address)
        self._locals.setdefault((transport, _version(address)), LocalAddresses()).add(address)
        return address

    async def close(self) -> None:
        for udp in self._udp:
            self._loop.remove_reader(udp.socket.fileno())
            udp.close()
        self._udp.clear()
        await self._tcp.close()

    def flow_to(self, transport: str, remote: Address) -> Flow | None:
        """Our way to an address; None if we have no socket of its IP version."""
        locals_ = self._locals.get((transport, _version(remote)))
        return Flow(transport, locals_.towards(remote.host), remote) if locals_ is not None else None

    # In

    def reading_since(self) -> float:
        """When the reading of what came in began (`time.monotonic`), infinite if nothing did. Taken: the next
        call tells of what came since."""
        since, self._reading_since = self._reading_since, NEVER
        return since

    def _readable(self, udp: UdpSocket) -> None:
        self._reading_since = min(self._reading_since, time.monotonic())
        if udp.read(self._datagram):
            self._on_input()

    def _datagram(self, data: bytes, flow: Flow) -> None:
        if self.tap is not None:
            self.tap("in", flow, data)
        try:
            self._agent.receive(data, flow, self._loop.time())
        except Exception:
            # A mistake of ours in one message must not cost the others of this batch.
            log.exception("SIP message from %s:%s failed: %r", *flow.remote, data[:300])

    def _tcp_message(self, message: Message, flow: Flow) -> None:
        self._reading_since = min(self._reading_since, time.monotonic())
        if self.tap is not None and not isinstance(message, BadMessage):
            self.tap("in", flow, bytes(message))
        try:
            self._agent.receive_message(message, flow, self._loop.time())
        except Exception:
            log.exception("SIP message from %s:%s failed: %r", *flow.remote, message)

    def _tcp_closed(self, flow: Flow, reason: str) -> None:
        self._agent.flow_closed(flow, self._loop.time(), reason)

    # Out

    def send(self, outgoing: Iterable[Outgoing]) -> None:
        """Send, in order. What cannot be sent is an input of the next turn."""
        for one in outgoing:
            if self.tap is not None:
                self.tap("out", one.flow, one.data)
            if one.flow.reliable:
                self._tcp.send(one.flow, one.data)
                continue
            udp = self._udp_by_local.get(one.flow.local) or self._find_udp(one.flow)
            if udp is None or not udp.send(one):
                self._loop.call_soon(partial(self._not_sent, one))

    def _find_udp(self, flow: Flow) -> UdpSocket | None:
        """The socket whose address a flow names, or the one bound to all addresses at its port."""
        family = socket.AF_INET6 if ":" in flow.local.host else socket.AF_INET
        fitting = [one for one in self._udp if one.family == family]
        for udp in fitting:
            if udp.local == flow.local or (
                udp.local.port == flow.local.port and udp.local.host in ("0.0.0.0", "::")
            ):
                self._udp_by_local[flow.local] = udp
                return udp
        return fitting[0] if fitting else None

    def _not_sent(self, outgoing: Outgoing) -> None:
        of_call = {"sip_call_id": _call_id(outgoing.data)}
        log.warning("SIP message to %s:%s could not be sent", *outgoing.flow.remote, extra=of_call)
        self._agent.send_failed(outgoing, self._loop.time())
        self._on_input()


def _call_id(data: bytes) -> str:
    """Of a message as we write them."""
    return data.partition(b"\r\nCall-ID: ")[2].partition(b"\r\n")[0].decode("utf-8", "replace")


def _version(address: Address) -> int:
    """Of IP."""
    return 6 if ":" in address.host else 4
