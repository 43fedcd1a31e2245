"""What a Homer server is told, read by the HEP 3 specification."""

from __future__ import annotations

import socket
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from ntpd112.sip.capture import Capture, Captured
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.hep import MAX_CORRELATION, MAX_PAYLOAD, HepSender, hep_packet

INVITE = "INVITE sip:112@h SIP/2.0\r\nCall-ID: é@pbx\r\nCSeq: 1 INVITE\r\n"
V4 = Captured(1795533246.531716, "in", "udp", "192.0.2.1:5060", "192.0.2.2:5080", "é@pbx", INVITE)
V6 = Captured(1.5, "out", "tls", "[2001:db8::1]:5061", "[2001:db8::2]:49152", "b", INVITE)


def chunks(packet: bytes) -> dict[int, bytes]:
    """By type; each of vendor 0, and together as long as the header says."""
    assert packet[:4] == b"HEP3"
    assert int.from_bytes(packet[4:6], "big") == len(packet)
    found, rest = {}, packet[6:]
    while rest:
        vendor, kind, length = struct.unpack("!HHH", rest[:6])
        assert vendor == 0
        found[kind], rest = rest[6:length], rest[length:]
    return found


def test_a_message_over_udp_and_ipv4() -> None:
    assert chunks(hep_packet(V4, 2112, "homer")) == {
        0x0001: b"\x02",
        0x0002: b"\x11",
        0x0003: socket.inet_aton("192.0.2.2"),
        0x0004: socket.inet_aton("192.0.2.1"),
        0x0007: struct.pack("!H", 5080),
        0x0008: struct.pack("!H", 5060),
        0x0009: struct.pack("!I", 1795533246),
        0x000A: struct.pack("!I", 531716),
        0x000B: b"\x01",
        0x000C: struct.pack("!I", 2112),
        0x000E: b"homer",
        0x000F: INVITE.encode(),
        0x0011: "é@pbx".encode(),
    }


def test_what_we_send_over_tls_and_ipv6_goes_as_tcp_the_other_way() -> None:
    found = chunks(hep_packet(V6, 1, ""))
    assert (found[0x0001], found[0x0002]) == (b"\x0a", b"\x06")
    assert found[0x0005] == socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    assert found[0x0006] == socket.inet_pton(socket.AF_INET6, "2001:db8::2")
    assert 0x000E not in found


def test_a_giant_message_with_a_giant_call_id_still_fits_a_datagram() -> None:
    packet = hep_packet(replace(V4, message="\ufffd" * 40_000, sip_call_id="\ufffd" * 40_000), 1, "")
    found = chunks(packet)
    assert (len(found[0x000F]), len(found[0x0011])) == (MAX_PAYLOAD, MAX_CORRELATION)
    assert len(packet) <= 65_507


@pytest.fixture
def homer() -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(10.0)
    return receiver


def test_what_is_kept_is_told_without_credentials(tmp_path: Path, homer: socket.socket) -> None:
    flow = Flow("udp", Address("192.0.2.1", 5060), Address("192.0.2.2", 5060))
    sender = HepSender("127.0.0.1", homer.getsockname()[1], 112, "")
    capture = Capture(tmp_path / "trace.db", 100, lambda host: True, tell=sender.send)
    capture.start()
    capture.record(1.0, "in", flow, b"REGISTER sip:h SIP/2.0\r\nCall-ID: r\r\nCSeq: 1 REGISTER\r\n\r\n")
    secret = "Authorization: Digest response=5ecret\r\n"
    capture.record(2.0, "in", flow, f"{INVITE}{secret}\r\n".encode())
    capture.close()
    told = chunks(homer.recv(65_535))
    assert told[0x000F] == f"{INVITE}Authorization: (removed)\r\n\r\n".encode()
    homer.setblocking(False)
    with pytest.raises(BlockingIOError):
        homer.recv(1)
    homer.close()


def test_a_server_that_cannot_be_reached_is_logged_once_and_costs_the_message_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sender = HepSender("255.255.255.255", 9060, 1, "")  # nobody may broadcast without asking
    for _ in range(3):
        sender.send(V4)
    assert sender.dropped == 3
    assert len(caplog.records) == 1
