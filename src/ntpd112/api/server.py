"""The HTTP server: uvicorn inside the loop that is running, without signal handlers of its own, and with
bounds that uvicorn lacks: how many connections, and how long one may stand still."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

GRACE_S = 3
"How long requests that are being answered may take at the end."
KEEP_ALIVE_S = 30
BACKLOG = 256
MAX_CONNECTIONS = 500
"At once; the longest idle ones are closed for new ones. Each takes a file descriptor that a call may need."
STALLED_S = 30.0
"Seconds without a request being answered, or, while one is, without its client reading on."
PING_S = 20.0
"Between pings to a WebSocket, and how long its pong may take."
WS_INPUT_BYTES = 1 << 10
"The largest message of a WebSocket's client; none is needed."
TICKS_A_SWEEP = 10
"uvicorn ticks ten times a second: how often connections are looked over for the above."


class ListenError(Exception):
    """The address cannot be listened on; the message names it."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._watched: dict[Any, tuple[object, float]] = {}
        "Connections, the longest unmoved first: what they were at, and since when (loop time)."

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SWEEP == 0 or len(self.server_state.connections) > MAX_CONNECTIONS:
            self._sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def _sweep(self, now: float) -> None:
        """Close whoever stands still, and the longest idle ones if there are too many."""
        present = self.server_state.connections
        self._watched = {one: seen for one, seen in self._watched.items() if one in present}
        excess = len(present) - MAX_CONNECTIONS
        for connection in [*self._watched, *(present - self._watched.keys())]:
            transport = connection.transport
            cycle, answering = _answering(connection)
            unread = transport.get_write_buffer_size()
            doing = (id(cycle), answering, unread)
            last, since = self._watched.get(connection, (None, now))
            if doing != last:
                self._watched.pop(connection, None)
                self._watched[connection] = doing, now
            elif (now - since > STALLED_S or excess > 0) and (unread or not answering):
                transport.abort()
                excess -= 1

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The agent handles signals."""
        yield


def _answering(connection: Any) -> tuple[object, bool]:
    """What an HTTP connection is at, and whether that is an answer. A WebSocket always is: it is still when
    nothing happens, and pings find out who has gone."""
    if isinstance(connection, WebSocketsSansIOProtocol):
        return None, True
    cycle = connection.cycle
    return cycle, cycle is not None and not cycle.response_complete


class ApiServer:
    """A running server; `address` is (host, port) as bound."""

    def __init__(self, server: _Server, listener: socket.socket) -> None:
        self._server = server
        self._listener = listener
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._task = asyncio.create_task(server.serve([listener]), name="api")

    async def stop(self) -> None:
        """Takes no more connections, lets answers end (at most `GRACE_S`), closes the rest."""
        self._server.should_exit = True
        await self._task
        self._listener.close()


async def serve(app: FastAPI, host: str, port: int) -> ApiServer:
    """Starts serving; port 0: any free one. Raises ListenError."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws=WebSocketsSansIOProtocol,
        ws_max_size=WS_INPUT_BYTES,
        ws_per_message_deflate=False,  # compressing for each follower would take the loop's time
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    server = _Server(config)
    running = ApiServer(server, _listen(host, port))
    await server.listening.wait()
    return running


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenError(f'[http] listen "{host}:{port}": {error.strerror or error}') from error
    listener.setblocking(False)
    return listener
