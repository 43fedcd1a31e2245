"""All that a secured leg is sent, as one RTP stream: one SSRC, whose numbers and timestamps go on whoever
speaks. We are a mixer to it (RFC 3550 §7.1), also where a packet's sound passes as it came.

SRTP needs that: its keystream depends on SSRC and packet index (RFC 3711 §4.1), of which none may come twice
under our key, and the index is guessed from the sequence number, for which a voice that comes back after ten
minutes would be 2^15 packets off (§3.3.1).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from time import monotonic

from .g711 import FRAME_SAMPLES, SAMPLE_RATE
from .reception import MAX_DROPOUT, MAX_MISORDER
from .rtp import HEADER


class OneStream:
    __slots__ = (
        "_began",
        "_clock",
        "_highest",
        "_latest",
        "_sequence_shift",
        "_source",
        "_timestamp",
        "_timestamp_shift",
        "packets",
        "ssrc",
    )

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.ssrc = random.getrandbits(32)
        self.packets = 0
        self._clock = clock
        self._source = -1
        "SSRC of what is passed on at present."
        self._latest = 0
        "Its highest sequence number."
        self._highest = random.getrandbits(15)
        "Ours. Low at first: who misses the first packets must not miss that they wrapped (RFC 3711 §3.3.1)."
        self._timestamp = random.getrandbits(32)
        self._sequence_shift = self._timestamp_shift = 0
        self._began = clock(), self._timestamp

    def renumbered(self, packet: bytes) -> bytes:
        """A whole RTP packet with its payload as it is. Lost and reordered packets stay so."""
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        ahead = (sequence - self._latest) & 0xFFFF
        if ssrc != self._source or MAX_DROPOUT <= ahead <= 0xFFFF - MAX_MISORDER:
            self._begin(ssrc, sequence, timestamp)
        elif ahead < MAX_DROPOUT:
            self._latest = sequence
        number = (sequence + self._sequence_shift) & 0xFFFF
        if self._latest == sequence:
            self._highest = number
            self._timestamp = (timestamp + self._timestamp_shift) & 0xFFFFFFFF
        self.packets += 1
        moment = (timestamp + self._timestamp_shift) & 0xFFFFFFFF
        return HEADER.pack(first, second, number, moment, self.ssrc) + packet[HEADER.size :]

    def timestamp(self, now: float) -> int:
        """Of what is sent at `now`, monotonic seconds."""
        at, timestamp = self._began
        return int(timestamp + (now - at) * SAMPLE_RATE) & 0xFFFFFFFF

    def _begin(self, ssrc: int, sequence: int, timestamp: int) -> None:
        """Something else is passed on from here: the next number, and as much later as it is."""
        now = self._clock()
        moment = self.timestamp(now)
        if not 0 < (moment - self._timestamp) & 0xFFFFFFFF < 0x80000000:
            moment = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        self._source, self._latest = ssrc, sequence
        self._sequence_shift = (self._highest + 1 - sequence) & 0xFFFF
        self._timestamp_shift = (moment - timestamp) & 0xFFFFFFFF
        self._began = now, moment
