"""Sound for whole-system tests: a tone is said on one side and looked for on the other.

Stands by itself, without the product's G.711 tables, so that a wrong table is heard. Levels are dBFS: 0 dB is
the loudest sine that fits (amplitude 1.0).
"""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

SILENCE_DBFS = -120.0
"What a level is reported as when there is nothing at all, instead of minus infinity."
PCM, ALAW, MULAW = 1, 6, 7
"WAVE format tags."


@dataclass(frozen=True)
class Sound:
    """What a WAV file holds: one array of samples (-1.0 to 1.0) a channel, all of one length."""

    rate: int
    channels: list[Samples]

    @property
    def seconds(self) -> float:
        return len(self.channels[0]) / self.rate

    def part(self, start_s: float, end_s: float) -> Sound:
        """The sound between two moments; negative ones count from the end."""
        first, last = (
            int((moment if moment >= 0 else self.seconds + moment) * self.rate) for moment in (start_s, end_s)
        )
        return Sound(self.rate, [channel[max(first, 0) : last] for channel in self.channels])


def goertzel_level(samples: Samples, frequency: float, rate: int = 8000) -> float:
    """Level of one frequency (Hz) in the samples, dBFS."""
    if len(samples) == 0:
        return SILENCE_DBFS
    phase = np.exp(-2j * np.pi * frequency / rate * np.arange(len(samples)))
    amplitude = 2.0 * abs(np.dot(samples, phase)) / len(samples)
    return max(SILENCE_DBFS, 20.0 * math.log10(amplitude)) if amplitude > 0 else SILENCE_DBFS


def tone_level(samples: Samples, frequency: float, rate: int = 8000) -> float:
    """The tone's level in the typical tenth of a second, dBFS: a lost packet or a jump of the clock shifts
    the phase, which would wipe the tone out of one long measurement."""
    size = rate // 10
    windows = [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]
    levels = [goertzel_level(window, frequency, rate) for window in windows]
    return float(np.median(levels)) if levels else SILENCE_DBFS


def tones_in_turn(sound: Sound, tones: Sequence[float], heard_dbfs: float) -> list[tuple[float, float]]:
    """Which of the tones was the loudest, one after the other, and for how many seconds: in the first
    channel, by the tenth of a second. Where none of them is as loud as `heard_dbfs` there is no turn, nor
    does a tone that goes on after a gap begin another."""
    samples, size = sound.channels[0], sound.rate // 10
    turns: list[tuple[float, float]] = []
    for start in range(0, len(samples) - size + 1, size):
        window = samples[start : start + size]
        level, tone = max((goertzel_level(window, tone, sound.rate), tone) for tone in tones)
        if level < heard_dbfs:
            continue
        before = turns.pop() if turns and turns[-1][0] == tone else (tone, 0.0)
        turns.append((tone, before[1] + 0.1))
    return turns


def sine(frequency: float, seconds: float, rate: int = 8000, amplitude: float = 0.5) -> Samples:
    """A sine tone; the default amplitude is -6 dBFS."""
    moments = np.arange(int(seconds * rate)) / rate
    return np.asarray(amplitude * np.sin(2 * np.pi * frequency * moments), dtype=np.float64)


def write_wav(path: Path, samples: Samples, rate: int = 8000) -> None:
    """Writes one channel of 16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def read_wav(path: Path) -> Sound:
    """Reads 16-bit PCM, A-law and µ-law. The writer may have been killed and have left sizes of 0, or too
    large ones: what is there is read."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path}: not a WAV file")
    position, form, count, rate = 12, 0, 1, 8000
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if name == b"fmt ":
            form, count, rate = struct.unpack_from("<HHI", data, position)
        if name == b"data":
            body = data[position : position + size] if size else data[position:]
            return Sound(rate, _channels(body, form, count, path))
        position += size + size % 2
    raise ValueError(f"{path}: no data in the WAV file")


def _channels(body: bytes, form: int, count: int, path: Path) -> list[Samples]:
    if form == PCM:
        flat = np.frombuffer(body[: len(body) // 2 * 2], dtype="<i2") / 32768.0
    elif form in (ALAW, MULAW):
        flat = (_ALAW if form == ALAW else _MULAW)[np.frombuffer(body, dtype=np.uint8)]
    else:
        raise ValueError(f"{path}: WAVE format {form} is neither PCM, A-law nor µ-law")
    frames = len(flat) // count
    return [np.asarray(flat[: frames * count][channel::count], dtype=np.float64) for channel in range(count)]


def _decode_alaw(code: int) -> float:
    """ITU-T G.711, table 1: a sign, three bits of segment, four of step; even bits are inverted."""
    code ^= 0x55
    segment, step = (code >> 4) & 7, code & 15
    value = (2 * step + 1) * 8 if segment == 0 else (2 * step + 33) << (segment + 2)
    return (value if code & 0x80 else -value) / 32768.0


def _decode_mulaw(code: int) -> float:
    """ITU-T G.711, table 2: all bits are inverted, a bias of 33 is taken off."""
    code = ~code & 0xFF
    value = (((2 * (code & 15) + 33) << ((code >> 4) & 7)) - 33) * 4
    return (-value if code & 0x80 else value) / 32768.0


_ALAW = np.array([_decode_alaw(code) for code in range(256)])
_MULAW = np.array([_decode_mulaw(code) for code in range(256)])
