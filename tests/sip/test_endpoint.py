"""The sockets: real datagrams and connections over loopback, their bounds, and what failing to send does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from ntpd112.sip import local_addresses, udp
from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.endpoint import SipEndpoint
from ntpd112.sip.events import Cause, Failed, IncomingCall, SipEvent
from ntpd112.sip.flow import Address, Flow, Outgoing
from ntpd112.sip.leg import Leg
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.target import Target
from ntpd112.sip.tcp import NameOf, nobody
from ntpd112.sip.tls import Tls
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uri import Uri


class Listen(NamedTuple):
    transport: str
    host: str
    port: int = 0


class Phone:
    """A user agent with sockets that answers calls at once."""

    def __init__(self, tls: Tls | None = None, name_of: NameOf = nobody) -> None:
        trunks = Trunks([TrunkSpec("any", ["0.0.0.0/0", "::/0"], 100, options_s=0)])
        self.ua = UserAgent(UaConfig(policy=SessionPolicy(session_s=0)), None, trunks)
        self.endpoint = SipEndpoint(self.ua, self.turn, tls, name_of=name_of)
        self.events: list[SipEvent] = []
        self.loop = asyncio.get_running_loop()

    def turn(self) -> None:
        for event in self.ua.events():
            self.events.append(event)
            if isinstance(event, IncomingCall):
                event.leg.answer(self.loop.time(), LocalMedia("127.0.0.1", 4000))
        self.endpoint.send(self.ua.outgoing())

    def call(self, transport: str, remote: Address, name: str = "") -> Leg:
        """`name`: whom the certificate of who is there has to be for."""
        flow = self.endpoint.flow_to(transport, remote)
        assert flow is not None
        flow = replace(flow, name=name)
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


async def test_a_connection_of_ours_comes_from_the_address_that_we_listen_on() -> None:
    async def test(one: Phone, two: Phone) -> None:
        await one.endpoint.open([Listen("tcp", "127.0.0.5")])
        (theirs,) = await two.endpoint.open([Listen("tcp", "127.0.0.1")])
        one.call("tcp", theirs)
        await until(lambda: "Established" in two.story())
        incoming = two.events[0]
        assert isinstance(incoming, IncomingCall)
        assert incoming.leg.flow.remote.host == "127.0.0.5"

    await with_phones(test)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_of_several_addresses_calls_leave_by_the_one_of_the_route(
    transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_addresses, "source_towards", lambda host: "127.0.0.6")

    async def test(one: Phone, two: Phone) -> None:
        await one.endpoint.open([Listen(transport, "127.0.0.5"), Listen(transport, "127.0.0.6")])
        (theirs,) = await two.endpoint.open([Listen(transport, "127.0.0.1")])
        one.call(transport, theirs)
        await until(lambda: "Established" in two.story())
        incoming = two.events[0]
        assert isinstance(incoming, IncomingCall)
        assert incoming.leg.flow.remote.host == "127.0.0.6"

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
        with pytest.raises(OSError, match="none of udp, tcp, tls"):
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


# --- datagrams


async def test_what_is_remembered_of_sources_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "MAX_FLOWS", 3)
    monkeypatch.setattr(local_addresses, "MAX_HOSTS", 3)
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
