"""CANCEL in every race, and calls that nobody takes."""

from __future__ import annotations

from ntpd112.sip.events import Cause, Ended, Failed

from .pair import MEDIA_B, Pair, name_of
from .test_leg_calls import BYE, assert_nothing_left, drop_all, drop_first


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
