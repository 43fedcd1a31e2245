"""The HTTP server: uvicorn inside the loop that is running, without signal handlers of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

GRACE_S = 3
"How long requests that are being answered may take at the end."
KEEP_ALIVE_S = 30
BACKLOG = 256


class ListenError(Exception):
    """The address cannot be listened on; the message names it."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The agent handles signals."""
        yield


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
        ws="none",
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
