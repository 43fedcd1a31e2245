"""RTP packets (RFC 3550 §5.1, profile RFC 3551)."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

HEADER: Final = struct.Struct(">BBHII")
MAX_PACKET_BYTES: Final = 1500
"Nothing that speaks G.711 sends more; longer datagrams are cut by the receiving call and dropped as garbage."
COMFORT_NOISE: Final = 13
"Static payload type (RFC 3389)."
RTCP_TYPES: Final = range(192, 224)
"Second byte of an RTCP packet that shares the RTP port (RFC 5761 §4)."


class Packet(NamedTuple):
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    start: int
    "Where in the datagram the payload begins (after CSRCs and header extension)."
    end: int
    "Where it ends (before the padding)."


def parse(data: bytes) -> Packet | None:
    """None for what is no RTP version 2 packet: too short, or lengths that do not add up."""
    if len(data) < HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    if first >> 6 != 2:
        return None
    start = HEADER.size + 4 * (first & 0x0F)
    end = len(data)
    if first & 0x10:
        if start + 4 > end:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    if first & 0x20:
        padding = data[-1]
        if padding == 0:
            return None
        end -= padding
    if start > end:
        return None
    return Packet(second >= 0x80, second & 0x7F, sequence, timestamp, ssrc, start, end)


def header(payload_type: int, sequence: int, timestamp: int, ssrc: int, *, marker: bool = False) -> bytes:
    """A plain 12-byte header. Numbers are taken modulo their field's size."""
    return HEADER.pack(
        0x80,
        payload_type | (0x80 if marker else 0),
        sequence & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc & 0xFFFFFFFF,
    )
