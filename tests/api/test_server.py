"""The API over a real socket, inside the loop that is running."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import cast

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from tests.api.conftest import Site

from ntpd112.api import serve
from ntpd112.api import server as api_server
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


@pytest.mark.parametrize(
    "sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half a head"]
)
async def test_a_connection_that_stands_still_is_closed(
    site: Site, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(api_server, "STALLED_S", 0.05)
    monkeypatch.setattr(api_server, "TICKS_A_SWEEP", 1)
    server = await serve(site.app, "127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(sent)
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
    finally:
        await server.stop()


async def test_a_client_that_does_not_read_its_answer_is_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_server, "STALLED_S", 0.05)
    monkeypatch.setattr(api_server, "TICKS_A_SWEEP", 1)
    ended = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await asyncio.wait_for(_next(send, receive), 10)) != "http.disconnect":
            pass
        ended.set()

    async def _next(send: Send, receive: Receive) -> str:
        heard = asyncio.ensure_future(receive())
        await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await asyncio.sleep(0)
        if heard.done():
            return str(heard.result()["type"])
        heard.cancel()
        return ""

    server = await serve(cast(FastAPI, endless), "127.0.0.1", 0)
    try:
        _, writer = await asyncio.open_connection(*server.address)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            await ended.wait()
        writer.close()
    finally:
        await server.stop()


async def test_one_connection_too_many_closes_the_longest_idle_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_server, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(api_server, "TICKS_A_SWEEP", 1)
    server = await serve(site.app, "127.0.0.1", 0)
    try:
        first = await asyncio.open_connection(*server.address)
        async with asyncio.timeout(10):
            while not server._server._watched:  # noqa: ASYNC110  # a field of another object
                await asyncio.sleep(0.01)
        others = [await asyncio.open_connection(*server.address) for _ in range(2)]
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                assert await first[0].read() == b""
        async with httpx.AsyncClient() as client:
            host, port = server.address
            assert (await client.get(f"http://{host}:{port}/healthz")).status_code == 200
        for _, writer in [first, *others]:
            writer.close()
    finally:
        await server.stop()
