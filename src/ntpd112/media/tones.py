"""Indonesian call progress tones (ITU-T E.180 supplement 2): 425 Hz in cadences, as A-law frames."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

from .g711 import FRAME_SAMPLES, SAMPLE_RATE, SILENCE, encode_alaw_sample

FREQUENCY_HZ: Final = 425
AMPLITUDE: Final = 6500
"Linear peak: about -17 dBm0, within what E.180 recommends for tones heard by a subscriber."
CADENCES_S: Final[dict[str, tuple[float, float]]] = {"ringback": (1.0, 4.0), "busy": (0.5, 0.5)}
"Tone on and off. Each on-time holds whole periods at 425 Hz, so a repeat starts without a click."


@cache
def tone_frames(name: str) -> tuple[bytes, ...]:
    """One cadence of the tone as A-law frames of 20 ms. Raises KeyError for an unknown tone."""
    on_s, off_s = CADENCES_S[name]
    step = 2 * math.pi * FREQUENCY_HZ / SAMPLE_RATE
    sound = bytes(
        encode_alaw_sample(round(AMPLITUDE * math.sin(step * n))) for n in range(int(on_s * SAMPLE_RATE))
    )
    return cut_frames(sound + SILENCE["PCMA"] * int(off_s * SAMPLE_RATE))


def cut_frames(sound: bytes) -> tuple[bytes, ...]:
    """A-law sound as frames of 20 ms; the last is filled with silence."""
    sound += SILENCE["PCMA"] * (-len(sound) % FRAME_SAMPLES)
    return tuple(sound[n : n + FRAME_SAMPLES] for n in range(0, len(sound), FRAME_SAMPLES))
