"""The capture file of a call, as another library (dpkt) reads it."""

from __future__ import annotations

import io
import socket

import dpkt
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.cli.pcap import LINKTYPE_RAW, pcap
from ntpd112.sip.capture import Captured, Direction

INVITE = "INVITE sip:112@h SIP/2.0\r\nCall-ID: é\r\n\r\n"
OK = "SIP/2.0 200 OK\r\n\r\n"
V4 = "192.0.2.1:5060", "192.0.2.2:5080"
V6 = "[2001:db8::1]:5060", "[2001:db8::2]:49152"


def message(
    text: str,
    direction: Direction = "in",
    transport: str = "udp",
    ends: tuple[str, str] = V4,
    at: float = 1.5,
) -> Captured:
    local, remote = ends
    return Captured(at, direction, transport, local, remote, "c", text)


def read(*messages: Captured) -> list[tuple[float, dpkt.ip.IP | dpkt.ip6.IP6]]:
    file = io.BytesIO(b"".join(pcap(messages)))
    reader = dpkt.pcap.Reader(file)
    assert reader.datalink() == LINKTYPE_RAW
    return [
        (at, dpkt.ip.IP(data) if data[0] >> 4 == 4 else dpkt.ip6.IP6(data)) for at, data in reader.readpkts()
    ]


def test_a_message_comes_back_with_its_time_ends_and_text() -> None:
    ((at, packet),) = read(message(INVITE, at=1795533246.531716))
    assert round(at, 6) == 1795533246.531716
    assert socket.inet_ntoa(packet.src), packet.data.sport == ("192.0.2.2", 5080)
    assert (socket.inet_ntoa(packet.dst), packet.data.dport) == ("192.0.2.1", 5060)
    assert packet.data.data.decode() == INVITE


def test_what_we_send_goes_the_other_way_over_ipv6_too() -> None:
    ((_, packet),) = read(message(OK, "out", ends=V6))
    assert socket.inet_ntop(socket.AF_INET6, packet.src) == "2001:db8::1"
    assert (packet.data.sport, packet.data.dport) == (5060, 49152)
    assert packet.data.data.decode() == OK


def test_a_tcp_stream_goes_on_and_acknowledges_the_other_side() -> None:
    first, answer, second = (
        packet.data
        for _, packet in read(
            message(INVITE, transport="tcp"), message(OK, "out", "tcp"), message(OK, transport="tcp")
        )
    )
    asked = len(INVITE.encode())
    assert (first.seq, second.seq) == (1, 1 + asked)
    assert (answer.seq, answer.ack, second.ack) == (1, 1 + asked, 1 + len(OK))
    assert second.data.decode() == OK


def folded(data: bytes) -> int:
    """The sum of RFC 1071 over what carries its checksum: 0xFFFF if that is right."""
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[n : n + 2], "big") for n in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@given(st.text(max_size=300), st.sampled_from(["udp", "tcp", "tls"]), st.sampled_from([V4, V6]))
def test_checksums_are_right_whatever_is_in_a_message(
    text: str, transport: str, ends: tuple[str, str]
) -> None:
    text = text.encode("utf-8", "replace").decode()
    ((_, packet),) = read(message(text, transport=transport, ends=ends))
    segment = bytes(packet.data)
    protocol = 17 if transport == "udp" else 6
    pseudo = packet.src + packet.dst + len(segment).to_bytes(4, "big") + protocol.to_bytes(4, "big")
    assert folded(pseudo + segment) == 0xFFFF
    if ends is V4:
        assert folded(bytes(packet)[:20]) == 0xFFFF
