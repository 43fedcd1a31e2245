"""Several phones behind one address: the first answer counts, every other is ended."""

from __future__ import annotations

import re

from ntpd112.sip.events import Failed, MediaChanged
from ntpd112.sip.message import Request
from ntpd112.sip.parser import parse
from ntpd112.sip.uac_leg import MAX_FORKS

from .pair import MEDIA_B, Pair, name_of


def other_phone(data: bytes, number: int) -> bytes:
    """The 200 of another phone behind the same address."""
    text = data.decode()
    text = re.sub(r"(To: [^\r]*;tag=)[^;\r]+", rf"\1fork{number}", text)
    return text.replace("Contact: <sip:ntpd112@", f"Contact: <sip:fork{number}@").encode()


def test_later_answers_of_other_phones_are_acknowledged_and_ended() -> None:
    pair = Pair()
    mine, _ = pair.call()
    accepted = next(data for data in pair.sent if name_of(data) == "200 INVITE")
    pair.take_wire()
    for _ in range(2):
        pair.a.ua.receive(other_phone(accepted, 1), pair.flow_a, pair.now)
    out = [parse(one.data) for one in pair.a.ua.outgoing()]
    requests = [m for m in out if isinstance(m, Request)]
    assert [(m.method, m.uri) for m in requests] == [
        ("ACK", "sip:fork1@192.0.2.2:5060"),
        ("BYE", "sip:fork1@192.0.2.2:5060"),
        ("ACK", "sip:fork1@192.0.2.2:5060"),
    ]
    assert mine.state == "established"
    assert pair.a.story() == ["MediaChanged", "Answered"]


def test_answers_of_more_phones_than_are_kept_apart_are_still_ended() -> None:
    pair = Pair()
    pair.call()
    accepted = next(data for data in pair.sent if name_of(data) == "200 INVITE")
    for number in range(MAX_FORKS + 3):
        pair.a.ua.receive(other_phone(accepted, number), pair.flow_a, pair.now)
        assert [name_of(one.data) for one in pair.a.ua.outgoing()] == ["ACK", "BYE"]


def test_the_phone_that_answers_gives_the_media_not_the_one_that_only_rang() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].progress(pair.now, MEDIA_B)
    pair.run()
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    (accepted,) = pair.b.ua.outgoing()
    pair.b.ua.events()
    other = other_phone(accepted.data, 1)
    body = (
        b"v=0\r\no=- 9 9 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n"
    )
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), other.partition(b"\r\n\r\n")[0])
    pair.a.ua.receive(head + b"\r\nContent-Type: application/sdp\r\n\r\n" + body, pair.flow_a, pair.now)
    pair.a.gather()
    assert mine.remote is not None
    assert (mine.remote.address, mine.remote.port) == ("192.0.2.9", 9000)
    changes = [event.remote.port for event in pair.a.events if isinstance(event, MediaChanged)]
    assert changes == [5000, 9000]
    assert pair.a.story()[-1] == "Answered"


def test_an_answer_without_usable_media_is_ended_and_fails() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    (accepted,) = pair.b.ua.outgoing()
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: 0", accepted.data.partition(b"\r\n\r\n")[0])
    pair.a.ua.receive(head + b"\r\n\r\n", pair.flow_a, pair.now)
    assert [name_of(one.data) for one in pair.a.ua.outgoing()] == ["ACK", "BYE"]
    pair.a.gather()
    failed = pair.a.events[-1]
    assert isinstance(failed, Failed)
    assert failed.leg is mine
    assert failed.cause.sip_code == 488
