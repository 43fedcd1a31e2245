"""The sum of voices in G.711."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tones import AMPLITUDE, decode, level, tone

from ntpd112.media.g711 import ALAW_TO_ULAW, ENCODE_SAMPLE, FRAME_SAMPLES, SILENCE
from ntpd112.media.mixing import LINEAR, MAX_VOICES, mix, overlay
from ntpd112.media.protocol import Law

frames = st.binary(min_size=FRAME_SAMPLES, max_size=FRAME_SAMPLES)
laws = st.sampled_from(["PCMA", "PCMU"])


@given(st.lists(frames, min_size=2, max_size=MAX_VOICES), laws)
def test_mix_is_the_sum_clipped_in_the_law_wanted(voices: list[bytes], law: Law) -> None:
    sums = [sum(LINEAR[code] for code in codes) for codes in zip(*voices, strict=True)]
    clipped = [max(-32768, min(32767, total)) for total in sums]
    assert mix(voices, law) == bytes(ENCODE_SAMPLE[law](sample) for sample in clipped)


@given(st.lists(frames, min_size=2, max_size=MAX_VOICES), laws)
def test_order_of_the_voices_does_not_matter(voices: list[bytes], law: Law) -> None:
    assert mix(voices[::-1], law) == mix(voices, law)


@given(st.lists(frames, min_size=2, max_size=MAX_VOICES - 1), laws)
def test_who_is_silent_changes_nothing(voices: list[bytes], law: Law) -> None:
    assert mix([*voices, SILENCE["PCMA"] * FRAME_SAMPLES], law) == mix(voices, law)


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
def test_nobody_is_silence_and_one_is_itself(law: Law) -> None:
    voice = bytes(range(FRAME_SAMPLES))
    assert mix([], law) == SILENCE[law] * FRAME_SAMPLES
    assert mix([voice], law) == (voice if law == "PCMA" else voice.translate(ALAW_TO_ULAW))


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
@pytest.mark.parametrize("tones_hz", [(440, 1000), (440, 1000, 1900), (300, 700, 1300, 2900)])
def test_each_tone_is_in_the_mix_as_loud_as_it_was(law: Law, tones_hz: tuple[int, ...]) -> None:
    mixed = decode(mix([tone(hz, 0.1) for hz in tones_hz], law), law)
    for hz in tones_hz:
        assert level(mixed, hz) == pytest.approx(AMPLITUDE, rel=0.05)
    assert level(mixed, 2300) < AMPLITUDE / 50


def test_more_voices_than_can_be_mixed_are_left_out() -> None:
    voices = [bytes((n,)) * FRAME_SAMPLES for n in range(MAX_VOICES + 3)]
    assert mix(voices, "PCMA") == mix(voices[:MAX_VOICES], "PCMA")


def test_stretches_of_any_length_are_laid_over_each_other() -> None:
    assert overlay(b"", b"") == b""
    sound = tone(440, 1.3)
    assert overlay(sound, SILENCE["PCMA"] * len(sound)) == sound
