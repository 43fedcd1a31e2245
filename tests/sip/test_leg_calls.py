"""How calls begin and end, message by message, and every race between the two sides."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable

import pytest

from ntpd112.sip.agent import UaConfig
from ntpd112.sip.events import Cause, Ended, Failed, MediaChanged
from ntpd112.sip.message import Request
from ntpd112.sip.parser import parse
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.uac_leg import MAX_FORKS

from .pair import MEDIA_A, MEDIA_B, Pair, name_of

BYE = Cause(0, 16, "done")


def drop_first(*names: str) -> Callable[[bytes], str]:
    """Loses the first message of each of these names."""
    left = list(names)

    def judge(data: bytes) -> str:
        name = name_of(data)
        if name in left:
            left.remove(name)
            return "drop"
        return "pass"

    return judge


def drop_all(*names: str) -> Callable[[bytes], str]:
    return lambda data: "drop" if name_of(data) in names else "pass"


def assert_nothing_left(pair: Pair) -> None:
    pair.settle()
    assert pair.a.leaks == (0, 0, 0)
    assert pair.b.leaks == (0, 0, 0)
    assert pair.b.trunk.calls == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_from_invite_to_bye(transport: str) -> None:
    pair = Pair(transport)
    mine = pair.invite()
    pair.run()
    theirs = pair.b.legs[0]
    theirs.ring(pair.now)
    pair.run()
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    assert pair.take_wire() == ["a INVITE", "b 100 INVITE", "b 180 INVITE", "b 200 INVITE", "a ACK"]
    assert pair.a.story() == ["Progress", "MediaChanged", "Answered"]
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]
    assert mine.remote is not None
    assert theirs.remote is not None
    assert (mine.remote.address, mine.remote.port) == (MEDIA_B.address, MEDIA_B.port)
    assert (theirs.remote.address, theirs.remote.port) == (MEDIA_A.address, MEDIA_A.port)
    assert pair.b.trunk.calls == 1
    mine.hang_up(pair.now, BYE)
    pair.run()
    assert pair.take_wire() == ["a BYE", "b 200 BYE"]
    assert pair.a.events[-1] == Ended(mine, "local", BYE)
    assert pair.b.events[-1] == Ended(theirs, "remote", BYE)
    assert pair.b.trunk.calls == 0
    assert_nothing_left(pair)


def test_the_called_side_can_end_the_call() -> None:
    pair = Pair()
    mine, theirs = pair.call()
    theirs.hang_up(pair.now, Cause(0, 31, "operator left"))
    pair.run()
    assert pair.a.events[-1] == Ended(mine, "remote", Cause(0, 31, "operator left"))
    assert pair.b.events[-1] == Ended(theirs, "local", Cause(0, 31, "operator left"))
    assert_nothing_left(pair)


def test_hanging_up_again_or_too_late_has_no_effect() -> None:
    pair = Pair()
    mine, theirs = pair.call()
    mine.hang_up(pair.now, BYE)
    mine.hang_up(pair.now, BYE)
    pair.run()
    theirs.hang_up(pair.now, BYE)
    theirs.ring(pair.now)
    theirs.answer(pair.now, MEDIA_B)
    theirs.reject(pair.now, 486)
    pair.run()
    assert pair.a.story().count("Ended") == pair.b.story().count("Ended") == 1
    assert_nothing_left(pair)


def test_a_refusal_brings_its_code_and_cause() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].reject(pair.now, 486, {"Retry-After": "5"})
    pair.run()
    assert pair.take_wire() == ["a INVITE", "b 100 INVITE", "b 486 INVITE", "a ACK"]
    assert b"Retry-After: 5\r\n" in next(data for data in pair.sent if b"486" in data[:20])
    assert pair.a.events == [Failed(mine, Cause(486, 17))]
    assert pair.b.events[-1] == Ended(pair.b.legs[0], "local", Cause(486, 17))
    assert_nothing_left(pair)


def test_hanging_up_an_unanswered_inbound_call_refuses_it_with_the_reason() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].hang_up(pair.now, Cause(503, 20, "No operator registered"))
    pair.run()
    assert pair.a.events == [Failed(mine, Cause(503, 20, "No operator registered"))]
    assert_nothing_left(pair)


def test_an_unanswered_inbound_call_is_refused_480_when_the_cause_is_no_refusal() -> None:
    pair = Pair()
    pair.invite()
    pair.run()
    pair.b.legs[0].hang_up(pair.now, BYE)
    pair.run()
    assert "b 480 INVITE" in pair.take_wire()


def test_an_offer_that_our_media_cannot_meet_is_refused_488() -> None:
    pair = Pair()
    mine = pair.invite(local=LocalMedia("192.0.2.1", 4000, ("PCMU",)))
    pair.run()
    pair.b.legs[0].answer(pair.now, LocalMedia("192.0.2.2", 5000, ("PCMA",)))
    pair.run()
    assert isinstance(pair.a.events[-1], Failed)
    assert pair.a.events[-1].cause.sip_code == 488
    assert pair.a.events[-1].leg is mine
    assert pair.b.story() == ["IncomingCall", "Ended"]
    assert_nothing_left(pair)


# --- CANCEL


def test_cancel_while_ringing() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].ring(pair.now)
    pair.run()
    mine.hang_up(pair.now, Cause(200, 26, "Call completed elsewhere"))
    pair.run()
    assert pair.take_wire()[3:] == ["a CANCEL", "b 200 CANCEL", "b 487 INVITE", "a ACK"]
    assert pair.a.events[-1] == Failed(mine, Cause(487, 26, "Call completed elsewhere"))
    assert pair.b.events[-1] == Ended(pair.b.legs[0], "remote", Cause(200, 26, "Call completed elsewhere"))
    assert_nothing_left(pair)


def test_cancel_waits_for_the_first_provisional_response() -> None:
    pair = Pair()
    mine = pair.invite()
    mine.hang_up(pair.now, BYE)
    assert [name_of(one.data) for one in pair.a.ua.core.outgoing] == ["INVITE"]
    pair.run()
    assert pair.take_wire() == [
        "a INVITE",
        "b 100 INVITE",
        "a CANCEL",
        "b 200 CANCEL",
        "b 487 INVITE",
        "a ACK",
    ]
    assert pair.a.story() == ["Failed"]
    assert pair.b.story() == ["IncomingCall", "Ended"]
    assert_nothing_left(pair)


def test_cancel_of_an_invite_that_nobody_answers_ends_with_the_invite() -> None:
    pair = Pair(judge=drop_all("INVITE"))
    mine = pair.invite()
    mine.hang_up(pair.now, BYE)
    pair.pass_time(40)
    assert pair.wire == ["a INVITE!"] * 7
    assert pair.a.events == [Failed(mine, Cause(487, 16, "done"))]
    assert_nothing_left(pair)


def test_cancel_crossing_the_200_becomes_ack_and_bye() -> None:
    pair = Pair(judge=drop_first("200 INVITE"))
    mine = pair.invite()
    pair.run()
    theirs = pair.b.legs[0]
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    mine.hang_up(pair.now, Cause(0, 19, "No answer"))
    pair.run()
    pair.pass_time(5)
    assert pair.take_wire()[2:] == [
        "b 200 INVITE!",
        "a CANCEL",
        "b 200 CANCEL",
        "b 200 INVITE",
        "a ACK",
        "a BYE",
        "b 200 BYE",
    ]
    assert pair.a.story() == ["Failed"]
    assert pair.a.events[0].cause == Cause(487, 19, "No answer")  # type: ignore[union-attr]
    assert pair.b.events[-1] == Ended(theirs, "remote", Cause(0, 19, "No answer"))
    assert_nothing_left(pair)


def test_a_peer_that_ignores_cancel_is_given_up() -> None:
    pair = Pair(judge=drop_all("CANCEL"))
    mine = pair.invite()
    pair.run()
    mine.hang_up(pair.now, BYE)
    pair.pass_time(40)
    failed = pair.a.events[-1]
    assert isinstance(failed, Failed)
    assert failed.cause.sip_code == 408
    assert len(pair.a.ua.core.transactions) == 0


def test_a_lost_cancel_is_repeated() -> None:
    pair = Pair(judge=drop_first("CANCEL", "200 CANCEL", "487 INVITE", "ACK"))
    mine = pair.invite()
    pair.run()
    mine.hang_up(pair.now, BYE)
    pair.pass_time(10)
    assert pair.a.story() == ["Failed"]
    assert pair.b.story() == ["IncomingCall", "Ended"]
    assert_nothing_left(pair)


def test_a_phone_that_rings_for_ever_is_given_up_after_timer_c() -> None:
    pair = Pair()
    pair.invite()
    pair.run()
    pair.pass_time(181)
    failed = pair.a.events[-1]
    assert isinstance(failed, Failed)
    assert failed.cause == Cause(408, 19, "No answer")
    assert_nothing_left(pair)


def test_ringing_is_repeated_every_minute_so_that_no_proxy_gives_up() -> None:
    pair = Pair()
    pair.invite()
    pair.run()
    pair.b.legs[0].ring(pair.now)
    pair.pass_time(600)
    assert pair.take_wire().count("b 180 INVITE") == 11
    assert pair.a.story().count("Failed") == 0


def test_a_caller_may_end_an_unanswered_call_by_bye() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.b.legs[0].ring(pair.now)
    pair.run()
    assert mine.dialog is not None
    mine._request(mine.dialog, "BYE", {}, lambda response, now: None, pair.now)
    pair.run()
    assert pair.take_wire()[-4:] == ["a BYE", "b 200 BYE", "b 487 INVITE", "a ACK"]
    assert pair.b.events[-1] == Ended(pair.b.legs[0], "remote", Cause(487, 16))
    assert_nothing_left(pair)


# --- lost, repeated and crossing messages


@pytest.mark.parametrize(
    "lost", ["INVITE", "100 INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"]
)
def test_a_lost_message_does_not_change_a_call(lost: str) -> None:
    pair = Pair(judge=drop_first(lost))
    mine = pair.invite()
    pair.pass_time(2)
    pair.b.legs[0].ring(pair.now)
    pair.run()
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    pair.pass_time(3)
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]
    mine.hang_up(pair.now, BYE)
    pair.pass_time(3)
    assert pair.a.story()[-3:] == ["MediaChanged", "Answered", "Ended"]
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established", "Ended"]
    assert_nothing_left(pair)


def test_every_message_twice_is_as_once() -> None:
    pair = Pair(judge=lambda data: "twice")
    mine, _ = pair.call()
    mine.hang_up(pair.now, BYE)
    pair.pass_time(1)
    assert pair.a.story() == ["MediaChanged", "Answered", "Ended"]
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established", "Ended"]
    assert_nothing_left(pair)


def test_a_200_without_ack_is_repeated_and_ends_in_bye() -> None:
    pair = Pair(judge=drop_all("ACK"))
    pair.call()
    pair.pass_time(31.8)
    # At 0, T1, then doubled up to T2 (RFC 3261 §13.3.1.4).
    assert pair.wire.count("b 200 INVITE") == 11
    pair.pass_time(2)
    assert pair.wire[-2:] == ["b BYE", "a 200 BYE"]
    assert pair.b.events[-1] == Ended(pair.b.legs[0], "lost", Cause(408, 102, "No ACK"))
    assert pair.a.story()[-1] == "Ended"
    assert_nothing_left(pair)


def test_hanging_up_before_the_ack_sends_bye_when_it_comes() -> None:
    pair = Pair(judge=drop_first("ACK"))
    pair.invite()
    pair.run()
    theirs = pair.b.legs[0]
    theirs.answer(pair.now, MEDIA_B)
    theirs.hang_up(pair.now, BYE)
    pair.run()
    assert "b BYE" not in pair.wire
    assert pair.b.events[-1] == Ended(theirs, "local", BYE)
    pair.pass_time(2)
    assert pair.wire[-4:] == ["b 200 INVITE", "a ACK", "b BYE", "a 200 BYE"]
    assert_nothing_left(pair)


def test_hanging_up_without_any_ack_sends_bye_in_the_end() -> None:
    pair = Pair(judge=drop_all("ACK"))
    pair.invite()
    pair.run()
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    pair.b.legs[0].hang_up(pair.now, BYE)
    pair.pass_time(33)
    assert pair.wire[-2:] == ["b BYE", "a 200 BYE"]
    assert_nothing_left(pair)


def test_bye_crossing_bye() -> None:
    pair = Pair()
    mine, theirs = pair.call()
    pair.take_wire()
    mine.hang_up(pair.now, BYE)
    theirs.hang_up(pair.now, BYE)
    pair.run()
    assert sorted(pair.take_wire()) == ["a 200 BYE", "a BYE", "b 200 BYE", "b BYE"]
    assert pair.a.events[-1] == Ended(mine, "local", BYE)
    assert pair.b.events[-1] == Ended(theirs, "local", BYE)
    assert_nothing_left(pair)


def test_an_invite_that_nobody_answers_fails_with_408() -> None:
    pair = Pair(judge=drop_all("INVITE"))
    mine = pair.invite()
    pair.pass_time(33)
    assert pair.a.events == [Failed(mine, Cause(408, 102))]
    assert_nothing_left(pair)


def test_an_invite_over_a_connection_that_cannot_be_made_fails_with_503() -> None:
    pair = Pair("tcp")
    mine = pair.invite()
    pair.a.ua.outgoing()
    pair.a.ua.flow_closed(pair.flow_a, pair.now)
    pair.run()
    assert pair.a.events == [Failed(mine, Cause(503, 41))]
    assert_nothing_left(pair)


def test_a_datagram_that_cannot_be_sent_fails_its_request() -> None:
    pair = Pair()
    mine = pair.invite()
    (invite,) = pair.a.ua.outgoing()
    pair.a.ua.send_failed(invite, pair.now)
    pair.run()
    assert pair.a.events == [Failed(mine, Cause(503, 41))]
    assert_nothing_left(pair)


def test_a_peer_without_answer_to_bye_leaves_nothing_behind() -> None:
    pair = Pair(judge=drop_all("BYE"))
    mine, _ = pair.call()
    mine.hang_up(pair.now, BYE)
    pair.pass_time(40)
    assert pair.a.leaks == (0, 0, 0)


# --- forking


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


def test_more_timers_than_t1_scale_with_it() -> None:
    quick = UaConfig(session_expires=0, t1=0.05, t2=0.4, t4=0.5)
    pair = Pair(a=quick, b=quick, judge=drop_all("INVITE"))
    pair.invite()
    pair.pass_time(3.3)
    assert pair.a.story() == ["Failed"]


def test_an_ended_call_leaves_no_cycle_of_objects_to_the_collector() -> None:
    pair = Pair()
    gc.collect()
    gc.disable()
    try:
        mine, theirs = pair.call()
        mine.hang_up(pair.now, BYE)
        pair.run()
        pair.settle()
        legs = [weakref.ref(mine), weakref.ref(theirs)]
        del mine, theirs
        for side in (pair.a, pair.b):
            side.events.clear()
            side.legs.clear()
        assert [leg() for leg in legs] == [None, None]
    finally:
        gc.enable()
