"""What name servers say, over real sockets: answers, none, failures, and answers that do not fit."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from math import inf
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from ntpd112.app.resolver import Found, NoAnswer, Resolver
from ntpd112.config import DnsConfig, HttpAddress
from ntpd112.sip.locate import Naptr, Question, Srv

HOST = "127.0.0.1"
NAME = "telkom.example"
SRV = Question("SRV", f"_sip._udp.{NAME}")
A = Question("A", NAME)
Say = Callable[[dns.message.Message], None]


class Server(asyncio.DatagramProtocol):
    """`say` completes each answer; by UDP only so much of it as fits 512 bytes if `cuts`."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.cuts = self.is_silent = False
        self.by_tcp = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.is_silent:
            return
        answer = self.answer(data)
        if self.cuts:
            answer.flags |= dns.flags.TC
            answer.answer = []
        self.transport.sendto(answer.to_wire(), addr)

    def answer(self, data: bytes) -> dns.message.Message:
        answer = dns.message.make_response(dns.message.from_wire(data), recursion_available=True)
        self.say(answer)
        return answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.by_tcp += 1
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        wire = self.answer(await reader.readexactly(length)).to_wire(max_size=65_535)
        writer.write(struct.pack("!H", len(wire)) + wire)
        await writer.drain()
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    served = Server(lambda answer: None)
    tcp = await asyncio.start_server(served.serve, HOST, 0)
    port = tcp.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: served, (HOST, port))
    yield served
    transport.close()
    tcp.close()


async def ask(server: Server, question: Question) -> Found:
    port = server.transport.get_extra_info("sockname")[1]
    return await Resolver(DnsConfig(servers=[HttpAddress(HOST, port)], timeout=0.3)).ask(question)


def has(*records: str) -> Say:
    """As in a zone file: name, TTL, class, kind, data."""

    def say(answer: dns.message.Message) -> None:
        for record in records:
            name, ttl, kind, text = record.split(" ", 3)
            answer.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, *text.split(" | ")))

    return say


def fails(code: dns.rcode.Rcode) -> Say:
    return lambda answer: answer.set_rcode(code)


async def test_records_are_read_with_the_time_they_hold(server: Server) -> None:
    server.say = has(f"{SRV.name}. 90 SRV 10 60 5070 SBC1.telkom.example. | 0 0 0 .")
    found = await ask(server, SRV)
    assert set(found.records) == {Srv(10, 60, 5070, "sbc1.telkom.example"), Srv(0, 0, 0, ".")}
    assert found.ttl_s == 90
    server.say = has(f'{NAME}. 60 NAPTR 10 20 "s" "SIP+D2U" "" _sip._udp.telkom.example.')
    found = await ask(server, Question("NAPTR", NAME))
    assert found.records == (Naptr(10, 20, "s", "SIP+D2U", "_sip._udp.telkom.example"),)
    server.say = has(f"{NAME}. 60 AAAA 2001:db8:0::5")
    assert (await ask(server, Question("AAAA", NAME))).records == ("2001:db8::5",)


async def test_an_alias_holds_no_longer_than_its_shortest_part(server: Server) -> None:
    server.say = has(f"{NAME}. 20 CNAME sbc.elsewhere.example.", "sbc.elsewhere.example. 600 A 10.1.0.5")
    assert await ask(server, A) == Found(("10.1.0.5",), 20)


async def test_an_answer_that_does_not_fit_is_asked_for_by_tcp(server: Server) -> None:
    server.cuts = True
    server.say = has(f"{NAME}. 60 A " + " | ".join(f"10.1.0.{number}" for number in range(1, 200)))
    assert len((await ask(server, A)).records) == 199
    assert server.by_tcp == 1


async def test_a_name_without_such_records_differs_from_one_that_is_not_there(server: Server) -> None:
    assert await ask(server, A) == Found((), inf)
    server.say = fails(dns.rcode.NXDOMAIN)
    assert await ask(server, A) == Found((), inf, exists=False)


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_a_server_that_fails_says_nothing_about_the_name(server: Server, code: dns.rcode.Rcode) -> None:
    server.say = fails(code)
    with pytest.raises(NoAnswer, match=rf"no name server is of use \({HOST}@\d+: {code.name}\)$"):
        await ask(server, A)


async def test_a_silent_server_is_given_up(server: Server) -> None:
    server.is_silent = True
    with pytest.raises(NoAnswer, match=r"^no name server answers$"):
        await ask(server, A)


async def test_the_next_server_is_asked_when_one_is_silent(server: Server) -> None:
    server.say = has(f"{NAME}. 60 A 10.1.0.5")
    port = server.transport.get_extra_info("sockname")[1]
    silent = Server(lambda answer: None)
    silent.is_silent = True
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: silent, (HOST, 0))
    dead = HttpAddress(HOST, transport.get_extra_info("sockname")[1])
    config = DnsConfig(servers=[dead, HttpAddress(HOST, port)], timeout=0.3)
    assert (await Resolver(config).ask(A)).records == ("10.1.0.5",)
    transport.close()
