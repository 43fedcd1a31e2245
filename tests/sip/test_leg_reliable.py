"""Reliable provisional responses and PRACK (RFC 3262), as the called and as the calling side."""

from __future__ import annotations

import re

import pytest

from ntpd112.sip.agent import UaConfig
from ntpd112.sip.events import Cause, Ended, MediaChanged
from ntpd112.sip.leg import Leg
from ntpd112.sip.repeats import MAX_WAITING
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.uac_leg import OutboundLeg

from .pair import MEDIA_B, Pair, name_of
from .test_leg_calls import BYE, assert_nothing_left, drop_all, drop_first
from .test_leg_modify import G729, late_offer, offer, replace_body

REQUIRE = {"Require": "100rel"}


def ringing(pair: Pair, headers: dict[str, str] | None = REQUIRE) -> tuple[Leg, Leg]:
    mine = pair.invite(headers)
    pair.run()
    theirs = pair.b.legs[0]
    theirs.ring(pair.now)
    pair.run()
    return mine, theirs


def prack_with(pair: Pair, body: bytes) -> None:
    """The PRACK that was dropped comes after all, with this body."""
    prack = next(data for data in pair.sent if name_of(data) == "PRACK")
    head = prack.partition(b"\r\n\r\n")[0].replace(b"Content-Length: 0", b"Content-Length: %d" % len(body))
    pair.b.ua.receive(head + b"\r\nContent-Type: application/sdp\r\n\r\n" + body, pair.flow_b, pair.now)


def test_who_requires_it_gets_every_provisional_response_reliably() -> None:
    pair = Pair()
    _, theirs = ringing(pair)
    assert pair.take_wire() == ["a INVITE", "b 100 INVITE", "b 180 INVITE", "a PRACK", "b 200 PRACK"]
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    assert pair.take_wire() == ["b 200 INVITE", "a ACK"]
    assert pair.a.story() == ["Progress", "MediaChanged", "Answered"]
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]


def test_who_supports_it_gets_early_media_reliably_but_not_ringing() -> None:
    pair = Pair()
    _, theirs = ringing(pair, None)
    assert "a PRACK" not in pair.wire
    theirs.progress(pair.now, MEDIA_B)
    pair.run()
    assert pair.take_wire()[-3:] == ["b 183 INVITE", "a PRACK", "b 200 PRACK"]
    theirs.answer(pair.now, MEDIA_B)
    (accepted,) = pair.b.ua.outgoing()
    assert b"m=audio" not in accepted.data
    pair.a.ua.receive(accepted.data, pair.flow_a, pair.now)
    pair.run()
    assert pair.a.story() == ["Progress", "MediaChanged", "Progress", "Answered"]
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]


def test_a_preview_sent_unreliably_is_repeated_in_the_200() -> None:
    pair = Pair(b=UaConfig(policy=SessionPolicy(session_s=0, reliable="off")))
    _, theirs = ringing(pair, None)
    theirs.progress(pair.now, MEDIA_B)
    pair.run()
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    assert "a PRACK" not in pair.wire
    bodies = [data.partition(b"\r\n\r\n")[2] for data in pair.sent if name_of(data)[:3] in ("183", "200")]
    assert bodies[0] == bodies[1] != b""
    assert [type(event) for event in pair.a.events].count(MediaChanged) == 1


@pytest.mark.parametrize("lost", ["180 INVITE", "PRACK", "200 PRACK"])
def test_a_lost_message_is_made_good(lost: str) -> None:
    pair = Pair(judge=drop_first(lost))
    mine, theirs = ringing(pair)
    pair.pass_time(3)
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    mine.hang_up(pair.now, BYE)
    pair.run()
    assert pair.a.story() == ["Progress", "MediaChanged", "Answered", "Ended"]
    assert_nothing_left(pair)


def test_a_200_waits_for_the_prack_of_a_description() -> None:
    pair = Pair(judge=drop_first("PRACK"))
    pair.invite()
    pair.run()
    theirs = pair.b.legs[0]
    theirs.progress(pair.now, MEDIA_B)
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    assert "b 200 INVITE" not in pair.wire
    pair.pass_time(1)
    assert pair.wire[-2:] == ["b 200 INVITE", "a ACK"]
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]


def test_provisional_responses_go_out_one_after_the_other() -> None:
    pair = Pair()
    pair.invite(REQUIRE)
    pair.run()
    for _ in range(MAX_WAITING + 5):
        pair.b.legs[0].ring(pair.now)
    pair.run()
    numbers = [int(n) for data in pair.sent for n in re.findall(rb"RSeq: (\d+)", data)]
    assert numbers == list(range(1, MAX_WAITING + 2))


