"""Three and more on one call: who hears whom, by listening to tones through the real worker."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.tones import AMPLITUDE, Samples, hears, level, loudness, read_stereo

from ntpd112.media import Closed, Dtmf, MediaClient, MediaLeg

from .conftest import MakePhone
from .phone import Phone, event_of, running, talk

CALLER_HZ, OPERATOR_HZ, AGENCY_HZ = 440.0, 1000.0, 1900.0
SUPERVISOR_HZ = AGENCY_HZ


def heard_of(samples: Samples, *tones_hz: float) -> set[float]:
    """Which of the tones sound in it: each in half of the stretches of 100 ms, or in hardly any."""
    windows = [samples[n : n + 800] for n in range(0, len(samples) - 799, 800)]
    heard = {hz for hz in tones_hz if _louder(windows, hz, AMPLITUDE / 2) >= 0.5}
    unclear = {hz for hz in set(tones_hz) - heard if _louder(windows, hz, AMPLITUDE / 20) > 0.4}
    assert not unclear, "neither heard nor absent"
    return heard


def _louder(windows: list[Samples], hz: float, limit: float) -> float:
    """The share of them in which the tone is louder."""
    return sum(level(window, hz) > limit for window in windows) / max(len(windows), 1)


def three(media: MediaClient, phone: MakePhone, laws: str = "AAA") -> list[tuple[Phone, MediaLeg]]:
    """Caller, operator and a third, each with a tone of its own, on one worker; nobody hears anybody."""
    ends: list[tuple[Phone, MediaLeg]] = []
    for number, (law, hz) in enumerate(zip(laws, (CALLER_HZ, OPERATOR_HZ, AGENCY_HZ), strict=True)):
        one = phone(f"127.0.0.{number + 2}", "PCMA" if law == "A" else "PCMU", hz)
        leg = media.open(codec=one.law, beside=ends[0][1] if ends else None)
        one.call(leg)
        ends.append((one, leg))
    return ends


def confer(media: MediaClient, *legs: MediaLeg) -> None:
    for leg in legs:
        media.hear(leg, legs)


def heard_by(one: Phone, last_s: float = 0.5) -> set[float]:
    return heard_of(one.sound(last_s), CALLER_HZ, OPERATOR_HZ, AGENCY_HZ)


@pytest.mark.parametrize("laws", ["AAA", "AUA", "UUU"])
async def test_each_of_three_hears_the_two_others_and_not_itself(
    media: MediaClient, phone: MakePhone, laws: str
) -> None:
    (caller, a), (operator, b), (agency, c) = three(media, phone, laws)
    confer(media, a, b, c)
    media.flush()
    await talk(0.9, caller, operator, agency)
    assert heard_by(caller) == {OPERATOR_HZ, AGENCY_HZ}
    assert heard_by(operator) == {CALLER_HZ, AGENCY_HZ}
    assert heard_by(agency) == {CALLER_HZ, OPERATOR_HZ}


async def test_mix_is_one_even_stream(media: MediaClient, phone: MakePhone) -> None:
    (caller, a), (operator, b), (agency, c) = three(media, phone)
    a.play("ringback", loop=True)
    media.flush()
    await talk(0.3, caller)
    confer(media, a, b, c)
    a.stop_playing()
    media.flush()
    await talk(0.6, caller, operator, agency)
    headers = [packet for packet, _, _ in caller.heard]
    assert len({packet.ssrc for packet in headers}) == 1
    assert {(y.sequence - x.sequence) & 0xFFFF for x, y in pairwise(headers)} == {1}
    assert {(y.timestamp - x.timestamp) & 0xFFFFFFFF for x, y in pairwise(headers)} <= {160, 320}
    assert sum(packet.marker for packet in headers) == 2
    assert headers[0].marker


async def test_supervisor_who_listens_is_not_heard_and_the_call_is_still_relayed(
    media: MediaClient, phone: MakePhone
) -> None:
    (caller, a), (operator, b), (supervisor, c) = three(media, phone)
    media.join(a, b)
    media.hear(c, [a, b])
    media.flush()
    await talk(0.9, caller, operator, supervisor)
    assert heard_by(supervisor) == {CALLER_HZ, OPERATOR_HZ}
    assert heard_by(caller) == {OPERATOR_HZ}
    assert heard_by(operator) == {CALLER_HZ}
    assert {packet.ssrc for packet, _, _ in operator.heard} == {caller.ssrc}
    assert {packet.ssrc for packet, _, _ in caller.heard} == {operator.ssrc}


async def test_whisper_is_heard_by_the_operator_and_not_by_the_caller(
    media: MediaClient, phone: MakePhone
) -> None:
    (caller, a), (operator, b), (supervisor, c) = three(media, phone)
    media.join(a, b)
    media.hear(b, [a, c])
    media.hear(c, [a, b])
    media.flush()
    await talk(0.9, caller, operator, supervisor)
    assert heard_by(operator) == {CALLER_HZ, SUPERVISOR_HZ}
    assert heard_by(caller) == {OPERATOR_HZ}
    assert heard_by(supervisor) == {CALLER_HZ, OPERATOR_HZ}


async def test_two_remain_when_one_leaves_and_are_relayed_again(media: MediaClient, phone: MakePhone) -> None:
    (caller, a), (operator, b), (agency, c) = three(media, phone)
    confer(media, a, b, c)
    media.flush()
    await talk(0.4, caller, operator, agency)
    c.close()
    media.flush()
    await talk(0.2, caller, operator)
    caller.heard.clear()
    operator.heard.clear()
    await talk(0.6, caller, operator)
    assert heard_by(caller) == {OPERATOR_HZ}
    assert heard_by(operator) == {CALLER_HZ}
    assert {packet.ssrc for packet, _, _ in operator.heard} == {caller.ssrc}


async def test_one_whom_two_hear_alone_is_relayed_to_both(media: MediaClient, phone: MakePhone) -> None:
    (caller, a), (operator, b), (agency, c) = three(media, phone, "AUA")
    media.hear(b, [a])
    media.hear(c, [a])
    media.flush()
    await talk(0.8, caller, operator, agency)
    assert heard_by(operator) == heard_by(agency) == {CALLER_HZ}
    assert not caller.heard


async def test_who_holds_or_hears_a_prompt_is_still_heard(media: MediaClient, phone: MakePhone) -> None:
    (caller, a), (operator, b), (agency, c) = three(media, phone)
    confer(media, a, b, c)
    a.play("hold", loop=True)
    operator.call(b, send=False)
    media.flush()
    await talk(0.9, caller, operator, agency)
    assert heard_by(agency) == {CALLER_HZ, OPERATOR_HZ}
    assert not operator.heard
    assert not hears(caller.sound(), OPERATOR_HZ, share=0.1)
    assert loudness(caller.sound()) > 500


async def test_silent_conference_is_sent_silence(media: MediaClient, phone: MakePhone) -> None:
    """Packets without a gap: a PBX takes a stream that stops for dead."""
    (caller, a), (_, b), (_, c) = three(media, phone)
    confer(media, a, b, c)
    media.flush()
    await talk(0.6, caller)
    assert len(caller.heard) >= 20
    assert loudness(caller.sound()) <= 8


async def test_keys_pressed_in_a_conference_are_told_but_not_heard_by_others(
    media: MediaClient, phone: MakePhone
) -> None:
    (caller, a), (operator, b), (agency, c) = three(media, phone)
    confer(media, a, b, c)
    media.flush()
    await talk(0.3, caller, operator, agency)
    caller.send(b"\x05\x8a\x01\xe0", 101, marker=True)
    caller.sequence += 1
    assert (await event_of(media, Dtmf, leg=a.id)).digit == "5"
    await talk(0.2, caller, operator, agency)
    assert 101 not in {packet.payload_type for packet, _, _ in operator.heard}


async def test_recording_has_the_caller_left_and_all_whom_the_caller_hears_right(
    phone: MakePhone, tmp_path: Path
) -> None:
    path = tmp_path / "call.wav"
    async with running() as media:
        (caller, a), (operator, b), (agency, c) = three(media, phone)
        media.record(path, a)
        confer(media, a, b, c)
        media.flush()
        await talk(1.0, caller, operator, agency)
        a.close()
    left, right = read_stereo(path)
    assert heard_of(left, CALLER_HZ, OPERATOR_HZ, AGENCY_HZ) == {CALLER_HZ}
    assert heard_of(right, CALLER_HZ, OPERATOR_HZ, AGENCY_HZ) == {OPERATOR_HZ, AGENCY_HZ}


async def test_whisper_is_not_in_the_recording(phone: MakePhone, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    async with running() as media:
        (caller, a), (operator, b), (supervisor, c) = three(media, phone)
        media.record(path, a)
        media.join(a, b)
        media.hear(b, [a, c])
        media.flush()
        await talk(1.0, caller, operator, supervisor)
        a.close()
    _, right = read_stereo(path)
    assert heard_of(right, CALLER_HZ, OPERATOR_HZ, SUPERVISOR_HZ) == {OPERATOR_HZ}


async def test_what_is_settled_while_the_caller_is_on_hold_is_recorded_when_attached(
    phone: MakePhone, tmp_path: Path
) -> None:
    """The operator consults an agency; the caller hears neither. Then the agency leaves; its words stay."""
    path = tmp_path / "call.wav"
    async with running() as media:
        (caller, a), (operator, b), (agency, c) = three(media, phone)
        media.record(path, a)
        media.hear(a, [])
        media.join(b, c)
        media.attach(a, [b, c])
        media.flush()
        await talk(0.8, caller, operator, agency)
        c.close()
        media.flush()
        await event_of(media, Closed, leg=c.id)
        await talk(0.8, caller, operator)
        media.attach(a, [])
        media.flush()
        await talk(0.8, caller, operator)
        a.close()
    left, right = read_stereo(path)
    assert heard_of(left, CALLER_HZ, OPERATOR_HZ, AGENCY_HZ) == {CALLER_HZ}
    assert heard_by(caller) == set()
    first, second, third = (right[n + 1600 : n + 5600] for n in (0, 6400, 12800))
    assert heard_of(first, OPERATOR_HZ, AGENCY_HZ) == {OPERATOR_HZ, AGENCY_HZ}
    assert heard_of(second, OPERATOR_HZ, AGENCY_HZ) == {OPERATOR_HZ}
    assert heard_of(third, OPERATOR_HZ, AGENCY_HZ) == set()


async def test_legs_of_two_workers_cannot_hear_each_other(media: MediaClient) -> None:
    a, b = media.open(), media.open()
    b.worker = 1
    for refused in (media.hear, media.attach):
        with pytest.raises(ValueError, match="on workers 0 and 1"):
            refused(a, [b])
