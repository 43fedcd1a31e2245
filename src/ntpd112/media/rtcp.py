"""RTCP (RFC 3550 §6): sender and receiver reports, written and read."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .reception import Block

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
BYE: Final = 203
NTP_OFFSET_S: Final = 2_208_988_800
"From 1900, where NTP time begins, to 1970."
MAX_PACKET_BYTES: Final = 1500

_BLOCK = struct.Struct(">IIIIII")
_SENDER = struct.Struct(">QIII")


class Sender(NamedTuple):
    """What an SR says of a stream."""

    wall: float
    "Epoch seconds."
    timestamp: int
    "The RTP timestamp of the same moment."
    packets: int
    octets: int


@dataclass(slots=True)
class Reports:
    """What a compound packet said."""

    blocks: list[Block] = field(default_factory=list)
    sender_ntp: int | None = None
    "The middle 32 bits of the NTP time of the (last) SR: what `last_sr` of our reports repeats."


def ntp_time(wall: float) -> int:
    """Epoch seconds as 64-bit NTP time."""
    return int((wall + NTP_OFFSET_S) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def write_report(
    ssrc: int,
    sender: Sender | None,
    block: Block | None,
    cname: str,
    *,
    last_sr: int = 0,
    delay_s: float = 0.0,
) -> bytes:
    """A compound packet: SR, or RR when nothing was sent, with at most one block, and SDES (§6.1). `last_sr`
    and `delay_s` tell the peer when we got its last SR, for its round-trip time."""
    body = struct.pack(">I", ssrc)
    if sender is not None:
        body += _SENDER.pack(
            ntp_time(sender.wall),
            sender.timestamp & 0xFFFFFFFF,
            sender.packets & 0xFFFFFFFF,
            sender.octets & 0xFFFFFFFF,
        )
    if block is not None:
        loss = block.fraction_lost << 24 | (block.lost & 0xFFFFFF)
        delay = int(delay_s * 65536) & 0xFFFFFFFF if last_sr else 0
        body += _BLOCK.pack(block.ssrc, loss, block.highest, block.jitter & 0xFFFFFFFF, last_sr, delay)
    kind = RECEIVER_REPORT if sender is None else SENDER_REPORT
    report = _head(kind, 0 if block is None else 1, body)
    name = cname.encode()[:255]
    item = struct.pack(">IBB", ssrc, 1, len(name)) + name + b"\0"
    return report + _head(SOURCE_DESCRIPTION, 1, item + b"\0" * (-len(item) % 4))


def parse(data: bytes) -> Reports | None:
    """None if it is no RTCP compound packet: version, types or lengths are wrong (§A.2)."""
    reports = Reports()
    position = 0
    while position < len(data):
        if len(data) - position < 4 or data[position] >> 6 != 2:
            return None
        kind = data[position + 1]
        end = position + 4 + 4 * int.from_bytes(data[position + 2 : position + 4], "big")
        if end > len(data) or (position == 0 and kind not in (SENDER_REPORT, RECEIVER_REPORT)):
            return None
        if kind in (SENDER_REPORT, RECEIVER_REPORT) and not _read_report(
            reports, kind, data[position] & 0x1F, data[position + 4 : end]
        ):
            return None
        position = end
    return reports if data else None


def _read_report(reports: Reports, kind: int, count: int, body: bytes) -> bool:
    start = 4
    if kind == SENDER_REPORT:
        start += _SENDER.size
        if len(body) < start:
            return False
        reports.sender_ntp = int.from_bytes(body[6:10], "big")
    if len(body) < start + count * _BLOCK.size:
        return False
    for n in range(count):
        ssrc, loss, highest, jitter, _, _ = _BLOCK.unpack_from(body, start + n * _BLOCK.size)
        lost = loss & 0xFFFFFF
        if lost & 0x800000:
            lost -= 0x1000000
        reports.blocks.append(Block(ssrc, loss >> 24, lost, highest, jitter))
    return True


def _head(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4) + body
