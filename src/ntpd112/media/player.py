"""What a leg is played: prompt frames with a header each, one every tick of the worker."""

from __future__ import annotations

import random

from .g711 import FRAME_SAMPLES
from .rtp import header


class Player:
    """The worker's own RTP stream to one leg; it lives as long as the leg, so that its numbers go on from one
    prompt to the next. Timestamps follow the ticks, also those in which nothing was sent."""

    __slots__ = (
        "_first_timestamp",
        "_frames",
        "_fresh",
        "_index",
        "_loop",
        "_sequence",
        "name",
        "packets",
        "ssrc",
    )

    def __init__(self) -> None:
        self.ssrc = random.getrandbits(32)
        self.name = ""
        "The prompt being played; empty when none is."
        self.packets = 0
        self._first_timestamp = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._frames: tuple[bytes, ...] = ()
        self._index = 0
        self._loop = False
        self._fresh = True

    def start(self, name: str, frames: tuple[bytes, ...], loop: bool) -> None:
        self.name, self._frames, self._loop, self._index = name, frames, loop, 0
        self._fresh = True

    def stop(self) -> None:
        self.name = ""

    def timestamp(self, tick: int) -> int:
        return (self._first_timestamp + tick * FRAME_SAMPLES) & 0xFFFFFFFF

    def next_frame(self) -> bytes | None:
        """The sound of the next tick; None when the prompt is at its end."""
        if self._index == len(self._frames):
            if not self._loop or not self._frames:
                return None
            self._index = 0
        self._index += 1
        return self._frames[self._index - 1]

    def packet(self, frame: bytes, tick: int, payload_type: int) -> bytes:
        """The frame as a packet. The first of a prompt has the marker bit: a talkspurt begins (RFC 3551
        §4.1)."""
        marker, self._fresh = self._fresh, False
        self._sequence += 1
        self.packets += 1
        return header(payload_type, self._sequence, self.timestamp(tick), self.ssrc, marker=marker) + frame
