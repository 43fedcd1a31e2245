"""What the worker itself says to a leg: its RTP stream, and the prompts in it, a frame every tick."""

from __future__ import annotations

import random

from .g711 import FRAME_SAMPLES
from .rtp import header


class Stream:
    """The worker's own RTP stream to one leg. It lives as long as the leg, so that its numbers go on from
    one prompt or mix to the next. Timestamps follow the ticks, also those in which nothing was sent."""

    __slots__ = ("_first_timestamp", "_fresh", "_sequence", "packets", "ssrc")

    def __init__(self) -> None:
        self.ssrc = random.getrandbits(32)
        self.packets = 0
        self._first_timestamp = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._fresh = True

    def begin(self) -> None:
        """The next packet has the marker bit: a talkspurt begins (RFC 3551 §4.1)."""
        self._fresh = True

    def timestamp(self, tick: int) -> int:
        return (self._first_timestamp + tick * FRAME_SAMPLES) & 0xFFFFFFFF

    def packet(self, frame: bytes, tick: int, payload_type: int) -> bytes:
        """20 ms of sound as the packet of this tick."""
        marker, self._fresh = self._fresh, False
        self._sequence += 1
        self.packets += 1
        return header(payload_type, self._sequence, self.timestamp(tick), self.ssrc, marker=marker) + frame


class Player:
    """Where in its prompts a leg is."""

    __slots__ = ("_frames", "_index", "_loop", "name")

    def __init__(self) -> None:
        self.name = ""
        "The prompt being played, the last of several; empty when none is."
        self._frames: tuple[bytes, ...] = ()
        self._index = 0
        self._loop = False

    def start(self, name: str, frames: tuple[bytes, ...], loop: bool) -> None:
        self.name, self._frames, self._loop, self._index = name, frames, loop, 0

    def stop(self) -> None:
        self.name = ""

    def next_frame(self) -> bytes | None:
        """The sound of the next tick; None when the prompt is at its end."""
        if self._index == len(self._frames):
            if not self._loop or not self._frames:
                return None
            self._index = 0
        self._index += 1
        return self._frames[self._index - 1]
