"""What one end says the other hears: relay, learning, hold, key presses, figures; through the real worker."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from tests.tones import hears, loudness

from ntpd112.media import AudioBack, Closed, Dtmf, Learned, MediaClient, MediaLeg, NoAudio, rtcp
from ntpd112.media.g711 import LAW_OF_PAYLOAD_TYPE
from ntpd112.media.learning import PROBATION_PACKETS
from ntpd112.media.reception import Block

from .conftest import MakePhone
from .phone import LOOPBACK, Phone, event_of, obeyed, running, talk

CALLER_HZ, OPERATOR_HZ, STRANGER_HZ = 440.0, 1000.0, 1900.0


def connect(media: MediaClient, caller: Phone, operator: Phone) -> tuple[MediaLeg, MediaLeg]:
    a = media.open()
    b = media.open(beside=a)
    caller.call(a)
    operator.call(b)
    media.join(a, b)
    media.flush()
    return a, b


async def close(media: MediaClient, leg: MediaLeg) -> Closed:
    leg.close()
    media.flush()
    return await event_of(media, Closed, leg=leg.id)


@pytest.mark.parametrize("laws", [("PCMA", "PCMA"), ("PCMA", "PCMU"), ("PCMU", "PCMA"), ("PCMU", "PCMU")])
async def test_each_hears_the_other_in_its_own_law(
    media: MediaClient, phone: MakePhone, laws: tuple[str, str]
) -> None:
    caller = phone("127.0.0.2", laws[0], CALLER_HZ)
    operator = phone("127.0.0.3", laws[1], OPERATOR_HZ)
    connect(media, caller, operator)
    await talk(0.8, caller, operator)
    for listener, hz in ((caller, OPERATOR_HZ), (operator, CALLER_HZ)):
        assert {LAW_OF_PAYLOAD_TYPE[p.payload_type] for p, _, _ in listener.heard} == {listener.law}
        assert hears(listener.sound(), hz, share=0.9)


async def test_same_law_is_relayed_untouched(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3")
    connect(media, caller, operator)
    first = caller.sequence
    await talk(0.5, caller, operator)
    headers = [packet for packet, _, _ in operator.heard]
    assert {packet.ssrc for packet in headers} == {caller.ssrc}
    numbers = [(packet.sequence - first) & 0xFFFF for packet in headers]
    assert numbers == sorted(numbers)
    assert len(numbers) >= 20
    assert headers[0].marker
    assert not any(packet.marker for packet in headers[1:])


async def test_ipv6_and_ipv4_ends_hear_each_other(phone: MakePhone) -> None:
    async with running(replace(LOOPBACK, bind={4: "127.0.0.1", 6: "::1"})) as media:
        caller, operator = phone("::1", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
        a = media.open(family=6)
        b = media.open(beside=a)
        caller.call(a)
        operator.call(b)
        media.join(a, b)
        media.flush()
        await talk(0.6, caller, operator)
        assert hears(caller.sound(), OPERATOR_HZ, share=0.9)
        assert hears(operator.sound(), CALLER_HZ, share=0.9)


async def test_peer_behind_a_nat_is_learned_and_then_nobody_else_is_heard(
    media: MediaClient, phone: MakePhone
) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    a, _ = connect(media, caller, operator)
    a.remote("192.0.2.99", 4000, 4001, "PCMA", 8, 101, True)
    media.flush()
    await talk(0.5, caller, operator)
    learned = await event_of(media, Learned, leg=a.id)
    assert learned == Learned(a.id, caller.host, caller.port, instead_of="192.0.2.99:4000")
    stranger = phone("127.0.0.9", hz=STRANGER_HZ)
    stranger.to = caller.to
    operator.heard.clear()
    await talk(0.5, caller, operator, stranger)
    assert hears(caller.sound(0.4), OPERATOR_HZ, share=0.9)
    assert hears(operator.sound(), CALLER_HZ, share=0.9)
    assert not stranger.heard
    assert {packet.ssrc for packet, _, _ in operator.heard} == {caller.ssrc}
    closed = await close(media, a)
    assert closed.quality.dropped >= 20 + PROBATION_PACKETS - 1


async def test_nothing_is_sent_back_to_who_was_not_signalled(media: MediaClient, phone: MakePhone) -> None:
    stranger = phone("127.0.0.9", hz=STRANGER_HZ)
    leg = media.open()
    leg.play("ringback", loop=True)
    media.flush()
    stranger.to = ("127.0.0.1", leg.port)
    await talk(0.4, stranger)
    assert not stranger.heard


async def test_new_address_after_a_re_invite_is_learned_anew(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    a, _ = connect(media, caller, operator)
    await talk(0.2, caller, operator)
    moved = phone("127.0.0.4", hz=STRANGER_HZ)
    moved.call(a)
    media.flush()
    await talk(0.6, operator, moved)
    assert hears(moved.sound(), OPERATOR_HZ, share=0.9)
    assert hears(operator.sound(0.4), STRANGER_HZ, share=0.9)


async def test_held_peer_is_sent_nothing_until_resumed(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    a, b = connect(media, caller, operator)
    await talk(0.3, caller, operator)
    operator.call(b, send=False)
    a.play("hold", loop=True)
    media.flush()
    await talk(0.2, caller, operator)
    caller.heard.clear()
    operator.heard.clear()
    await talk(0.6, caller, operator)
    assert not operator.heard
    assert not hears(caller.sound(), OPERATOR_HZ, share=0.1)
    assert loudness(caller.sound()) > 500
    operator.call(b)
    a.stop_playing()
    media.flush()
    await talk(0.6, caller, operator)
    assert hears(operator.sound(), CALLER_HZ, share=0.8)
    assert hears(caller.sound(0.4), OPERATOR_HZ, share=0.9)


async def test_key_presses_are_told_and_relayed_with_the_peers_payload_type(
    media: MediaClient, phone: MakePhone
) -> None:
    caller, operator = phone("127.0.0.2"), phone("127.0.0.3")
    _, b = connect(media, caller, operator)
    operator.call(b, dtmf=96)
    media.flush()
    await talk(0.2, caller, operator)
    start = caller.timestamp
    for n, payload in enumerate(
        [b"\x05\x0a\x00\xa0", b"\x05\x0a\x01\x40", b"\x05\x8a\x01\xe0", b"\x05\x8a\x01\xe0"]
    ):
        caller.timestamp = start
        caller.send(payload, 101, marker=n == 0)
        caller.sequence += 1
        await asyncio.sleep(0.01)
    assert await event_of(media, Dtmf) == Dtmf(1, "5", 60)
    await talk(0.1, caller, operator)
    events = [
        (p.marker, payload[0], payload[1] >= 0x80) for p, payload, _ in operator.heard if p.payload_type == 96
    ]
    assert events == [(True, 5, False), (False, 5, False), (False, 5, True), (False, 5, True)]
    assert not any(isinstance(event, Dtmf) for event in media.events())


async def test_garbage_is_dropped_counted_and_hurts_nobody(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    a, _ = connect(media, caller, operator)
    await talk(0.2, caller, operator)
    generator = random.Random(112)
    garbage = [b"", b"\x80", bytes(11), bytes(1400), b"\x9f\x08" + bytes(20), b"\x80\x7f" + bytes(170)]
    garbage += [generator.randbytes(generator.randrange(200)) for _ in range(200)]
    assert caller.to is not None
    operator.heard.clear()
    for n in range(0, len(garbage), 5):  # a few at a time: the worker's socket holds about twenty packets
        for data in garbage[n : n + 5]:
            caller.sock.sendto(data, caller.to)
            caller.rtcp.sendto(data, (caller.to[0], caller.to[1] + 1))
        await talk(0.02, caller, operator)
    assert hears(operator.sound(), CALLER_HZ, share=0.6)
    assert (await close(media, a)).quality.dropped >= 100


async def test_known_loss_is_measured(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3")
    a, _ = connect(media, caller, operator)
    await obeyed(media)
    for burst in range(5):
        caller.talking = True
        await talk(0.2, caller, operator)
        caller.talking = False
        await talk(0.06 if burst < 4 else 0.0, caller, operator)
    quality = (await close(media, a)).quality
    assert (quality.packets, quality.lost) == (50, 12)


async def test_reports_go_out_and_the_peers_are_read(phone: MakePhone) -> None:
    async with running(replace(LOOPBACK, rtcp_interval_s=0.2)) as media:
        caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
        a, _ = connect(media, caller, operator)
        assert caller.to is not None
        await talk(0.2, caller, operator)
        answer = rtcp.write_report(caller.ssrc, None, Block(operator.ssrc, 10, 3, 500, 40), "phone")
        caller.rtcp.sendto(answer, (caller.to[0], caller.to[1] + 1))
        await talk(2.2, caller, operator)
        data = caller.rtcp.recv(2000)
        reports = rtcp.parse(data)
        assert reports is not None
        assert data[1] == rtcp.SENDER_REPORT
        assert int.from_bytes(data[4:8], "big") == operator.ssrc
        assert reports.blocks[0].ssrc == caller.ssrc
        assert reports.blocks[0].lost == 0
        quality = (await close(media, a)).quality
        assert (quality.remote_lost, quality.remote_jitter_ms) == (3, 5.0)


async def test_silence_is_told_once_and_so_is_its_end(phone: MakePhone) -> None:
    async with running(replace(LOOPBACK, no_audio_s=0.5)) as media:
        caller, operator = phone("127.0.0.2"), phone("127.0.0.3")
        a, b = connect(media, caller, operator)
        operator.call(b, send=False)
        media.flush()
        await talk(1.2, caller, operator)
        caller.talking = operator.talking = False
        await talk(3.2, caller, operator)
        told = [event for event in media.events() if isinstance(event, NoAudio | AudioBack)]
        assert [type(event) for event in told] == [NoAudio]
        assert isinstance(told[0], NoAudio)
        assert told[0].leg == a.id
        assert told[0].seconds >= 0.5
        assert not told[0].never
        caller.talking = True
        await talk(1.2, caller, operator)
        assert await event_of(media, AudioBack) == AudioBack(a.id)


async def test_phone_that_has_never_sent_anything_is_told_apart(phone: MakePhone) -> None:
    async with running(replace(LOOPBACK, no_audio_s=0.5)) as media:
        caller = phone()
        leg = media.open()
        caller.call(leg)
        media.flush()
        assert (await event_of(media, NoAudio, leg=leg.id)).never


async def test_who_talks_to_a_muted_phone_still_gets_packets(media: MediaClient, phone: MakePhone) -> None:
    """Without any a PBX would end the call after its rtp_timeout."""
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3")
    connect(media, caller, operator)
    await talk(4.5, caller)
    assert 2 <= len(caller.heard) <= 5
    assert loudness(caller.sound()) <= 8  # the quietest that A-law has
    operator.say(OPERATOR_HZ)
    await talk(0.6, caller, operator)
    assert hears(caller.sound(0.4), OPERATOR_HZ, share=0.9)


def looks_older(sequence: int, than: int) -> bool:
    """Serial number arithmetic, as a phone's jitter buffer does it (RFC 1982)."""
    return 0 < (than - sequence) & 0xFFFF < 0x8000


