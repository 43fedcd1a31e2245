"""WAV files of G.711 (RIFF/WAVE format tags 6 A-law, 7 µ-law): the header written, and prompts read."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

from .g711 import SAMPLE_RATE

FORMAT_ALAW: Final = 6
HEADER_BYTES: Final = 58
MAX_DATA_BYTES: Final = 0xFFFFFFFF - HEADER_BYTES
"What the 32-bit sizes of a WAV file can say: 74 hours of stereo."

_HEADER = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")


class WavError(Exception):
    """The file is no G.711 A-law mono WAV at 8 kHz; the message says what it is."""


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
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavError(f"{path}: no WAV file")
    position = 12
    found = None
    while position + 8 <= len(data):
        name = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + size]
        if name == b"fmt " and len(body) >= 8:
            found = struct.unpack_from("<HHI", body)
        if name == b"data":
            if found != (FORMAT_ALAW, 1, SAMPLE_RATE):
                raise WavError(f"{path}: (format, channels, rate) is {found}, must be (6, 1, 8000)")
            return body
        position += 8 + size + size % 2
    raise WavError(f"{path}: no data in it")
