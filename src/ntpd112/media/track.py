"""Where in a recording a packet's sound belongs: by its RTP timestamp, tied to the time of arrival.

Timestamps place reordered packets right and keep the length of gaps; arrival times tie the two ends of a call
to one time line, correct for their clocks' drift, and start anew where timestamps jump. Positions are
samples from the start of the recording.
"""

from __future__ import annotations

from typing import Final

from .g711 import SAMPLE_RATE, SILENCE

MAX_EARLY: Final = SAMPLE_RATE // 5
"A packet cannot arrive before it was spoken: further ahead than this, its timestamp has jumped."
MAX_LATE: Final = 2 * SAMPLE_RATE
"Longer than any network holds a packet back: the timestamp has jumped, or stood still in a pause."
MAX_LATE_TALKSPURT: Final = SAMPLE_RATE // 10
"The same for the first packet after a pause (marker bit), whose sender may have stopped its clock."
DRIFT_WINDOW: Final = 5 * SAMPLE_RATE
"Over this time the least delayed packet shows how far the sender's clock has moved from ours."
DRIFT_TOLERANCE: Final = SAMPLE_RATE // 100
MAX_PENDING: Final = 20 * SAMPLE_RATE
"Samples a voice buffers at most before they are taken; they are taken every second."


class Track:
    """The time line of one voice."""

    __slots__ = ("_least_late", "_origin", "_ssrc", "_timestamp", "_window_end")

    def __init__(self) -> None:
        self._ssrc = -1
        self._timestamp = 0
        self._origin = 0
        self._least_late = MAX_LATE
        self._window_end = 0

    def place(self, ssrc: int, timestamp: int, size: int, marker: bool, arrived: int) -> int:
        """Position of the first of `size` samples of a packet that arrived at position `arrived`."""
        spoken = arrived - size
        ahead = (timestamp - self._timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        position = self._origin + ahead
        late = spoken - position
        limit = MAX_LATE_TALKSPURT if marker else MAX_LATE
        if ssrc != self._ssrc or not -MAX_EARLY <= late <= limit:
            self._ssrc = ssrc
            self._timestamp = timestamp
            self._origin = spoken
            self._start_window(arrived)
            return spoken
        if ahead > 0:
            self._timestamp = timestamp
            self._origin = position
        self._least_late = min(self._least_late, late)
        if arrived >= self._window_end:
            if abs(self._least_late) > DRIFT_TOLERANCE:
                self._origin += self._least_late
            self._start_window(arrived)
        return position

    def _start_window(self, arrived: int) -> None:
        self._least_late = MAX_LATE
        self._window_end = arrived + DRIFT_WINDOW


class SoundBuffer:
    """A-law samples of one voice that are not yet written; what was not said is silence."""

    __slots__ = ("_samples", "base")

    def __init__(self, base: int = 0) -> None:
        self.base = base
        "Position of the first sample not yet taken."
        self._samples = bytearray()

    def __len__(self) -> int:
        return len(self._samples)

    def put(self, position: int, sound: bytes) -> None:
        """What belongs before `base` came too late and is left out, as is what is absurdly far ahead."""
        offset = position - self.base
        if offset < 0:
            sound = sound[-offset:]
            offset = 0
        end = offset + len(sound)
        if end > MAX_PENDING or not sound:
            return
        samples = self._samples
        if end > len(samples):
            samples += SILENCE["PCMA"] * (end - len(samples))
        samples[offset:end] = sound

    def take(self, until: int) -> bytes:
        """From `base` to position `until`, which becomes the base."""
        count = until - self.base
        if count <= 0:
            return b""
        part = bytes(self._samples[:count])
        del self._samples[:count]
        self.base = until
        return part + SILENCE["PCMA"] * (count - len(part))
