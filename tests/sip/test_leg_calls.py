"""How calls begin and end, message by message, and every race between the two sides."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest

from ntpd112.sip.agent import UaConfig
from ntpd112.sip.events import Cause, Ended, Failed
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.session_policy import SessionPolicy

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


def test_more_timers_than_t1_scale_with_it() -> None:
    quick = UaConfig(policy=SessionPolicy(session_s=0), t1=0.05, t2=0.4, t4=0.5)
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
