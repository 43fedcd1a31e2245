"""A leg's RTCP: a report every few seconds, and what the peer reports of us."""

from __future__ import annotations

import random
import time
from typing import Final

from . import rtcp
from .learning import Source
from .lines import Lines
from .reception import Reception

MAX_SSRCS: Final = 16
"Streams of ours that a peer may report about in one call; every transfer and prompt can make one."


class RtcpControl:
    """`address` is where reports go, None before signalling told it."""

    __slots__ = (
        "_cname",
        "_due_at",
        "_interval_s",
        "_lines",
        "_lost",
        "_peer_report",
        "address",
        "jitter_ms",
    )

    def __init__(self, lines: Lines, interval_s: float, now: float) -> None:
        self.address: Source | None = None
        self.jitter_ms: float | None = None
        "As last reported by the peer."
        self._lines = lines
        self._interval_s = interval_s
        self._cname = f"{random.getrandbits(64):016x}"
        self._due_at = now + interval_s * random.uniform(0.5, 1.0)
        self._lost: dict[int, int] = {}
        self._peer_report: tuple[int, float] | None = None

    @property
    def lost(self) -> int | None:
        """Of all we sent, as the peer counted; None: it never reported."""
        return max(sum(self._lost.values()), 0) if self._lost else None

    def receive(self, heard: Source | None, now: float) -> None:
        """Read one packet from the RTCP socket. Only the host `heard` (whose RTP we listen to) is believed,
        and answered where it sends from."""
        try:
            data, sender = self._lines.rtcp.recvfrom(rtcp.MAX_PACKET_BYTES)
        except OSError:
            return
        if heard is not None and sender[0] == heard[0] and self.take(data, now):
            self.address = sender

    def take(self, data: bytes, now: float) -> bool:
        """What a compound packet says; False if it is none."""
        reports = rtcp.parse(data)
        if reports is None:
            return False
        if reports.sender_ntp is not None:
            self._peer_report = reports.sender_ntp, now
        for block in reports.blocks:
            if block.ssrc in self._lost or len(self._lost) < MAX_SSRCS:
                self._lost[block.ssrc] = block.lost
            self.jitter_ms = block.jitter / 8
        return True

    def due(self, now: float) -> bool:
        return self.address is not None and now >= self._due_at

    def send(self, ssrc: int, sender: rtcp.Sender | None, reception: Reception, now: float) -> None:
        """Send a report; the next is due after half to one and a half intervals (RFC 3550 §6.3.1)."""
        last_sr, received_at = self._peer_report or (0, now)
        data = rtcp.write_report(
            ssrc, sender, reception.report(), self._cname, last_sr=last_sr, delay_s=now - received_at
        )
        self._due_at = now + self._interval_s * random.uniform(0.5, 1.5)
        if self.address is not None:
            try:
                self._lines.rtcp.sendto(data, self.address)
            except OSError:
                return  # the next report says the same again


def wall_clock() -> float:
    """Epoch seconds, for the NTP time of sender reports."""
    return time.time()
