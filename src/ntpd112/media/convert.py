"""An announcement as somebody recorded it, made what callers are played: WAV, mono, 8 kHz, A-law, as loud
as a person speaks. For the agent's upload, never in the worker. Five minutes of stereo take a third of a
second: to be called on a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

from .g711 import ALAW_TO_LINEAR, FRAME_SAMPLES, SAMPLE_RATE, ULAW_TO_LINEAR, encode_alaw_sample
from .wav import FORMAT_ALAW, FORMAT_FLOAT, FORMAT_PCM, FORMAT_ULAW, Wav, WavError, alaw_header, parse

Samples = npt.NDArray[np.float32]
"1.0 is full scale."

MAX_SECONDS: Final = 300
"Nobody listens to more; it is read into the memory of every worker."
MAX_FILE_BYTES: Final = 120_000_000
"Five minutes of stereo at 48 kHz and 32 bits are 115 MB."
RATES: Final = range(4000, 192_001)
"Samples a second, from the lowest telephone's to the highest studio's."
SPEECH_DBFS: Final = -20.0
"RMS of the speech wanted: a person on a good line, and what the built-in prompts have."
PEAK_DBFS: Final = -3.5
"No sample is louder: half a decibel below -3, for what A-law rounds up."
SILENT_DBFS: Final = -60.0
"Speech below this is the noise of a microphone that was not on."
PAUSE_DB: Final = 30.0
"20 ms this much below the loudest are a pause, and do not count for how loud the speech is."
CLIPPED: Final = 0.999
"Of full scale: the recording was cut off there, if more than a moment of it is."
CLIPPED_SHARE: Final = 0.001
_CHUNK_FRAMES: Final = 1 << 18
"Decoded at a time, to bound the memory: 1 MB a channel."


class BadSound(ValueError):
    """The upload cannot be an announcement; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An upload made ready. `wav` is the file to keep."""

    wav: bytes
    seconds: float
    doubts: tuple[str, ...] = ()
    "What the uploader should hear of, though it can be played."


def convert(data: bytes) -> bytes:
    """`prepare(data).wav`. Raises BadSound."""
    return prepare(data).wav


def prepare(data: bytes) -> Announcement:
    """Decode, mix to mono, resample, make it loud enough. Raises BadSound."""
    wav = _read(data)
    clipped, sound = _resampled(wav)
    frames = sound[: len(sound) - len(sound) % FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    powers = np.mean(np.square(frames, dtype=np.float64), axis=1)
    loudest = float(powers.max()) if len(powers) else 0.0
    speech = float(powers[powers >= loudest * _power(-PAUSE_DB)].mean()) if loudest else 0.0
    if speech < _power(SILENT_DBFS):
        raise BadSound("nothing can be heard in it: check the microphone and record it again")
    peak = float(np.abs(sound).max())
    gain = min((_power(SPEECH_DBFS) / speech) ** 0.5, _power(PEAK_DBFS) ** 0.5 / peak)
    linear = np.rint(sound * (gain * 32768)).astype(np.int32)
    codes = _alaw_codes()[linear + 32768].tobytes()
    doubts = []
    if clipped > CLIPPED_SHARE:
        doubts.append(f"{clipped:.1%} of it is clipped: it may sound harsh; record it again with less gain")
    return Announcement(alaw_header(1, len(codes)) + codes, len(codes) / SAMPLE_RATE, tuple(doubts))


def _read(data: bytes) -> Wav:
    """The parsed file, if it is one that can be decoded and is of a sensible length."""
    if not data:
        raise BadSound("the file is empty")
    if len(data) > MAX_FILE_BYTES:
        raise BadSound(
            f"{len(data) / 1e6:.0f} MB: at most {MAX_FILE_BYTES / 1e6:.0f} MB; save it as 16-bit mono"
        )
    try:
        wav = parse(data)
    except WavError as problem:
        raise BadSound(f"{problem}: save the recording as WAV, 16-bit PCM") from None
    if (wav.format, wav.bits) not in _DECODERS:
        raise BadSound(f"WAV format {wav.format} with {wav.bits} bits is not known: save it as 16-bit PCM")
    if wav.channels not in (1, 2):
        raise BadSound(f"{wav.channels} channels: save it as mono or stereo")
    if wav.rate not in RATES:
        raise BadSound(f"{wav.rate} samples a second: save it at 8000 to 48000")
    seconds = len(wav.data) / (wav.channels * wav.bits // 8) / wav.rate
    if seconds > MAX_SECONDS:
        raise BadSound(f"{seconds:.0f} s long: at most {MAX_SECONDS} s; cut it shorter")
    if len(wav.data) < wav.channels * wav.bits // 8:
        raise BadSound("there is no sound in it: record it again")
    return wav


def _resampled(wav: Wav) -> tuple[float, Samples]:
    """What share of it is clipped, and the sound as mono at 8 kHz."""
    size = wav.channels * wav.bits // 8
    data = wav.data[: len(wav.data) - len(wav.data) % size]
    stream = soxr.ResampleStream(wav.rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    parts: list[Samples] = []
    clipped = 0
    step = _CHUNK_FRAMES * size
    for start in range(0, len(data), step):
        decoded = _decoded(wav, data[start : start + step])
        clipped += int(np.count_nonzero(np.abs(decoded) >= CLIPPED))
        mono = np.ascontiguousarray(decoded.reshape(-1, wav.channels).mean(axis=1, dtype=np.float32))
        parts.append(stream.resample_chunk(mono, last=start + step >= len(data)))
    sound: Samples = np.concatenate(parts)
    return clipped / (len(data) // (wav.bits // 8)), sound


def _decoded(wav: Wav, data: memoryview) -> Samples:
    """Samples of all channels in turn; what is no number is silence."""
    raw, full_scale = _DECODERS[wav.format, wav.bits]
    if wav.bits == 24:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data = wide.data.cast("B")
    samples = np.frombuffer(data, raw)
    if wav.format == FORMAT_FLOAT:
        samples = np.nan_to_num(samples, nan=0.0).clip(-1.0, 1.0)
    elif wav.format == FORMAT_ALAW:
        samples = np.array(ALAW_TO_LINEAR, np.int16)[samples]
    elif wav.format == FORMAT_ULAW:
        samples = np.array(ULAW_TO_LINEAR, np.int16)[samples]
    elif wav.bits == 8:
        samples = samples.astype(np.int16) - 128
    return samples.astype(np.float32) * np.float32(1 / full_scale)


_DECODERS: Final[dict[tuple[int, int], tuple[str, float]]] = {
    (FORMAT_PCM, 8): ("u1", 128),
    (FORMAT_PCM, 16): ("<i2", 1 << 15),
    (FORMAT_PCM, 24): ("<i4", 1 << 31),
    (FORMAT_PCM, 32): ("<i4", 1 << 31),
    (FORMAT_FLOAT, 32): ("<f4", 1),
    (FORMAT_FLOAT, 64): ("<f8", 1),
    (FORMAT_ALAW, 8): ("u1", 1 << 15),
    (FORMAT_ULAW, 8): ("u1", 1 << 15),
}
"How numpy reads a sample, and full scale, by format and bits."


@cache
def _alaw_codes() -> npt.NDArray[np.uint8]:
    """The code of each 16-bit sample, from -32768 on."""
    return np.array([encode_alaw_sample(sample) for sample in range(-32768, 32768)], np.uint8)


def _power(decibels: float) -> float:
    return float(10 ** (decibels / 10))
