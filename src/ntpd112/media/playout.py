"""A jitter buffer: packets as they come, 20 ms of sound each time it is asked. Pure; time is the asking.

One for each voice that is mixed, shared by all who hear it. The first packet is put `DELAY` ahead of what
is played, so that a later one may be late by that; with the packet's own 20 ms the voice is heard 40 to 60
ms after it came.
- A packet that comes after its time, when nothing is left to play, is played all the same, and a frame of
  silence before it: the delay has grown to what this network needs.
- A delay that is not needed is taken back, a frame at a time: in each window the least that was left after
  playing shows how much is too much. That also follows the drift between two clocks (a fast sender fills the
  buffer, a slow one empties it).
- Timestamps that jump (another SSRC, a sender started anew) begin anew.
"""

from __future__ import annotations

from typing import Final

from .g711 import FRAME_SAMPLES, SAMPLE_RATE, SILENCE
from .relay import Sound

DELAY: Final = 2 * FRAME_SAMPLES
"Samples put before the first packet: 40 ms."
GROWTH: Final = FRAME_SAMPLES
"More of it whenever it was too little."
MAX_BUFFERED: Final = SAMPLE_RATE // 5
"200 ms: more than that is not waited for; in a conversation it is worse than what is lost."
MAX_LATE: Final = SAMPLE_RATE
"A packet later than a second is no straggler: its sender began anew."
WINDOW_FRAMES: Final = 100
"Two seconds, over which the delay must have been too long before a frame of it is left out."
MAX_SPARE: Final = 2 * FRAME_SAMPLES
"More than this left in the buffer at its emptiest is delay for nothing."


class Playout:
    """`inbox` is where packets are put as they arrive; `advance` takes them."""

    __slots__ = ("_head", "_least", "_line", "_ssrc", "_window", "frame", "inbox")

    def __init__(self) -> None:
        self.inbox: list[Sound] = []
        self.frame: bytes | None = None
        "The 20 ms of A-law that sound now; None: nothing was said."
        self._line = bytearray()
        "From now on."
        self._head = 0
        "RTP timestamp of its first sample."
        self._ssrc = -1
        self._least = MAX_BUFFERED
        self._window = 0

    @property
    def buffered(self) -> int:
        """Samples that wait to be played."""
        return len(self._line)

    def advance(self) -> None:
        """20 ms have passed: the next `frame`."""
        for _, ssrc, timestamp, _, sound in self.inbox:
            self._put(ssrc, timestamp, sound)
        self.inbox.clear()
        line = self._line
        frame = bytes(line[:FRAME_SAMPLES])
        self._drop(FRAME_SAMPLES)
        self.frame = frame + SILENCE["PCMA"] * (FRAME_SAMPLES - len(frame)) if frame else None
        if frame:
            self._shorten(len(line))

    def _put(self, ssrc: int, timestamp: int, sound: bytes) -> None:
        line = self._line
        ahead = (timestamp - self._head + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        if ssrc != self._ssrc or not -MAX_LATE <= ahead <= MAX_BUFFERED + MAX_LATE:
            self._begin(ssrc, timestamp, sound, DELAY)
        elif ahead < 0 and not line:
            self._begin(ssrc, timestamp, sound, GROWTH)
        else:
            if ahead < 0:  # its place is being played, or was passed over
                sound, ahead = sound[-ahead:], 0
            if ahead > len(line):
                line += SILENCE["PCMA"] * (ahead - len(line))
            line[ahead : ahead + len(sound)] = sound
        self._drop(len(line) - MAX_BUFFERED)

    def _begin(self, ssrc: int, timestamp: int, sound: bytes, delay: int) -> None:
        self._line[:] = SILENCE["PCMA"] * delay + sound
        self._head = timestamp - delay & 0xFFFFFFFF
        self._ssrc = ssrc
        self._least, self._window = MAX_BUFFERED, 0

    def _shorten(self, left: int) -> None:
        """Leave out a frame, if over a whole window there was more than enough."""
        self._least = min(self._least, left)
        self._window += 1
        if self._window >= WINDOW_FRAMES:
            if self._least > MAX_SPARE:
                self._drop(min(self._least - MAX_SPARE, FRAME_SAMPLES))
            self._least, self._window = MAX_BUFFERED, 0

    def _drop(self, samples: int) -> None:
        """The first samples are over, whether there were so many or not."""
        if samples > 0:
            del self._line[:samples]
            self._head = self._head + samples & 0xFFFFFFFF
