"""Reception statistics of one leg (RFC 3550 §6.4.1, A.1, A.3, A.8), over all SSRCs that its peer used."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from .g711 import SAMPLE_RATE

MAX_DROPOUT: Final = 3000
"A forward jump of up to this is loss; a longer one is a restart of the sender (RFC 3550 A.1)."
MAX_MISORDER: Final = 100
"A packet up to this far behind is late; from further behind it is a restart (RFC 3550 A.1)."
MAX_TRANSIT_STEP: Final = 2.0 * SAMPLE_RATE
"Samples. A larger change is a jump of the sender's clock, not jitter."


class Block(NamedTuple):
    """Figures of an RTCP report block (RFC 3550 §6.4.1)."""

    ssrc: int
    fraction_lost: int
    "In 256ths, since the last report."
    lost: int
    highest: int
    "Extended highest sequence number received."
    jitter: int
    "In samples."


class Reception:
    """The relay's hot function does the common case itself (the next packet of the known SSRC: it advances
    `next`, `received`, `transit` and `jitter`); `take` does every other."""

    __slots__ = (
        "_base",
        "_cycles",
        "_earlier_expected",
        "_earlier_received",
        "_reported_expected",
        "_reported_received",
        "_restart_at",
        "jitter",
        "next",
        "received",
        "ssrc",
        "transit",
    )

    def __init__(self) -> None:
        self.ssrc = -1
        "-1: nothing received yet."
        self.next = 0
        "Sequence number expected next; 65536, which never comes, where it wraps."
        self.received = 0
        "Of the present SSRC."
        self.transit = math.inf
        "Arrival minus timestamp of the last packet, in samples; infinite before the first."
        self.jitter = 0.0
        "In samples."
        self._base = 0
        self._cycles = 0
        self._restart_at = -1
        self._earlier_expected = 0
        self._earlier_received = 0
        self._reported_expected = 0
        self._reported_received = 0

    def take(self, ssrc: int, sequence: int, timestamp: int, now: float, *, timed: bool = True) -> None:
        """Count a packet that arrived at `now` (s). `timed` False: its timestamp says nothing about its
        sending (telephone events repeat theirs)."""
        if ssrc != self.ssrc:
            self._start(ssrc, sequence)
        else:
            self._advance(sequence)
        self.received += 1
        if timed:
            self._time(now * SAMPLE_RATE - timestamp)

    @property
    def packets(self) -> int:
        return self._earlier_received + self.received

    @property
    def lost(self) -> int:
        """Of all SSRCs; never negative, though duplicates make up for losses (RFC 3550 A.3)."""
        return max(self._earlier_expected + self._expected - self.packets, 0)

    @property
    def jitter_ms(self) -> float:
        return self.jitter * 1000 / SAMPLE_RATE

    def report(self) -> Block | None:
        """The block for the next RTCP report; None before anything came. Each call starts a new interval."""
        if self.ssrc < 0:
            return None
        expected, received = self._expected, self.received
        span = expected - self._reported_expected
        gone = span - (received - self._reported_received)
        self._reported_expected, self._reported_received = expected, received
        fraction = min(256 * gone // span, 255) if span > 0 and gone > 0 else 0
        lost = min(max(expected - received, -0x800000), 0x7FFFFF)
        highest = (self._cycles + self.next - 1) & 0xFFFFFFFF
        return Block(self.ssrc, fraction, lost, highest, int(self.jitter))

    @property
    def _expected(self) -> int:
        return self._cycles + self.next - self._base if self.ssrc >= 0 else 0

    def _start(self, ssrc: int, sequence: int) -> None:
        self._earlier_expected += self._expected
        self._earlier_received += self.received
        self.ssrc = ssrc
        self.next = sequence + 1
        self.received = 0
        self.transit = math.inf
        self._base = sequence
        self._cycles = 0
        self._restart_at = -1
        self._reported_expected = self._reported_received = 0

    def _advance(self, sequence: int) -> None:
        ahead = (sequence - self.next) & 0xFFFF
        if ahead < MAX_DROPOUT:
            if sequence < self.next:
                self._cycles += 0x10000
            self.next = sequence + 1
        elif ahead < 0x10000 - MAX_MISORDER:
            # Two in sequence after a jump: the sender started anew without changing its SSRC.
            if sequence == self._restart_at:
                self._start(self.ssrc, sequence)
                self._earlier_expected += 1  # the packet before, already counted as received
            else:
                self._restart_at = (sequence + 1) & 0xFFFF
                self.received -= 1
                self._earlier_received += 1
                return
        self._restart_at = -1

    def _time(self, transit: float) -> None:
        step = abs(transit - self.transit)
        self.transit = transit
        if step < MAX_TRANSIT_STEP:
            self.jitter += (step - self.jitter) / 16
