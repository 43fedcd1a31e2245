"""Legs with SRTP through the real worker: heard, mixed, recorded and learned as plain ones,
by who has the keys."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pylibsrtp import Policy, Session
from tests.srtp import Book
from tests.tones import hears, read_stereo

from ntpd112.media import (
    Closed,
    Dtmf,
    Learned,
    MediaClient,
    MediaLeg,
    Replayed,
    Secured,
    Unauthentic,
    rtcp,
    rtp,
)
from ntpd112.media.inspection import UNAUTHENTIC_PACKETS
from ntpd112.media.protocol import Suite
from ntpd112.media.reception import Block

from .conftest import MakePhone
from .phone import LOOPBACK, Phone, event_of, obeyed, running, talk
from .test_conference import heard_of

CALLER_HZ, OPERATOR_HZ, STRANGER_HZ = 440.0, 1000.0, 1900.0


def keys(suite: Suite = "AES_CM_128_HMAC_SHA1_80") -> Secured:
    return Secured(suite, secrets.token_bytes(30), secrets.token_bytes(30))


def together(media: MediaClient, phones: Sequence[Phone]) -> list[MediaLeg]:
    """Each hears all others."""
    legs: list[MediaLeg] = []
    for one in phones:
        legs.append(media.open(beside=legs[0] if legs else None))
        one.call(legs[-1])
    for leg in legs:
        media.hear(leg, legs)
    media.flush()
    return legs


@pytest.mark.parametrize("suite", ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"])
@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
async def test_a_secured_and_a_plain_phone_hear_each_other(
    media: MediaClient, phone: MakePhone, suite: Suite, law: str
) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", law, OPERATOR_HZ)
    operator.secured = keys(suite)
    together(media, [caller, operator])
    await talk(0.8, caller, operator)
    assert hears(caller.sound(), OPERATOR_HZ, share=0.9)
    assert hears(operator.sound(), CALLER_HZ, share=0.9)
    assert operator.unreadable == 0


async def test_what_goes_to_a_secured_phone_cannot_be_heard_on_the_way(
    media: MediaClient, phone: MakePhone
) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3")
    secured = keys()
    operator.secured = secured
    together(media, [caller, operator])
    await talk(0.3, caller)
    operator.secured = None
    operator.listen()  # as who listens in does
    seen = [(head, payload) for head, payload, _ in operator.heard]
    assert len(seen) > 10
    frames = {next(caller._frames) for _ in range(50)}
    assert not any(payload[:160] in frames for _, payload in seen)
    assert {len(payload) for _, payload in seen} == {170}


async def test_two_secured_phones_and_a_plain_one_hear_the_sum_of_the_others(
    media: MediaClient, phone: MakePhone
) -> None:
    first, second, third = (phone(f"127.0.0.{n}", hz=400.0 * n) for n in (2, 3, 4))
    first.secured, second.secured = keys(), keys()
    together(media, [first, second, third])
    await talk(1.0, first, second, third)
    heard = [heard_of(one.sound(0.5), 800, 1200, 1600) for one in (first, second, third)]
    assert heard == [{1200, 1600}, {800, 1600}, {800, 1200}]


async def test_prompt_voice_and_prompt_are_one_stream(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    caller.secured = keys()
    a, _ = together(media, [caller, operator])
    for _ in range(2):
        a.play("ringback", loop=True)
        media.flush()
        await talk(0.3, caller, operator)
        a.stop_playing()
        media.flush()
        await talk(0.3, caller, operator)
    heads = [head for head, _, _ in caller.heard]
    assert len({head.ssrc for head in heads}) == 1
    numbers = [(head.sequence - heads[0].sequence) & 0xFFFF for head in heads]
    assert numbers == list(range(len(numbers)))
    assert hears(caller.sound(0.2), OPERATOR_HZ, share=0.9)


async def test_a_recording_has_both_sides_in_the_clear(phone: MakePhone, tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    async with running() as media:
        caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
        caller.secured, operator.secured = keys(), keys()
        a, _ = together(media, [caller, operator])
        media.record(file, a)
        media.flush()
        await talk(1.0, caller, operator)
    left, right = read_stereo(file)
    assert hears(left, CALLER_HZ, share=0.8)
    assert hears(right, OPERATOR_HZ, share=0.8)


async def test_keys_pressed_are_told_and_passed_on(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2"), phone("127.0.0.3")
    caller.secured, operator.secured = keys(), keys()
    a, _ = together(media, [caller, operator])
    await talk(0.2, caller, operator)
    for duration, end in ((160, 0), (320, 0), (480, 1), (480, 1)):
        caller.send(bytes([5, end << 7 | 10]) + duration.to_bytes(2, "big"), 101)
        caller.sequence += 1
    assert await event_of(media, Dtmf, leg=a.id) == Dtmf(a.id, "5", 60)
    operator.listen()
    assert [p[0] for head, p, _ in operator.heard if head.payload_type == 101] == [5, 5, 5, 5]


class TestWhoHasNoKey:
    async def test_is_not_learned_however_long_it_sends(self, media: MediaClient, phone: MakePhone) -> None:
        """The signalled address is dead; of two that send, one has the key."""
        caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
        stranger = phone("127.0.0.9", hz=STRANGER_HZ)
        caller.secured, stranger.secured = keys(), keys()
        a, _ = together(media, [caller, operator])
        a.remote("192.0.2.99", 4000, 4001, "PCMA", 8, 101, True, caller.secured)
        media.flush()
        stranger.to = caller.to
        await talk(0.4, stranger, operator)
        await talk(0.6, caller, stranger, operator)
        learned = await event_of(media, Learned, leg=a.id)
        assert (learned.host, learned.port) == (caller.host, caller.port)
        assert not stranger.heard
        assert hears(operator.sound(0.4), CALLER_HZ, share=0.9)

    async def test_is_told_once_and_counted(self, media: MediaClient, phone: MakePhone) -> None:
        """Plain RTP from the very address that was to send SRTP."""
        caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3")
        caller.secured = keys()
        a, _ = together(media, [caller, operator])
        caller.secured = None
        await talk(2.5, caller)
        a.close()
        media.flush()
        told, closed = [], None
        while closed is None:
            await talk(0.1)
            for event in media.events():
                told += [event] if isinstance(event, Unauthentic) else []
                closed = event if isinstance(event, Closed) and event.leg == a.id else closed
        assert [one.leg for one in told] == [a.id]
        assert told[0].packets >= UNAUTHENTIC_PACKETS
        assert (closed.quality.packets, operator.heard) == (0, [])
        assert closed.quality.unauthentic > 100
        assert media.figures.unauthentic == closed.quality.unauthentic


async def test_new_keys_in_mid_call_are_used_both_ways(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    caller.secured = keys()
    a, _ = together(media, [caller, operator])
    await talk(0.4, caller, operator)
    caller.listen()
    caller.secured = keys()
    caller.call(a)
    media.flush()
    await obeyed(media)
    await talk(0.6, caller, operator)
    assert hears(caller.sound(0.4), OPERATOR_HZ, share=0.9)
    assert hears(operator.sound(0.4), CALLER_HZ, share=0.9)


async def test_a_leg_can_become_secured_and_plain_again(media: MediaClient, phone: MakePhone) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
    a, _ = together(media, [caller, operator])
    for secured in (None, keys(), None):
        await talk(0.2, operator)
        caller.listen()
        caller.secured = secured
        caller.call(a)
        media.flush()
        await obeyed(media)
        await talk(0.5, caller, operator)
        assert hears(caller.sound(0.3), OPERATOR_HZ, share=0.9)
        assert hears(operator.sound(0.3), CALLER_HZ, share=0.9)


async def test_reports_are_secured_and_are_about_the_stream_that_is_heard(phone: MakePhone) -> None:
    async with running(replace(LOOPBACK, rtcp_interval_s=0.2)) as media:
        caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3", hz=OPERATOR_HZ)
        caller.secured = secured = keys()
        a, _ = together(media, [caller, operator])
        await talk(2.5, caller, operator)
        data = caller.rtcp.recv(2000)
        heard = Session(Policy(key=secured.ours, ssrc_type=Policy.SSRC_ANY_INBOUND))
        plain = heard.unprotect_rtcp(data)
        reports = rtcp.parse(plain)
        assert reports is not None
        assert plain[1] == rtcp.SENDER_REPORT
        assert int.from_bytes(plain[4:8], "big") == caller.heard[0][0].ssrc
        assert [block.ssrc for block in reports.blocks] == [caller.ssrc]

        says = Session(Policy(key=secured.theirs, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        block = Block(caller.heard[0][0].ssrc, 10, 3, 500, 40)
        assert caller.to is not None
        answer = says.protect_rtcp(rtcp.write_report(caller.ssrc, None, block, "phone"))
        caller.rtcp.sendto(answer, (caller.to[0], caller.to[1] + 1))
        await obeyed(media)
        a.close()
        media.flush()
        assert (await event_of(media, Closed, leg=a.id)).quality.remote_lost == 3


async def test_a_packet_of_before_is_not_heard_again_and_that_many_came_is_told(
    media: MediaClient, phone: MakePhone
) -> None:
    caller, operator = phone("127.0.0.2", hz=CALLER_HZ), phone("127.0.0.3")
    caller.secured = secured = keys()
    a, _ = together(media, [caller, operator])
    await talk(0.3, caller)
    operator.listen()
    heard = len(operator.heard)
    sent = Book(secured.theirs)
    assert caller.to is not None
    for _ in range(40):
        # A few at a time: sockets hold 0.4 s of packets.
        for back in random.sample(range(1, 10), 5):
            head = rtp_of(caller, back)
            caller.sock.sendto(sent.protect(head + bytes(160)), caller.to)
        await asyncio.sleep(0.02)
    await event_of(media, Replayed, leg=a.id)
    operator.listen()
    assert len(operator.heard) == heard
    a.close()
    media.flush()
    assert (await event_of(media, Closed, leg=a.id)).quality.unauthentic == 0


def rtp_of(phone: Phone, back: int) -> bytes:
    """The header of what the phone sent so many packets ago."""
    return rtp.header(8, phone.sequence - back, phone.timestamp - 160 * back, phone.ssrc)
