"""G.711: the tables against the recommendation's values and each other."""

from hypothesis import given
from hypothesis import strategies as st
from tests.tones import decode, hears, loudness

from ntpd112.media.g711 import (
    ALAW_TO_LINEAR,
    ALAW_TO_ULAW,
    SILENCE,
    ULAW_TO_ALAW,
    ULAW_TO_LINEAR,
    encode_alaw_sample,
    encode_ulaw_sample,
    translate,
)
from ntpd112.media.tones import CADENCES_S, FREQUENCY_HZ, cut_frames, tone_frames

samples = st.integers(-32768, 32767)


def test_known_values() -> None:
    assert [encode_alaw_sample(s) for s in (0, -1, 32767, -32768)] == [0xD5, 0x55, 0xAA, 0x2A]
    assert [encode_ulaw_sample(s) for s in (0, 32767, -32768)] == [0xFF, 0x80, 0x00]
    assert (ALAW_TO_LINEAR[0xAA], ULAW_TO_LINEAR[0x80], ULAW_TO_LINEAR[0xFF]) == (32256, 32124, 0)


def test_every_code_survives_decoding_and_encoding() -> None:
    assert [encode_alaw_sample(s) for s in ALAW_TO_LINEAR] == list(range(256))
    # µ-law has two codes for zero; the negative one becomes the positive.
    assert [encode_ulaw_sample(s) for s in ULAW_TO_LINEAR] == [0xFF if c == 0x7F else c for c in range(256)]


@given(samples)
def test_error_is_within_half_a_step(sample: int) -> None:
    """Steps grow with the level: at most 1/32 of it, and 8 (A-law) or 4 (µ-law) near zero."""
    size = min(abs(sample), 32124)
    assert abs(ALAW_TO_LINEAR[encode_alaw_sample(sample)] - sample) <= size / 32 + 8 + (abs(sample) - size)
    assert abs(ULAW_TO_LINEAR[encode_ulaw_sample(sample)] - sample) <= size / 32 + 8 + (abs(sample) - size)


@given(samples, samples)
def test_louder_is_never_coded_softer(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert ALAW_TO_LINEAR[encode_alaw_sample(low)] <= ALAW_TO_LINEAR[encode_alaw_sample(high)]
    assert ULAW_TO_LINEAR[encode_ulaw_sample(low)] <= ULAW_TO_LINEAR[encode_ulaw_sample(high)]


def test_translation_keeps_the_level() -> None:
    for code in range(256):
        for linear in (
            (ALAW_TO_LINEAR[code], ULAW_TO_LINEAR[ALAW_TO_ULAW[code]]),
            (ULAW_TO_LINEAR[code], ALAW_TO_LINEAR[ULAW_TO_ALAW[code]]),
        ):
            assert abs(linear[0] - linear[1]) <= abs(linear[0]) / 16 + 8


def test_silence_stays_silence() -> None:
    assert translate(SILENCE["PCMU"], "PCMU", "PCMA") == SILENCE["PCMA"]
    assert ULAW_TO_LINEAR[translate(SILENCE["PCMA"], "PCMA", "PCMU")[0]] in (0, 8)


def test_ringback_is_425_hz_one_second_in_five() -> None:
    sound = decode(b"".join(tone_frames("ringback")))
    assert len(sound) == 5 * 8000
    assert hears(sound[:8000], FREQUENCY_HZ, share=1)
    assert loudness(sound[8000:]) < 10


def test_cadences_repeat_without_a_click() -> None:
    for on_s, off_s in CADENCES_S.values():
        assert (on_s * FREQUENCY_HZ * 2).is_integer()
        assert (off_s * 50).is_integer()


def test_last_frame_is_filled_with_silence() -> None:
    assert cut_frames(b"\x01" * 161) == (b"\x01" * 160, b"\x01" + b"\xd5" * 159)
