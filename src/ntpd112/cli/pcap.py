"""Kept SIP messages as a capture file for Wireshark: raw IP packets with UDP or TCP headers. Pure.

libpcap's classic format (draft-ietf-opsawg-pcap). The packets are made of the messages, so a capture has no
handshakes and TLS shows what was inside; TCP sequence numbers go on, so that Wireshark follows the stream.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from ntpd112.sip.capture import Captured

LINKTYPE_RAW: Final = 101
"Packets begin with the IPv4 or IPv6 header."
SNAP_LENGTH: Final = 262_144
MAX_SEGMENT: Final = 65_000
"Bytes of a message in one packet: the IP length has 16 bits."
UDP, TCP = 17, 6
_PSH_ACK: Final = 0x18
Address = IPv4Address | IPv6Address


def pcap(messages: Iterable[Captured]) -> Iterator[bytes]:
    """The file's header, then one record a message, in their order."""
    yield struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_RAW)
    sent: dict[tuple[str, str], int] = {}
    for one in messages:
        here, there = (one.local, one.remote) if one.direction == "out" else (one.remote, one.local)
        data = one.message.encode("utf-8", "surrogateescape")[:MAX_SEGMENT]
        sequence = sent.get((here, there), 1)
        if one.transport != "udp":
            sent[here, there] = (sequence + len(data)) & 0xFFFFFFFF
        packet = _packet(one.transport, here, there, data, sequence, sent.get((there, here), 1))
        seconds, micros = divmod(round(one.at * 1_000_000), 1_000_000)
        yield struct.pack("<IIII", seconds, micros, len(packet), len(packet)) + packet


def _packet(transport: str, here: str, there: str, data: bytes, sequence: int, acknowledged: int) -> bytes:
    (source, source_port), (target, target_port) = _address(here), _address(there)
    protocol = UDP if transport == "udp" else TCP
    if protocol == UDP:
        head = struct.pack("!HHHH", source_port, target_port, 8 + len(data), 0)
        place = 6
    else:
        words = 5 << 4, _PSH_ACK, 65_535, 0, 0
        head = struct.pack("!HHIIBBHHH", source_port, target_port, sequence, acknowledged, *words)
        place = 16
    pseudo = source.packed + target.packed + struct.pack("!II", protocol, len(head) + len(data))
    # A UDP checksum of zero would mean that there is none (RFC 768); of TCP both forms of zero are right.
    checksum = _checksum(pseudo + head + data) or 0xFFFF
    segment = head[:place] + checksum.to_bytes(2, "big") + head[place + 2 :] + data
    return _ip(source, target, protocol, len(segment)) + segment


def _ip(source: Address, target: Address, protocol: int, length: int) -> bytes:
    addresses = source.packed + target.packed
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, protocol, 64) + addresses
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, protocol, 0) + addresses
    return head[:10] + _checksum(head).to_bytes(2, "big") + head[12:]


def _address(host_port: str) -> tuple[Address, int]:
    host, _, port = host_port.rpartition(":")
    return ip_address(host.strip("[]")), int(port)


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