def test_no_prack_at_all_refuses_the_call() -> None:
    pair = Pair(judge=drop_all("PRACK"))
    mine, theirs = ringing(pair)
    pair.pass_time(33)
    assert pair.b.events[-1] == Ended(theirs, "lost", Cause(504, 102, "No PRACK"))
    assert mine.state == "ended"
    assert_nothing_left(pair)


def test_no_prack_at_all_still_answers_who_was_picked_up_for() -> None:
    pair = Pair(judge=drop_all("PRACK"))
    pair.invite(REQUIRE)
    pair.run()
    pair.b.legs[0].progress(pair.now, MEDIA_B)
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    pair.pass_time(33)
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]


def test_a_prack_for_nothing_gets_481() -> None:
    pair = Pair()
    mine, _ = ringing(pair)
    assert mine.dialog is not None
    codes: list[int] = []
    mine._request(
        mine.dialog,
        "PRACK",
        {"rack": ["77 1 INVITE"]},
        lambda response, now: codes.append(response.code),
        pair.now,
    )
    pair.run()
    assert codes == [481]


def test_cancel_while_a_provisional_response_is_unconfirmed() -> None:
    pair = Pair(judge=drop_all("PRACK"))
    mine, _ = ringing(pair)
    mine.hang_up(pair.now, BYE)
    pair.run()
    assert pair.a.story() == ["Progress", "Failed"]
    assert_nothing_left(pair)


def test_a_prack_with_an_offer_is_answered() -> None:
    pair = Pair(judge=drop_first("PRACK"))
    mine = pair.invite(REQUIRE)
    pair.run()
    pair.b.legs[0].progress(pair.now, MEDIA_B)
    pair.run()
    prack_with(pair, offer("sendonly"))
    (answer,) = pair.b.ua.outgoing()
    assert b"a=recvonly" in answer.data
    assert mine.state == "calling"


def test_a_prack_with_an_offer_we_cannot_meet_is_refused_and_the_call_answered_all_the_same() -> None:
    pair = Pair(judge=drop_first("PRACK"))
    pair.invite(REQUIRE)
    pair.run()
    theirs = pair.b.legs[0]
    theirs.progress(pair.now, MEDIA_B)
    pair.run()
    theirs.answer(pair.now, MEDIA_B)
    prack_with(pair, G729)
    assert [name_of(one.data) for one in pair.b.ua.outgoing()] == ["488 PRACK", "200 INVITE"]


def test_what_a_prack_describes_before_our_answer_is_no_offer() -> None:
    pair = Pair(judge=drop_first("PRACK"))
    _, theirs = ringing(pair)
    prack_with(pair, offer("sendonly"))
    (confirmed,) = pair.b.ua.outgoing()
    assert name_of(confirmed.data) == "200 PRACK"
    assert b"m=audio" not in confirmed.data
    theirs.answer(pair.now, MEDIA_B)
    (accepted,) = pair.b.ua.outgoing()
    assert b"a=recvonly" not in accepted.data
    assert b"m=audio" in accepted.data


def test_early_media_for_a_late_offer_brings_our_offer_reliably() -> None:
    pair = Pair()
    late_offer(pair, REQUIRE)
    theirs = pair.b.legs[0]
    theirs.ring(pair.now)
    assert pair.b.ua.core.outgoing == []
    theirs.progress(pair.now, MEDIA_B)
    (progress,) = pair.b.ua.outgoing()
    assert b"m=audio 5000" in progress.data
    pair.a.ua.receive(progress.data, pair.flow_a, pair.now)
    replace_body(pair, "PRACK", offer("sendrecv"))
    pair.run()
    assert pair.b.story() == ["IncomingCall", "MediaChanged"]
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    assert pair.b.story() == ["IncomingCall", "MediaChanged", "Established"]


def test_reliable_responses_out_of_order_are_not_confirmed() -> None:
    pair = Pair()
    mine, _ = ringing(pair)
    ring = next(data for data in pair.sent if name_of(data) == "180 INVITE")
    for number, expected in [(1, []), (3, []), (2, ["PRACK"])]:
        data = ring.replace(b"RSeq: 1\r\n", b"RSeq: %d\r\n" % number)
        pair.a.ua.receive(data, pair.flow_a, pair.now)
        assert [name_of(one.data) for one in pair.a.ua.outgoing()] == expected
    assert isinstance(mine, OutboundLeg)


def test_a_prack_of_the_called_confirms_nothing() -> None:
    pair = Pair()
    _, theirs = pair.call()
    assert theirs.dialog is not None
    got: list[int] = []
    headers = {"rack": ["1 1 INVITE"]}
    theirs._request(theirs.dialog, "PRACK", headers, lambda answer, now: got.append(answer.code), pair.now)
    pair.run()
    assert got == [481]
    assert theirs.state == "established"
