"""The API over a real socket, inside the loop that is running."""

from __future__ import annotations

import asyncio
import signal

import httpx
import pytest
from tests.api.conftest import Site

from ntpd112.api import serve
from ntpd112.api.server import ListenError


async def test_it_serves_without_naming_itself_and_leaves_signals_alone(site: Site) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    server = await serve(site.app, "127.0.0.1", 0)
    try:
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
        host, port = server.address
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://{host}:{port}/healthz")
        assert answer.json() == {"status": "ok"}
        assert "server" not in answer.headers
    finally:
        await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)


async def test_stopping_does_not_wait_for_idle_connections(site: Site) -> None:
    server = await serve(site.app, "::1", 0)
    reader, writer = await asyncio.open_connection(*server.address)
    await server.stop()
    assert await reader.read() == b""
    writer.close()


async def test_an_address_in_use_is_named(site: Site) -> None:
    server = await serve(site.app, "127.0.0.1", 0)
    try:
        with pytest.raises(ListenError, match=rf'"127.0.0.1:{server.address[1]}": .*in use'):
            await serve(site.app, *server.address)
    finally:
        await server.stop()
