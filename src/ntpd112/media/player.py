"""What the worker itself says to a leg: its RTP stream, and the prompts in it, a frame every tick."""

from __future__ import annotations

import random

from .g711 import FRAME_SAMPLES
from .rtp import header


class Stream:
    """The worker's own RTP stream to one leg. It lives as long as the leg, so that its numbers go on from
    one prompt or mix to the next. Timestamps follow the ticks, also those in which nothing was sent.

    Sequence numbers rise over all that the leg is sent, also when another leg's stream is relayed to it in
    between: phones are out there that take what looks older for late, though its SSRC is new, and drop it
    until its numbers have caught up (baresip 1.0), which can be ten minutes."""

    __slots__ = ("_first_timestamp", "_fresh", "_started", "packets", "sequence", "ssrc")

    def __init__(self) -> None:
        self.ssrc = random.getrandbits(32)
        self.packets = 0
        self._first_timestamp = random.getrandbits(32)
        self.sequence = random.getrandbits(8)
        "Of the last packet the leg was sent. Low at first: most phones' numbers come after it as they are."
        self._started = False
        self._fresh = True

    def begin(self) -> None:
        """The next packet has the marker bit: a talkspurt begins (RFC 3551 §4.1)."""
        self._fresh = True

    def follow(self, sequence: int) -> None:
        """Another stream has been relayed to the leg, up to this number."""
        self.sequence, self._started = sequence & 0xFFFF, True

    def shift_for(self, sequence: int) -> int:
        """What to add to the numbers of a stream that begins to be relayed with this one, so that they come
        after those before."""
        ahead = (sequence - self.sequence) & 0xFFFF
        return 0 if not self._started or 0 < ahead < 0x8000 else (1 - ahead) & 0xFFFF

    def timestamp(self, tick: int) -> int:
        return (self._first_timestamp + tick * FRAME_SAMPLES) & 0xFFFFFFFF

    def packet(self, frame: bytes, tick: int, payload_type: int) -> bytes:
        """20 ms of sound as the packet of this tick."""
        marker, self._fresh = self._fresh, False
        self.follow(self.sequence + 1)
        self.packets += 1
        return header(payload_type, self.sequence, self.timestamp(tick), self.ssrc, marker=marker) + frame


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
