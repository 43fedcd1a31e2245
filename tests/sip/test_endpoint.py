"""The sockets: real datagrams and connections over loopback, their bounds, and what failing to send does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

import pytest

from ntpd112.sip import tcp, udp
from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.endpoint import SipEndpoint
from ntpd112.sip.events import Cause, Failed, IncomingCall, SipEvent
from ntpd112.sip.flow import Address, Flow, Outgoing
from ntpd112.sip.leg import Leg
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uri import Uri

from .test_agent import message


class Listen(NamedTuple):
    transport: str
    host: str
    port: int = 0


class Phone:
    """A user agent with sockets that answers calls at once."""

    def __init__(self) -> None:
        trunks = Trunks([TrunkSpec("any", ["0.0.0.0/0", "::/0"], 100, options_s=0)])
        self.ua = UserAgent(UaConfig(session_expires=0), None, trunks)
        self.endpoint = SipEndpoint(self.ua, self.turn)
        self.events: list[SipEvent] = []
        self.loop = asyncio.get_running_loop()

    def turn(self) -> None:
        for event in self.ua.events():
            self.events.append(event)
            if isinstance(event, IncomingCall):
                event.leg.answer(self.loop.time(), LocalMedia("127.0.0.1", 4000))
        self.endpoint.send(self.ua.outgoing())

    def call(self, transport: str, remote: Address) -> Leg:
        flow = self.endpoint.flow_to(transport, remote)
        assert flow is not None
        caller = NameAddr(Uri("sip", remote.host, "x"))
        target = Target(Uri("sip", remote.host, "112", remote.port), flow)
        leg = self.ua.invite(target, caller=caller, local=LocalMedia("127.0.0.1", 5000), now=self.loop.time())
        self.turn()
        return leg

    def story(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # what is waited for are other objects' fields
            await asyncio.sleep(0.005)


async def with_phones(test: Callable[[Phone, Phone], Awaitable[None]]) -> None:
    one, two = Phone(), Phone()
    try:
        await test(one, two)
    finally:
        await one.endpoint.close()
        await two.endpoint.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(("host", "wildcard"), [("127.0.0.1", "0.0.0.0"), ("::1", "::")])
async def test_a_call_over_each_transport_and_ip_version(transport: str, host: str, wildcard: str) -> None:
    async def test(one: Phone, two: Phone) -> None:
        (mine,) = await one.endpoint.open([Listen(transport, host)])
        (theirs,) = await two.endpoint.open([Listen(transport, wildcard)])
        assert theirs.port
        leg = one.call(transport, Address(host, theirs.port))
        await until(lambda: "Established" in two.story())
        assert leg.state == "established"
        leg.hang_up(one.loop.time(), Cause(0))
        one.turn()
        await until(lambda: "Ended" in two.story())
        incoming = two.events[0]
        assert isinstance(incoming, IncomingCall)
        # Bound to all addresses, it still says which one the peer reaches it at.
        assert f"@{'[::1]' if ':' in host else host}:{theirs.port}" in (
            leg.dialog.target if leg.dialog else ""
        )
        assert mine.host == host

    await with_phones(test)


async def test_messages_pass_the_tap_in_both_directions() -> None:
    async def test(one: Phone, two: Phone) -> None:
        seen: list[tuple[str, bytes]] = []
        two.endpoint.tap = lambda direction, flow, data: seen.append((direction, data.split()[0]))
        await one.endpoint.open([Listen("udp", "127.0.0.1")])
        (theirs,) = await two.endpoint.open([Listen("udp", "127.0.0.1")])
        one.call("udp", theirs)
        await until(lambda: "Established" in two.story())
        assert seen == [("in", b"INVITE"), ("out", b"SIP/2.0"), ("out", b"SIP/2.0"), ("in", b"ACK")]

    await with_phones(test)


async def test_a_connection_that_is_refused_fails_the_call() -> None:
    async def test(one: Phone, two: Phone) -> None:
        await one.endpoint.open([Listen("tcp", "127.0.0.1")])
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            one.call("tcp", Address("127.0.0.1", unused.getsockname()[1]))
            await until(lambda: one.events)
        failed = one.events[0]
        assert isinstance(failed, Failed)
        assert failed.cause.sip_code == 503

    await with_phones(test)


async def test_a_datagram_that_cannot_be_sent_fails_the_call() -> None:
    async def test(one: Phone, two: Phone) -> None:
        (mine,) = await one.endpoint.open([Listen("udp", "127.0.0.1")])
        # A socket bound to loopback cannot reach anything else.
        flow = Flow("udp", mine, Address("192.0.2.1", 5060))
        target = Target(Uri("sip", "192.0.2.1"), flow)
        caller = NameAddr(Uri("sip", "127.0.0.1", "x"))
        local = LocalMedia("127.0.0.1", 5000)
        one.ua.invite(target, caller=caller, local=local, now=one.loop.time())
        one.turn()
        await until(lambda: one.events)
        assert one.story() == ["Failed"]

    await with_phones(test)


async def test_listening_on_a_taken_port_or_an_unknown_transport_is_an_error() -> None:
    async def test(one: Phone, two: Phone) -> None:
        (mine,) = await one.endpoint.open([Listen("udp", "127.0.0.1")])
        with pytest.raises(OSError, match="in use"):
            await two.endpoint.open([Listen("udp", "127.0.0.1", mine.port)])
        with pytest.raises(OSError, match="neither udp nor tcp"):
            await two.endpoint.open([Listen("sctp", "127.0.0.1")])

    await with_phones(test)


async def test_there_is_no_flow_to_an_ip_version_without_a_socket() -> None:
    async def test(one: Phone, two: Phone) -> None:
        await one.endpoint.open([Listen("udp", "127.0.0.1")])
        assert one.endpoint.flow_to("udp", Address("::1", 5060)) is None
        assert one.endpoint.flow_to("tcp", Address("127.0.0.1", 5060)) is None

    await with_phones(test)


async def test_a_mistake_in_one_message_does_not_cost_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(one: Phone, two: Phone) -> None:
        await one.endpoint.open([Listen("udp", "127.0.0.1")])
        (theirs,) = await two.endpoint.open([Listen("udp", "127.0.0.1")])
        receive = two.ua.receive

        def stumble(data: bytes, flow: Flow, now: float) -> None:
            if data == b"stumble":
                raise RuntimeError("on purpose")
            receive(data, flow, now)

        monkeypatch.setattr(two.ua, "receive", stumble)
        flow = one.endpoint.flow_to("udp", theirs)
        assert flow is not None
        one.endpoint.send([Outgoing(flow, b"stumble")])
        one.call("udp", theirs)
        await until(lambda: "Established" in two.story())

    await with_phones(test)


# --- connections


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

        table = tcp.Connections(asyncio.get_running_loop(), handle, lambda flow: None, lambda: None)
        try:
            address = await table.listen(Address("127.0.0.1", 0))
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


# --- datagrams


async def test_what_is_remembered_of_sources_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "MAX_FLOWS", 3)
    monkeypatch.setattr(udp, "MAX_HOSTS", 3)
    one = udp.UdpSocket(Address("0.0.0.0", 0))
    try:
        for number in range(1, 10):
            flow = one.flow_to(Address(f"127.0.0.{number}", 5060))
            assert flow.local == Address("127.0.0.1", one.local.port)
        assert len(one._flows) <= 3
        assert len(one._locals._by_host) <= 3
    finally:
        one.close()


async def test_datagrams_are_read_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "BATCH", 2)
    one, two = udp.UdpSocket(Address("127.0.0.1", 0)), udp.UdpSocket(Address("127.0.0.1", 0))
    try:
        for number in range(3):
            assert two.send(Outgoing(two.flow_to(one.local), b"%d" % number))
        got: list[bytes] = []
        assert one.read(lambda data, flow: got.append(data))
        assert got == [b"0", b"1"]
        assert one.read(lambda data, flow: got.append(data))
        assert got == [b"0", b"1", b"2"]
        assert not one.read(lambda data, flow: got.append(data))
    finally:
        one.close()
        two.close()


async def test_a_datagram_too_large_to_send_is_reported() -> None:
    one = udp.UdpSocket(Address("127.0.0.1", 0))
    try:
        assert not one.send(Outgoing(one.flow_to(Address("127.0.0.1", 9)), b"x" * 70_000))
    finally:
        one.close()
