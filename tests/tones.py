"""Sound for tests: tones as G.711, and how loud a frequency is in what was heard. Sound is checked by
listening, not by counting packets."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ntpd112.media.g711 import (
    ALAW_TO_LINEAR,
    SAMPLE_RATE,
    ULAW_TO_LINEAR,
    encode_alaw_sample,
    encode_ulaw_sample,
)

Samples = npt.NDArray[np.float64]
AMPLITUDE = 8000
"Linear peak of a test tone, of 32,767."
_TO_LINEAR = {"PCMA": np.array(ALAW_TO_LINEAR, float), "PCMU": np.array(ULAW_TO_LINEAR, float)}
_ENCODE = {"PCMA": encode_alaw_sample, "PCMU": encode_ulaw_sample}


def tone(frequency_hz: float, seconds: float, law: str = "PCMA", amplitude: int = AMPLITUDE) -> bytes:
    """A sine as G.711 bytes at 8 kHz."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = amplitude * np.sin(2 * np.pi * frequency_hz * times)
    return bytes(_ENCODE[law](int(sample)) for sample in wave)


def decode(sound: bytes, law: str = "PCMA") -> Samples:
    """G.711 bytes as linear samples."""
    return _TO_LINEAR[law][np.frombuffer(sound, np.uint8)]


def level(samples: Samples, frequency_hz: float) -> float:
    """Peak amplitude of the frequency, averaged over the samples (one bin of a Fourier transform)."""
    if not len(samples):
        return 0.0
    turns = np.exp(-2j * np.pi * frequency_hz / SAMPLE_RATE * np.arange(len(samples)))
    return float(2 * abs(np.dot(samples, turns)) / len(samples))


def loudness(samples: Samples) -> float:
    """Root mean square; a sine of peak `AMPLITUDE` has 5,657."""
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def hears(samples: Samples, frequency_hz: float, *, window_s: float = 0.1, share: float = 0.5) -> bool:
    """The tone is most of what sounds in at least `share` of the windows. Windowed, because a lost packet
    shifts the phase of what follows."""
    size = int(window_s * SAMPLE_RATE)
    windows = [samples[n : n + size] for n in range(0, len(samples) - size + 1, size)]
    loud = [
        w for w in windows if level(w, frequency_hz) > 0.7 * AMPLITUDE / 8 and _dominates(w, frequency_hz)
    ]
    return bool(windows) and len(loud) >= share * len(windows)


def first_heard(samples: Samples, frequency_hz: float) -> int | None:
    """Position of the first 10 ms in which the tone dominates; None if it never does."""
    size = SAMPLE_RATE // 100
    for start in range(0, len(samples) - size + 1, 8):
        window = samples[start : start + size]
        if level(window, frequency_hz) > AMPLITUDE / 2 and _dominates(window, frequency_hz):
            return start
    return None


def read_stereo(path: Path) -> tuple[Samples, Samples]:
    """Left and right channel of a recording (stereo A-law WAV). Believes its header, so that a wrong one
    fails the test."""
    data = path.read_bytes()
    riff, riff_size, wave = struct.unpack_from("<4sI4s", data)
    assert (riff, wave) == (b"RIFF", b"WAVE"), f"{path} is no WAV file"
    chunks = {}
    position = 12
    while position + 8 <= 8 + riff_size:
        name, size = struct.unpack_from("<4sI", data, position)
        chunks[name] = data[position + 8 : position + 8 + size]
        assert len(chunks[name]) == size, f"{path}: {name!r} is cut off"
        position += 8 + size + size % 2
    kind, channels, rate = struct.unpack_from("<HHI", chunks[b"fmt "])
    assert (kind, channels, rate) == (6, 2, SAMPLE_RATE)
    both = decode(chunks[b"data"])
    return both[0::2], both[1::2]


def _dominates(window: Samples, frequency_hz: float) -> bool:
    return level(window, frequency_hz) ** 2 / 2 > 0.5 * loudness(window) ** 2
