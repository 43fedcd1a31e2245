"""Marks read back from packets that arrived, and from connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from ntpd112.dscp import mark, mark_descriptor
from ntpd112.media.ports import PortPool
from ntpd112.sip.flow import Address
from ntpd112.sip.tcp import Connections
from ntpd112.sip.udp import UdpSocket

CS3, EF = 24, 46
FIRST_PORT = 42200
WAIT_S = 5.0
"For a packet over loopback; then the test has failed."


def receiver(host: str) -> socket.socket:
    """It is told each packet's mark."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    sock.bind((host, 0))
    sock.settimeout(WAIT_S)
    return sock


def code_point_of_what_comes(sock: socket.socket) -> int:
    _, ancillary, _, _ = sock.recvmsg(100, 100)
    ((_, _, data),) = ancillary
    return data[0] >> 2


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("code_point", [CS3, EF, 0])
def test_a_sip_message_over_udp_carries_the_mark(host: str, code_point: int) -> None:
    udp = UdpSocket(Address(host, 0), code_point)
    with receiver(host) as other, udp.socket:
        udp.socket.sendto(b"OPTIONS", other.getsockname())
        assert code_point_of_what_comes(other) == code_point


@pytest.mark.parametrize(("family", "host"), [(4, "127.0.0.1"), (6, "::1")])
def test_rtp_and_rtcp_carry_the_mark(family: int, host: str) -> None:
    pool = PortPool(
        4 if family == 4 else 6, host, FIRST_PORT, FIRST_PORT + 9, start_at=0, quarantine_s=0.0, dscp=EF
    )
    (port,) = pool.bind(1, now=0.0)
    pair = pool.take(port)
    assert pair is not None
    with receiver(host) as other:
        for sock in pair:
            sock.sendto(b"sound", other.getsockname())
            assert code_point_of_what_comes(other) == EF
    pair.close()


@pytest.fixture
async def table() -> AsyncIterator[Connections]:
    made = Connections(asyncio.get_running_loop(), lambda *_: None, lambda *_: None, lambda: None, dscp=CS3)
    yield made
    await made.close()


async def test_a_connection_that_a_peer_made_is_marked(table: Connections) -> None:
    address = await table.listen("tcp", Address("127.0.0.1", 0))
    _, writer = await asyncio.open_connection(*address)
    while not len(table):  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0.001)
    (connection,) = table
    assert connection.transport is not None
    ours = connection.transport.get_extra_info("socket")
    with socket.socket(fileno=ours.fileno()) as sock:
        assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) >> 2 == CS3
        sock.detach()
    writer.close()


def test_a_socket_that_cannot_be_marked_still_sends() -> None:
    one, other = socket.socketpair()
    with one, other:
        mark(one, EF)
        mark_descriptor(one.fileno(), EF)
        one.send(b"sound")
        assert other.recv(100) == b"sound"
