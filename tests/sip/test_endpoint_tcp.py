"""TCP connections: framing, keep-alive, and their bounds in number, bytes and time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from ntpd112.sip import tcp
from ntpd112.sip.flow import Address, Flow, Outgoing

from .test_agent import message
from .test_endpoint import Listen, Phone, until


class Wire:
    """A bare TCP connection to a phone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, address: Address) -> Wire:
        return cls(*await asyncio.open_connection(*address))

    async def read(self, end: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(end)

    async def closed(self) -> bool:
        """Waits for the other side to close."""
        async with asyncio.timeout(10):
            with suppress(ConnectionError):
                while await self.reader.read(65_536):
                    pass
        return True

    def close(self) -> None:
        self.writer.close()


async def with_wire(test: Callable[[Phone, Wire, Address], Awaitable[None]]) -> None:
    phone = Phone()
    (address,) = await phone.endpoint.open([Listen("tcp", "127.0.0.1")])
    wire = await Wire.to(address)
    try:
        await test(phone, wire, address)
    finally:
        wire.close()
        await phone.endpoint.close()


async def test_pipelined_and_cut_messages_and_keep_alives_over_tcp() -> None:
    async def test(phone: Phone, wire: Wire, address: Address) -> None:
        options = message("OPTIONS", via="SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK1")
        wire.writer.write(options + options + b"\r\n\r\n" + options[:50])
        # The keep-alive is no matter of the agent, so its answer need not wait for a turn.
        assert await wire.read(b"\r\n") == b"\r\n"
        for _ in range(2):
            assert (await wire.read(b"\r\n\r\n")).startswith(b"SIP/2.0 200 OK\r\n")
        wire.writer.write(options[50:])
        assert (await wire.read(b"\r\n\r\n")).startswith(b"SIP/2.0 200 OK\r\n")

    await with_wire(test)


async def test_a_stream_that_cannot_be_framed_is_answered_and_closed() -> None:
    async def test(phone: Phone, wire: Wire, address: Address) -> None:
        wire.writer.write(message("OPTIONS").replace(b"Content-Length: 0", b"Content-Length: -1"))
        assert (await wire.read(b"\r\n\r\n")).startswith(b"SIP/2.0 400 ")
        assert await wire.closed()

    await with_wire(test)


async def test_who_says_nothing_or_half_a_message_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "SWEEP_S", 0.02)
    monkeypatch.setattr(tcp, "MESSAGE_S", 0.1)

    async def test(phone: Phone, silent: Wire, address: Address) -> None:
        slow = await Wire.to(address)
        slow.writer.write(message("OPTIONS")[:-10])
        assert await silent.closed()
        assert await slow.closed()
        slow.close()
        assert len(phone.endpoint._tcp) == 0

    await with_wire(test)


async def test_who_is_idle_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "SWEEP_S", 0.02)
    monkeypatch.setattr(tcp, "IDLE_S", 0.1)

    async def test(phone: Phone, wire: Wire, address: Address) -> None:
        wire.writer.write(message("OPTIONS"))
        await wire.read(b"\r\n\r\n")
        assert await wire.closed()

    await with_wire(test)


@pytest.mark.parametrize("bound", ["MAX_CONNECTIONS", "MAX_PER_HOST"])
async def test_one_connection_too_many_closes_the_longest_idle_one(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(tcp, bound, 2)

    async def test(phone: Phone, first: Wire, address: Address) -> None:
        await until(lambda: len(phone.endpoint._tcp) == 1)
        second = await Wire.to(address)
        await until(lambda: len(phone.endpoint._tcp) == 2)
        first.writer.write(message("OPTIONS"))
        await first.read(b"\r\n\r\n")
        third = await Wire.to(address)
        assert await second.closed()
        await until(lambda: len(phone.endpoint._tcp) == 2)
        first.writer.write(message("OPTIONS"))
        assert await first.read(b"\r\n\r\n")
        second.close()
        third.close()

    await with_wire(test)


async def test_who_does_not_read_is_cut_off() -> None:
    async def test(phone: Phone, wire: Wire, address: Address) -> None:
        await until(lambda: len(phone.endpoint._tcp) == 1)
        (connection,) = phone.endpoint._tcp
        assert connection.flow is not None
        for _ in range(200):
            phone.endpoint.send([Outgoing(connection.flow, b"x" * 65_536)])
        await until(lambda: len(phone.endpoint._tcp) == 0)

    await with_wire(test)


async def test_what_waits_for_a_connection_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_UNSENT", 100)

    async def test(phone: Phone, wire: Wire, address: Address) -> None:
        flow = Flow("tcp", address, Address("127.0.0.1", address.port))
        phone.endpoint.send([Outgoing(flow, b"y" * 60)] * 50)
        assert len(phone.endpoint._tcp._waiting[flow]) == 2
        await until(lambda: not phone.endpoint._tcp._waiting)

    await with_wire(test)


async def test_a_flood_on_one_connection_does_not_hold_up_another() -> None:
    """Found with one connection that sent without a pause: calls took 2 s to set up."""
    many, request = 1_000, message("OPTIONS", via="SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK1")
    order: list[Flow] = []
    with socket.socket() as flood, socket.socket() as other:

        def handle(_: tcp.Message, flow: Flow) -> None:
            if not order:
                other.sendall(request)  # while the flood is already there, in the kernel
            order.append(flow)

        table = tcp.Connections(asyncio.get_running_loop(), handle, lambda *_: None, lambda: None)
        try:
            address = await table.listen("tcp", Address("127.0.0.1", 0))
            flood.connect(address)
            other.connect(address)
            await until(lambda: len(table) == 2)
            flood.setblocking(False)
            sent = flood.send(many * request) // len(request)
            await until(lambda: len(order) == sent + 1)
        finally:
            await table.close()
        mine = next(index for index, flow in enumerate(order) if flow.remote.port == order[0].remote.port)
        theirs = next(index for index, flow in enumerate(order) if flow.remote.port != order[0].remote.port)
        assert mine == 0
        assert theirs <= 2 * tcp.ROUND < sent


async def test_messages_over_several_turns_come_all_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "TURN", 2)
    monkeypatch.setattr(tcp, "ROUND", 3)
    monkeypatch.setattr(tcp, "READ_BYTES", 700)

    async def test(phone: Phone, wire: Wire, address: Address) -> None:
        requests = [message("OPTIONS", via=f"SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{n}") for n in range(40)]
        wire.writer.write(b"".join(requests))
        for number in range(40):
            assert f"branch=z9hG4bK{number}\r\n".encode() in await wire.read(b"\r\n\r\n")

    await with_wire(test)
