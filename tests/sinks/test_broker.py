"""The edge to the broker, where a real one is hard to make misbehave; the rest: tests/e2e/test_mqtt.py."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ntpd112.sinks import BrokerSettings, broker_of
from ntpd112.sinks.broker import BrokerError
from ntpd112.sinks.topics import Topics

WILL = Topics("35.78").status("offline")


async def test_a_broker_that_takes_the_connection_and_is_silent_costs_no_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ntpd112.sinks.broker.ACK_S", 0.2)
    closed = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        closed.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connect = broker_of(BrokerSettings(url=f"mqtt://127.0.0.1:{port}", client_id="c"), WILL)
    with pytest.raises(BrokerError, match="timed out"):
        async with connect():
            pass
    async with asyncio.timeout(5):
        await closed.wait()
    server.close()


async def test_nobody_listens() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(BrokerError, match="refused"):
        async with broker_of(BrokerSettings(url=f"mqtt://127.0.0.1:{port}", client_id="c"), WILL)():
            pass


MISSING = Path("/nowhere/missing")


@pytest.mark.parametrize(
    "settings",
    [
        BrokerSettings(url="mqtts://127.0.0.1", client_id="c", ca=MISSING),
        BrokerSettings(url="mqtt://127.0.0.1", client_id="c", username="u", password_file=MISSING),
    ],
    ids=["ca", "password_file"],
)
async def test_a_file_that_is_not_there_is_said(settings: BrokerSettings) -> None:
    with pytest.raises(BrokerError, match="No such file"):
        async with broker_of(settings, WILL)():
            pass
