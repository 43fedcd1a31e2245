"""Does somebody speak? Energy of 20 ms of sound against the noise of the line, over half a second. Pure.

For screening calls that may be empty, so it has to hear a frightened whisper and must not take a line for a
person. What is voice: sound that for `ACTIVE_FRAMES` of the last `WINDOW_FRAMES` was well above the floor,
and whose loudness moves as syllables do. What is not:
- packets that do not come, silence, comfort noise, hiss, hum, a car's rumble: they are their own floor;
- a click or a knock: too short;
- tones, steady or in cadence (dial, busy, ringback, fax), and noise that sets in at once: their loudness
  does not move. A line that only plays a tone has nobody on it.

Music and recorded announcements move as speech does: they are voice. A person is then asked: the safe side.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from .g711 import ALAW_TO_LINEAR, FRAME_SAMPLES, SAMPLE_RATE
from .relay import Sound

FRAME_S: Final = FRAME_SAMPLES / SAMPLE_RATE
WINDOW_FRAMES: Final = 25
"Half a second, in which a voice shows."
ACTIVE_FRAMES: Final = 12
"240 ms of it: a short word, longer than a cough or a click."
HISTORY_FRAMES: Final = 50
"One second, in which also a voice leaves gaps: the quiet ones show the floor."
FLOOR_SHARE: Final = 10
"The floor is the tenth of the frames that is quieter; the very least may be the cut edge of a sound."
ABOVE_FLOOR: Final = 6.0
"8 dB of energy above it. Rumble, the least even of noises, is so loud in 17 % of its frames."
LEAST_ENERGY: Final = FRAME_SAMPLES * 80**2
"-52 dBFS: a whisper is louder, an idle line is not."
DEAD_ENERGY: Final = FRAME_SAMPLES * 16**2
"Digital silence, as a muted phone sends it: says nothing about the noise of the line."
MOVES: Final = 1.6
"2 dB between the louder and the quieter quarter of the active frames. Hiss has 0.6 dB, a tone none."
MAX_GAP_S: Final = 0.1
"Packets that come further apart than this were not sent in between: silence."

_ENERGY: Final = tuple(sample * sample for sample in ALAW_TO_LINEAR)


class VoiceWatch:
    """Looks for the first voice since `now` (monotonic seconds). `inbox` is where packets are put as they
    arrive; `heard_at` takes them."""

    __slots__ = ("_frames", "_last_at", "_rest", "_started_at", "inbox")

    def __init__(self, now: float) -> None:
        self.inbox: list[Sound] = []
        self._started_at = now
        self._last_at = now
        self._rest = b""
        self._frames: deque[tuple[float, float]] = deque(maxlen=HISTORY_FRAMES)
        "When, and how much energy."

    def after_ms(self) -> int | None:
        """How long after the watch began somebody began to speak; None while nobody did."""
        began_at = None
        for arrived_at, _, _, _, sound in self.inbox:
            began_at = began_at or self._hear(arrived_at, sound)
        self.inbox.clear()
        return None if began_at is None else max(round((began_at - self._started_at) * 1000), 0)

    def _hear(self, arrived_at: float, sound: bytes) -> float | None:
        gap = arrived_at - self._last_at
        if gap > MAX_GAP_S:
            missing = min(int(gap / FRAME_S), WINDOW_FRAMES)
            self._frames.extend((arrived_at, 0.0) for _ in range(missing))
            self._rest = b""
        self._last_at = arrived_at
        sound = self._rest + sound
        whole = len(sound) - len(sound) % FRAME_SAMPLES
        self._rest = sound[whole:]
        for start in range(0, whole, FRAME_SAMPLES):
            energy = sum(map(_ENERGY.__getitem__, sound[start : start + FRAME_SAMPLES]))
            self._frames.append((arrived_at - FRAME_S, energy))
            if energy > LEAST_ENERGY:
                began_at = self._voice()
                if began_at is not None:
                    return began_at
        return None

    def _voice(self) -> float | None:
        """When the voice began that is in the last half second, if there is one."""
        noise = sorted(energy for _, energy in self._frames if energy > DEAD_ENERGY)
        limit = max(noise[len(noise) // FLOOR_SHARE] * ABOVE_FLOOR, LEAST_ENERGY)
        window = list(self._frames)[-WINDOW_FRAMES:]
        active = [(at, energy) for at, energy in window if energy > limit]
        if len(active) < ACTIVE_FRAMES:
            return None
        levels = sorted(energy for _, energy in active)
        quarter = len(levels) // 4
        if levels[-1 - quarter] < levels[quarter] * MOVES:
            return None
        return active[0][0]
