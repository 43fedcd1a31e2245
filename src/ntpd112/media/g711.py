"""G.711 (ITU-T G.711, 1988): A-law and µ-law as tables. Samples are 16-bit linear, -32768 to 32767."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .protocol import Law

SAMPLE_RATE: Final = 8000
FRAME_SAMPLES: Final = 160
"20 ms."
PAYLOAD_TYPES: Final[dict[Law, int]] = {"PCMU": 0, "PCMA": 8}
"Static payload types (RFC 3551 §6)."
LAW_OF_PAYLOAD_TYPE: Final[dict[int, Law]] = {0: "PCMU", 8: "PCMA"}
SILENCE: Final[dict[Law, bytes]] = {"PCMA": b"\xd5", "PCMU": b"\xff"}
"The code of the smallest positive value; what a silent line sounds like."


def encode_alaw_sample(sample: int) -> int:
    """G.711 table 1: 13 significant bits, eight segments, even bits inverted."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = (sample if sample >= 0 else ~sample) >> 3
    segment = max(magnitude.bit_length() - 5, 0)
    mantissa = (magnitude >> max(segment, 1)) & 0x0F
    return (sign | segment << 4 | mantissa) ^ 0x55


def decode_alaw_sample(code: int) -> int:
    code ^= 0x55
    segment = code >> 4 & 7
    magnitude = ((code & 0x0F) << 4) + 8
    if segment:
        magnitude = (magnitude + 0x100) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


def encode_ulaw_sample(sample: int) -> int:
    """G.711 table 2: 14 significant bits with a bias of 33, all bits inverted."""
    sign = 0 if sample >= 0 else 0x80
    magnitude = min((sample if sample >= 0 else ~sample) >> 2, 8158) + 33
    segment = magnitude.bit_length() - 6
    mantissa = (magnitude >> (segment + 1)) & 0x0F
    return ~(sign | segment << 4 | mantissa) & 0xFF


def decode_ulaw_sample(code: int) -> int:
    code = ~code & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


ENCODE_SAMPLE: Final[dict[Law, Callable[[int], int]]] = {
    "PCMA": encode_alaw_sample,
    "PCMU": encode_ulaw_sample,
}
ALAW_TO_LINEAR: Final = tuple(decode_alaw_sample(code) for code in range(256))
ULAW_TO_LINEAR: Final = tuple(decode_ulaw_sample(code) for code in range(256))
ALAW_TO_ULAW: Final = bytes(encode_ulaw_sample(sample) for sample in ALAW_TO_LINEAR)
ULAW_TO_ALAW: Final = bytes(encode_alaw_sample(sample) for sample in ULAW_TO_LINEAR)


def translate(payload: bytes, law: Law, wanted: Law) -> bytes:
    """The same sound in the wanted law."""
    if law == wanted:
        return payload
    return payload.translate(ALAW_TO_ULAW if law == "PCMA" else ULAW_TO_ALAW)
