"""TCP and TLS connections of the SIP endpoint: made and accepted, framed, bounded in number, bytes, time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

from ntpd112.dscp import mark_descriptor

from .flow import Address, Flow
from .message import BadMessage, Request, Response
from .parser import Ping, StreamParser
from .tls import FailureReports, Tls, TlsListener, why

MAX_CONNECTIONS = 4_000
"Connections at once: an operator's phone and a trunk have one each. One more closes the longest idle one."
MAX_PER_HOST = 500
"Connections from one address: a site's phones behind one NAT."
MAX_UNSENT = 256 * 1024
"Bytes that wait for a peer that does not read; then the connection is closed."
CONNECT_S = 4.0
"Seconds to make a connection, well within the 32 s of a request."
MESSAGE_S = 10.0
"Seconds from a connection's begin, or a message's first byte, to the message's end."
IDLE_S = 3_700.0
"Seconds without a message: longer than a registration, which is refreshed over its connection."
SWEEP_S = 2.0
"How often connections are looked over for the above."
ROUND = 64
"Messages of all connections in one iteration of the loop, some 3 ms: a flood must not hold up the others."
TURN = 8
"Messages of one connection, then the next that has some has its turn."
READ_BYTES = 16_384
"Read at a time, some 50 messages; it is also what waits per connection in a flood."

CLOSED = "closed without an answer"
SLOW = f"not there within {CONNECT_S:.0f} s"
"Reasons that nobody else has words for."

Message = Request | Response | BadMessage


class Connection(asyncio.BufferedProtocol):
    """One connection. `flow` is known when it is connected."""

    def __init__(self, table: Connections, transport: str, flow: Flow | None) -> None:
        self._table = table
        self._transport_name = transport
        self._parser = StreamParser()
        self.flow = flow
        self.transport: asyncio.Transport | None = None
        self.heard_at = table.loop.time()
        self.waiting_since: float | None = self.heard_at
        "Since when a message is awaited that must be complete within MESSAGE_S."
        self.queued = False
        "It waits for its turn; nothing is read meanwhile."

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self.flow is None:
            local, remote = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
            if not local or not remote:
                self.transport.abort()
                return
            self.flow = Flow(self._transport_name, Address(*local[:2]), Address(*remote[:2]))
        else:
            # We made it: the peer owes us nothing until we have asked.
            self.waiting_since = None
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            mark_descriptor(sock.fileno(), self._table.dscp)
        self._table.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._table.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._take(bytes(self._table.buffer[:nbytes]))

    def go_on(self) -> None:
        """Its turn has come."""
        self.queued = False
        if self.transport is not None and not self.transport.is_closing():
            self._take(b"")
            if not self.queued:
                self.transport.resume_reading()

    def _take(self, data: bytes) -> None:
        assert self.flow is not None
        assert self.transport is not None
        table, now = self._table, self._table.loop.time()
        limit = table.allowance()
        items = self._parser.feed(data, limit)
        for item in items:
            if isinstance(item, Ping):
                self.send(b"\r\n")
            else:
                table.handle(item, self.flow)
        if items:
            self.heard_at = now
            self.waiting_since = None
            table.spend(len(items))
            table.on_input()
        if self._parser.broken:
            # After the turn that sends the answers to what came.
            table.loop.call_soon(self.close)
        elif len(items) == limit:
            self.transport.pause_reading()
            self.queued = True
            self.waiting_since = None
            table.queue(self)
        elif self._parser.unfinished and self.waiting_since is None:
            self.waiting_since = now

    def send(self, data: bytes) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            self.transport.abort()

    def close(self) -> None:
        """After what is written has gone out."""
        if self.transport is not None:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._table.remove(self, why(exc) if exc is not None else CLOSED)


NameOf = Callable[[str], str]


def nobody(host: str) -> str:
    """No address has a name."""
    return ""


class Connections:
    """All connections by flow. `handle(message, flow)`, `closed(flow, reason)` and then `on_input()` are
    called. Without `tls` none of `tls` is accepted or made. `name_of`: whom the certificate of who is at an
    address has to be for, where a flow does not say."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handle: Callable[[Message, Flow], None],
        closed: Callable[[Flow, str], None],
        on_input: Callable[[], None],
        tls: Tls | None = None,
        dscp: int = 0,
        name_of: NameOf = nobody,
    ) -> None:
        self.loop = loop
        self.dscp = dscp
        "Marks what connections send."
        self._tls = tls
        self._name_of = name_of
        self._reports = FailureReports(loop)
        self.handle = handle
        self.on_input = on_input
        self._closed = closed
        self._by_flow: dict[Flow, Connection] = {}
        self._per_host: dict[str, int] = {}
        self._waiting: dict[Flow, list[bytes]] = {}
        "What to send when the connection that is being made is there."
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._tls_listeners: list[TlsListener] = []
        self._sweeper = loop.call_later(SWEEP_S, self._sweep)
        self.buffer = memoryview(bytearray(READ_BYTES))
        "What is read, until the connection has taken it out, which it does at once."
        self._left = ROUND
        self._queue: deque[Connection] = deque()
        self._round_due = False

    def __len__(self) -> int:
        return len(self._by_flow)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._by_flow.values())

    def allowance(self) -> int:
        """How many messages a connection may hand over now."""
        return min(TURN, self._left)

    def spend(self, messages: int) -> None:
        self._left -= messages
        self._plan_round()

    def queue(self, connection: Connection) -> None:
        """It has more than it was allowed."""
        self._queue.append(connection)
        self._plan_round()

    def _plan_round(self) -> None:
        if not self._round_due:
            self._round_due = True
            self.loop.call_soon(self._round)

    def _round(self) -> None:
        """In each iteration of the loop in which there was something, and in the one after."""
        self._round_due = False
        self._left = ROUND
        while self._queue and self._left:
            self._queue.popleft().go_on()

    async def listen(self, transport: str, address: Address) -> Address:
        """Raises OSError."""
        if transport == "tls":
            assert self._tls is not None, "no certificate to listen with"
            accepted = partial(Connection, self, "tls", None)
            listener = TlsListener(self.loop, address, self._tls, accepted)
            self._tls_listeners.append(listener)
            return listener.local
        server = await self.loop.create_server(
            lambda: Connection(self, "tcp", None), address.host, address.port
        )
        self._servers.append(server)
        return Address(*server.sockets[0].getsockname()[:2])

    def send(self, flow: Flow, data: bytes) -> None:
        connection = self._by_flow.get(flow)
        if connection is not None:
            connection.send(data)
            return
        waiting = self._waiting.get(flow)
        if waiting is not None:
            if sum(map(len, waiting)) < MAX_UNSENT:
                waiting.append(data)
            return
        self._waiting[flow] = [data]
        task = self.loop.create_task(self._connect(flow))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, flow: Flow) -> None:
        try:
            if len(self._waiting) > MAX_CONNECTIONS:
                raise OSError(f"{MAX_CONNECTIONS} connections are being made")
            async with asyncio.timeout(CONNECT_S):
                await self.loop.create_connection(
                    lambda: Connection(self, flow.transport, flow),
                    *flow.remote,
                    # Peers tell us by our address: it is the one that Via and Contact say.
                    local_addr=(flow.local.host, 0),
                    **self._security(flow),
                )
        except OSError as error:
            # TimeoutError is one, too.
            if flow.transport == "tls":
                host, name = flow.remote.host, self._name(flow)
                self._reports.add(f"{name} ({host})" if name != host else host, why(error))
            self._waiting.pop(flow, None)
            self._closed(flow, SLOW if isinstance(error, TimeoutError) else why(error))
            self.on_input()

    def _security(self, flow: Flow) -> dict[str, Any]:
        """The peer's certificate has to be for the domain of the URI, not for the host that DNS made of it
        (RFC 5922 §7.1), or without a domain for the address."""
        if flow.transport != "tls":
            return {}
        if self._tls is None:
            raise OSError("there is no [tls] certificate")
        return {"ssl": self._tls.client, "server_hostname": self._name(flow)}

    def _name(self, flow: Flow) -> str:
        """A call that the peer began over a connection of its own says none: that connection may be gone
        when we have a request for it."""
        return flow.name or self._name_of(flow.remote.host) or flow.remote.host

    def add(self, connection: Connection) -> None:
        """A connection is there; make room for it."""
        flow = connection.flow
        assert flow is not None
        host = flow.remote.host
        self._per_host[host] = self._per_host.get(host, 0) + 1
        self._by_flow[flow] = connection
        if self._per_host[host] > MAX_PER_HOST:
            self._drop_idlest(one for one in self if one.flow and one.flow.remote.host == host)
        elif len(self._by_flow) > MAX_CONNECTIONS:
            self._drop_idlest(self)
        for data in self._waiting.pop(flow, ()):
            connection.send(data)

    def _drop_idlest(self, among: Iterator[Connection] | Connections) -> None:
        idlest = min(among, key=lambda one: one.heard_at)
        if idlest.transport is not None:
            idlest.transport.abort()

    def remove(self, connection: Connection, reason: str) -> None:
        flow = connection.flow
        if flow is None or self._by_flow.get(flow) is not connection:
            return
        del self._by_flow[flow]
        host = flow.remote.host
        self._per_host[host] -= 1
        if not self._per_host[host]:
            del self._per_host[host]
        self._closed(flow, reason)
        self.on_input()

    def _sweep(self) -> None:
        """Close who is slow and who is idle."""
        now = self.loop.time()
        for connection in list(self):
            waiting = connection.waiting_since
            slow = waiting is not None and now - waiting > MESSAGE_S
            if (slow or now - connection.heard_at > IDLE_S) and connection.transport is not None:
                connection.transport.abort()
        self._sweeper = self.loop.call_later(SWEEP_S, self._sweep)

    async def close(self) -> None:
        self._sweeper.cancel()
        for server in self._servers:
            server.close()
        for listener in self._tls_listeners:
            await listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self):
            connection.close()
