"""Prompts and tones, as the caller hears them."""

from __future__ import annotations

import tomllib
from itertools import pairwise

import pytest
from tests.tones import decode, hears, level, loudness

from ntpd112.media import MediaClient, PlayEnded
from ntpd112.media.client import MAX_PLAY_LIST
from ntpd112.media.prompts import FOLDER, Prompts, prompt_names
from ntpd112.media.tones import FREQUENCY_HZ

from .conftest import MakePhone
from .phone import event_of, talk

TEXTS = tomllib.loads((FOLDER / "texts.toml").read_text(encoding="utf-8"))
NAMES = set(TEXTS["id"])
BEEP = "beep"
"Made, not spoken."
MAX_BYTES = 3_000_000
"Of all prompts: they are in every package and in the memory of every worker."


def is_piece(name: str) -> bool:
    """Of a sentence that is put together: `three`, `minutes`."""
    return name.startswith(("digit-", "number-")) or name in ("minutes", "seconds")


def test_every_prompt_is_there_in_both_languages() -> None:
    for language in ("id", "en"):
        assert {path.stem for path in (FOLDER / language).glob("*.wav")} == NAMES | {BEEP}
        assert set(TEXTS[language]) == NAMES
    assert prompt_names() == NAMES | {BEEP, "ringback", "busy"}
    assert sum(path.stat().st_size for path in FOLDER.glob("*/*.wav")) < MAX_BYTES


@pytest.mark.parametrize("language", ["id", "en"])
def test_prompts_are_speech_as_loud_as_a_person(language: str) -> None:
    prompts = Prompts()
    for name in NAMES:
        frames = prompts.frames(language, name)
        assert frames is not None
        sound = decode(b"".join(frames))
        assert (0.5 if is_piece(name) else 1.2) < len(sound) / 8000 < 15
        assert 1000 < loudness(sound) < 8000
        assert abs(sound).max() < 32000


def test_missing_translation_falls_back_to_indonesian() -> None:
    prompts = Prompts()
    assert prompts.frames("jv", "wait") == prompts.frames("id", "wait")
    assert prompts.frames("en", "wait") != prompts.frames("id", "wait")
    assert prompts.frames("en", "../id/wait") is None


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
async def test_ringback_is_heard_in_even_packets(media: MediaClient, phone: MakePhone, law: str) -> None:
    caller = phone("127.0.0.2", law)
    leg = media.open()
    caller.call(leg)
    leg.play("ringback", loop=True)
    media.flush()
    await talk(0.8, caller)
    assert hears(caller.sound(), FREQUENCY_HZ, share=0.9)
    headers = [packet for packet, _, _ in caller.heard]
    assert [p.marker for p in headers] == [True] + [False] * (len(headers) - 1)
    assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(headers)} == {160}
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(headers)} == {1}
    assert {len(payload) for _, payload, _ in caller.heard} == {160}


async def test_prompt_is_paced_by_the_clock_without_drift(media: MediaClient, phone: MakePhone) -> None:
    """The rate over three seconds; single packets may be early or late."""
    caller = phone()
    leg = media.open()
    caller.call(leg)
    leg.play("wait")
    media.flush()
    await talk(3.2, caller)
    times = [arrived_at for _, _, arrived_at in caller.heard]
    seconds = [packet.timestamp for packet, _, _ in caller.heard]
    spoken = ((seconds[-1] - seconds[0]) & 0xFFFFFFFF) / 8000
    assert spoken == pytest.approx(times[-1] - times[0], abs=0.1)


async def test_prompt_is_heard_to_its_end_and_told(media: MediaClient, phone: MakePhone) -> None:
    caller = phone()
    leg = media.open()
    caller.call(leg)
    leg.play("goodbye", language="en")
    media.flush()
    prompts = Prompts().frames("en", "goodbye")
    assert prompts is not None
    await talk(len(prompts) / 50 + 0.3, caller)
    assert await event_of(media, PlayEnded) == PlayEnded(leg.id, "goodbye")
    assert b"".join(payload for _, payload, _ in caller.heard) == b"".join(prompts)


async def test_prompts_of_a_list_are_heard_one_after_the_other(media: MediaClient, phone: MakePhone) -> None:
    """As a number is spoken; one that is missing is passed over."""
    caller = phone()
    leg = media.open()
    caller.call(leg)
    leg.play("number-20", "no such number", "digit-3")
    media.flush()
    prompts = Prompts()
    spoken = [prompts.frames("id", name) or () for name in ("number-20", "digit-3")]
    await talk(sum(map(len, spoken)) / 50 + 0.3, caller)
    assert await event_of(media, PlayEnded) == PlayEnded(leg.id, "digit-3")
    assert b"".join(payload for _, payload, _ in caller.heard) == b"".join(spoken[0] + spoken[1])


async def test_list_is_played_over_and_over_until_stopped(media: MediaClient, phone: MakePhone) -> None:
    caller = phone()
    leg = media.open()
    caller.call(leg)
    leg.play("beep", "beep", loop=True)
    media.flush()
    await talk(2.0, caller)
    leg.stop_playing()
    media.flush()
    await talk(0.2, caller)
    beep = Prompts().frames("id", "beep") or ()
    count = len(caller.heard)
    assert count > 4 * len(beep)
    expected = [beep[n % len(beep)] for n in range(count)]
    assert [payload for _, payload, _ in caller.heard] == expected
    assert not any(isinstance(event, PlayEnded) for event in media.events())


async def test_of_an_endless_list_the_beginning_is_played(media: MediaClient) -> None:
    leg = media.open()
    leg.play(*(f"no such prompt {n}" for n in range(MAX_PLAY_LIST + 50)))
    media.flush()
    assert await event_of(media, PlayEnded) == PlayEnded(leg.id, f"no such prompt {MAX_PLAY_LIST - 1}")


async def test_unknown_prompt_ends_at_once(media: MediaClient) -> None:
    leg = media.open()
    leg.play("no such prompt")
    media.flush()
    assert await event_of(media, PlayEnded) == PlayEnded(leg.id, "no such prompt")


async def test_ringback_gives_way_to_the_operator_without_a_gap(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2"), phone("127.0.0.3", hz=1000)
    a = media.open()
    caller.call(a)
    a.play("ringback", loop=True)
    b = media.open(beside=a)
    operator.call(b)
    media.join(a, b)
    media.flush()
    await talk(0.4, caller, operator)
    assert level(caller.sound(), 1000) < level(caller.sound(), FREQUENCY_HZ) / 20
    a.stop_playing()
    media.flush()
    await talk(0.4, caller, operator)
    headers = [packet for packet, _, _ in caller.heard]
    switch = next(n for n, packet in enumerate(headers) if packet.ssrc == operator.ssrc)
    assert {packet.ssrc for packet in headers[switch:]} == {operator.ssrc}
    assert [packet.marker for packet in headers[switch:]] == [True] + [False] * (len(headers) - switch - 1)
    assert len(caller.heard) >= 35
    assert hears(caller.sound(0.3), 1000, share=0.9)