@pytest.mark.parametrize("start", [5, 30_000, 40_000, 65_530])
async def test_numbers_rise_whatever_follows_what_so_that_no_phone_takes_sound_for_late(
    media: MediaClient, phone: MakePhone, start: int
) -> None:
    """A prompt, a colleague, a hold prompt, another colleague, a conference of all, the first one again."""
    caller, first, second = phone("127.0.0.2"), phone("127.0.0.3"), phone("127.0.0.4")
    first.sequence, second.sequence = start, start + 32_700 & 0xFFFF
    a = media.open()
    b, c = media.open(beside=a), media.open(beside=a)
    for one, leg in ((caller, a), (first, b), (second, c)):
        one.call(leg)
    heard: list[list[MediaLeg]] = [[], [b], [], [c], [b, c], [b]]
    for sources in heard:
        if not sources:
            a.play("ringback", loop=True)
        else:
            a.stop_playing()
        media.hear(a, sources)
        media.flush()
        await talk(0.2, caller, first, second)
    numbers = [packet.sequence for packet, _, _ in caller.heard]
    assert len({packet.ssrc for packet, _, _ in caller.heard}) == 3
    assert len(numbers) > 40
    older = [pair for pair in zip(numbers[1:], numbers, strict=False) if looks_older(*pair)]
    assert older == []


async def test_keys_and_a_changed_address_follow_the_numbers_too(
    media: MediaClient, phone: MakePhone
) -> None:
    caller, operator = phone("127.0.0.2"), phone("127.0.0.3")
    operator.sequence = 40_000
    a = media.open()
    b = media.open(beside=a)
    caller.call(a)
    operator.call(b)
    a.play("ringback", loop=True)
    media.flush()
    await talk(0.2, caller, operator)
    a.stop_playing()
    media.join(a, b)
    media.flush()
    await talk(0.2, caller, operator)
    operator.send(b"\x05\x8a\x03\x20", 101)
    await talk(0.1, caller, operator)
    caller.call(a)
    media.flush()
    await talk(0.2, caller, operator)
    numbers = [packet.sequence for packet, _, _ in caller.heard]
    assert 101 in {packet.payload_type for packet, _, _ in caller.heard}
    assert not [pair for pair in zip(numbers[1:], numbers, strict=False) if looks_older(*pair)]
