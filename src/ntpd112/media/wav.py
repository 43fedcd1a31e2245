"""WAV files (RIFF/WAVE): what is in one, and the header of G.711 A-law."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, NamedTuple

from .g711 import SAMPLE_RATE

FORMAT_PCM: Final = 1
FORMAT_FLOAT: Final = 3
FORMAT_ALAW: Final = 6
FORMAT_ULAW: Final = 7
FORMAT_EXTENSIBLE: Final = 0xFFFE
"The true format follows in the `fmt` chunk, in the first two bytes of a GUID."
HEADER_BYTES: Final = 58
MAX_DATA_BYTES: Final = 0xFFFFFFFF - HEADER_BYTES
"What the 32-bit sizes of a WAV file can say: 74 hours of stereo."

_HEADER = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
_FORMAT = struct.Struct("<HHIIHH")
_SUBFORMAT_AT: Final = 24


class WavError(Exception):
    """No WAV file, or none of the kind wanted; the message says what it is."""


class Wav(NamedTuple):
    """What a file says of itself, and its samples as they are."""

    format: int
    "Format tag, as `FORMAT_PCM`."
    channels: int
    rate: int
    bits: int
    "Of a sample of one channel."
    data: memoryview


def parse(file: bytes) -> Wav:
    """The first `fmt` and `data` of a file; data that is cut off is taken as far as it goes. Raises
    WavError."""
    if file[:4] != b"RIFF" or file[8:12] != b"WAVE":
        raise WavError("no WAV file")
    view = memoryview(file)
    position = 12
    found = None
    while position + 8 <= len(file):
        name = file[position : position + 4]
        size = int.from_bytes(file[position + 4 : position + 8], "little")
        body = view[position + 8 : position + 8 + size]
        if name == b"fmt " and len(body) >= _FORMAT.size:
            tag, channels, rate, _, _, bits = _FORMAT.unpack_from(body)
            if tag == FORMAT_EXTENSIBLE and len(body) >= _SUBFORMAT_AT + 2:
                tag = int.from_bytes(body[_SUBFORMAT_AT : _SUBFORMAT_AT + 2], "little")
            found = tag, channels, rate, bits
        if name == b"data" and found is not None:
            return Wav(*found, body)
        position += 8 + size + size % 2
    raise WavError("a WAV file without " + ("sound" if found else "a format") + " in it")


def alaw_header(channels: int, frames: int) -> bytes:
    """The header of an A-law file at 8 kHz with `frames` samples a channel."""
    size = frames * channels
    return _HEADER.pack(
        *(b"RIFF", HEADER_BYTES - 8 + size, b"WAVE"),
        *(b"fmt ", 18, FORMAT_ALAW, channels, SAMPLE_RATE, SAMPLE_RATE * channels, channels, 8, 0),
        *(b"fact", 4, frames),
        *(b"data", size),
    )


def read_alaw_mono(path: Path) -> bytes:
    """The samples of a prompt file. Raises WavError or OSError."""
    try:
        wav = parse(path.read_bytes())
    except WavError as problem:
        raise WavError(f"{path}: {problem}") from None
    kind = wav.format, wav.channels, wav.rate
    if kind != (FORMAT_ALAW, 1, SAMPLE_RATE):
        raise WavError(f"{path}: (format, channels, rate) is {kind}, must be {(FORMAT_ALAW, 1, SAMPLE_RATE)}")
    return bytes(wav.data)
