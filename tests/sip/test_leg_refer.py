"""Transfers that a phone asks for by REFER, and how it is told of their progress."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ntpd112.sip.events import Ended, Referred
from ntpd112.sip.leg import Leg
from ntpd112.sip.message import Request, Response
from ntpd112.sip.parser import parse
from ntpd112.sip.refer import MAX_REFER_TO, REFERRAL_S
from ntpd112.sip.replaces import Replaces

from .pair import MEDIA_B, Pair, name_of
from .test_leg_calls import BYE, assert_nothing_left, drop_first

TARGET = "<sip:op2@112.test>"


def operators_call() -> tuple[Pair, Leg, Leg]:
    """b has rung the phone a, whose leg at b takes REFER; the phone's leg and b's."""
    pair = Pair()
    phone, ours = pair.call()
    ours.takes_refer = True
    pair.take_wire()
    pair.sent.clear()
    return pair, phone, ours


def refer(pair: Pair, phone: Leg, refer_to: str | None = TARGET, **headers: str) -> list[Response]:
    """The answers to a REFER of the phone. The phone answers NOTIFY with 200 (`answering`)."""
    got: list[Response] = []
    fields = {"refer-to": [refer_to]} if refer_to is not None else {}
    fields |= {name.replace("_", "-"): [value] for name, value in headers.items()}
    assert phone.dialog is not None
    phone._request(phone.dialog, "REFER", fields, lambda response, now: got.append(response), pair.now)
    pair.run()
    return got


def told(pair: Pair) -> list[tuple[str, str]]:
    """State and status line of each NOTIFY sent, repetitions left out."""
    requests = [parse(data) for data in dict.fromkeys(pair.sent) if name_of(data) == "NOTIFY"]
    return [
        (request.get("subscription-state") or "", request.body.decode().strip())
        for request in requests
        if isinstance(request, Request)
    ]


def answering(pair: Pair, code: int = 200) -> None:
    """Let the phone answer each NOTIFY with `code`; our user agent is no subscriber and would say 489."""
    ua = pair.a.ua
    original: Callable[..., None] = ua._refuse_method

    def answer(request: Request, via: object, flow: object) -> None:
        if request.method == "NOTIFY":
            ua._reply(request, via, flow, code)  # type: ignore[arg-type]
        else:
            original(request, via, flow)

    ua._refuse_method = answer  # type: ignore[method-assign]


def test_a_transfer_from_refer_to_its_success() -> None:
    pair, phone, ours = operators_call()
    answering(pair)
    (answer,) = refer(pair, phone, referred_by='"Op" <sip:op1@112.test>')
    assert answer.code == 202
    event = pair.b.events[-1]
    assert isinstance(event, Referred)
    assert (event.leg, str(event.target), event.replaces) == (ours, TARGET, None)
    assert str(event.referred_by) == '"Op" <sip:op1@112.test>'
    ours.refer_progress(pair.now, 180)
    pair.run()
    ours.refer_progress(pair.now, 200, "Answered by op2")
    pair.run()
    assert told(pair) == [
        ("active;expires=180", "SIP/2.0 100 Trying"),
        ("active;expires=180", "SIP/2.0 180 Ringing"),
        ("terminated;reason=noresource", "SIP/2.0 200 Answered by op2"),
    ]
    notify = parse(next(data for data in pair.sent if name_of(data) == "NOTIFY"))
    assert notify.get("event") == f"refer;id={answer.cseq[0]}"
    assert notify.get("content-type") == "message/sipfrag;version=2.0"
    phone.hang_up(pair.now, BYE)
    pair.run()
    assert_nothing_left(pair)


def test_who_may_not_transfer_is_refused_and_keeps_the_call() -> None:
    pair, phone, ours = operators_call()
    ours.takes_refer = False
    assert [answer.code for answer in refer(pair, phone)] == [403]
    assert "Referred" not in pair.b.story()
    assert phone.state == ours.state == "established"


def test_one_transfer_at_a_time() -> None:
    pair, phone, ours = operators_call()
    answering(pair)
    assert [answer.code for answer in refer(pair, phone)] == [202]
    assert [answer.code for answer in refer(pair, phone)] == [491]
    ours.refer_progress(pair.now, 603)
    pair.run()
    assert [answer.code for answer in refer(pair, phone)] == [202]
    assert told(pair)[1] == ("terminated;reason=noresource", "SIP/2.0 603 Decline")
    assert pair.b.story().count("Referred") == 2


def test_a_phone_that_hangs_up_right_after_its_refer_has_transferred() -> None:
    pair, phone, ours = operators_call()
    assert phone.dialog is not None
    phone._request(phone.dialog, "REFER", {"refer-to": [TARGET]}, lambda response, now: None, pair.now)
    phone.hang_up(pair.now, BYE)
    pair.run()
    assert pair.b.story()[-2:] == ["Referred", "Ended"]
    ours.refer_progress(pair.now, 200)
    pair.run()
    assert len(told(pair)) == 1
    assert_nothing_left(pair)


def test_a_phone_may_want_no_news_of_its_transfer() -> None:
    pair, phone, ours = operators_call()
    (answer,) = refer(pair, phone, refer_sub="false")
    assert (answer.code, answer.get("refer-sub")) == (202, "false")
    assert [answer.code for answer in refer(pair, phone)] == [491]
    ours.refer_progress(pair.now, 200)
    pair.run()
    assert told(pair) == []
    assert [answer.code for answer in refer(pair, phone)] == [202]


@pytest.mark.parametrize("code", [481, 489, 501])
def test_a_phone_that_knows_no_such_subscription_ends_it_but_not_the_call(code: int) -> None:
    pair, phone, ours = operators_call()
    answering(pair, code)
    refer(pair, phone)
    ours.refer_progress(pair.now, 180)
    ours.refer_progress(pair.now, 200)
    pair.pass_time(60)
    assert len(told(pair)) == 1
    assert phone.state == ours.state == "established"


def test_a_notify_without_any_answer_does_not_end_the_call() -> None:
    pair, phone, ours = operators_call()
    pair.judge = lambda data: "drop" if name_of(data) == "NOTIFY" else "pass"
    refer(pair, phone)
    pair.pass_time(60)
    ours.refer_progress(pair.now, 200)
    pair.pass_time(60)
    assert len(told(pair)) == 1
    assert phone.state == ours.state == "established"


def test_a_lost_notify_is_repeated_and_what_came_meanwhile_is_told_after_it() -> None:
    pair, phone, ours = operators_call()
    answering(pair)
    pair.judge = drop_first("NOTIFY")
    refer(pair, phone)
    for code in (180, 183, 200):
        ours.refer_progress(pair.now, code)
    ours.refer_progress(pair.now, 486)
    pair.pass_time(3)
    assert [line for _, line in told(pair)] == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]


def test_a_transfer_of_which_nothing_final_is_said_is_over_in_time() -> None:
    pair, phone, ours = operators_call()
    answering(pair)
    refer(pair, phone)
    pair.pass_time(REFERRAL_S + 1)
    assert told(pair)[-1] == ("terminated;reason=timeout", "SIP/2.0 100 Trying")
    ours.refer_progress(pair.now, 200)
    pair.run()
    assert len(told(pair)) == 2
    assert [answer.code for answer in refer(pair, phone)] == [202]


def test_progress_of_no_transfer_says_nothing() -> None:
    pair, _, ours = operators_call()
    ours.refer_progress(pair.now, 200)
    pair.run()
    assert pair.take_wire() == []


def test_a_refer_within_a_call_that_is_not_answered_yet_is_refused() -> None:
    pair = Pair()
    phone = pair.invite()
    pair.run()
    ours = pair.b.legs[0]
    ours.takes_refer = True
    ours.ring(pair.now)
    pair.run()
    assert [answer.code for answer in refer(pair, phone)] == [403]


@pytest.mark.parametrize(
    ("refer_to", "code", "reason"),
    [
        (None, 400, "0 Refer-To"),
        ("", 400, "has no scheme"),
        ("<sip:op2@112.test", 400, "without '>'"),
        ("<sip:op2@112.test?Replaces=c1>", 400, "no to-tag"),
        ("<sip:op2@112.test?Replaces=c%3Bto-tag%3Da%3Bfrom-tag%3Db&replaces=d>", 400, "Replaces"),
        ("<sip:op2@112.test;method=BYE>", 400, "only INVITE"),
        (f"<sip:{'x' * MAX_REFER_TO}@112.test>", 400, "more than"),
        ("<mailto:op2@112.test>", 416, "mailto"),
        ("<http://112.test/>", 416, "http"),
    ],
)
def test_a_refer_that_cannot_be_followed_is_refused_with_the_reason(
    refer_to: str | None, code: int, reason: str
) -> None:
    pair, phone, ours = operators_call()
    (answer,) = refer(pair, phone, refer_to)
    assert answer.code == code
    assert reason in answer.phrase
    assert "Referred" not in pair.b.story()
    assert ours.state == "established"
    assert [answer.code for answer in refer(pair, phone)] == [202]


@pytest.mark.parametrize(
    ("refer_to", "target"),
    [
        ("tel:113", "<tel:113>"),
        ("sip:op2@112.test", "<sip:op2@112.test>"),
        (
            '"Budi" <sip:110@192.0.2.9:5080;transport=tcp;method=INVITE>',
            '"Budi" <sip:110@192.0.2.9:5080;transport=tcp>',
        ),
        ("<sip:op2@112.test?Subject=x&Accept-Contact=y>", "<sip:op2@112.test>"),
    ],
)
def test_what_one_can_be_transferred_to(refer_to: str, target: str) -> None:
    pair, phone, _ = operators_call()
    assert [answer.code for answer in refer(pair, phone, refer_to)] == [202]
    event = pair.b.last(Referred)
    assert isinstance(event, Referred)
    assert str(event.target) == target


def test_a_garbled_referred_by_is_no_reason_to_refuse() -> None:
    pair, phone, _ = operators_call()
    assert [answer.code for answer in refer(pair, phone, referred_by="<<<")] == [202]
    event = pair.b.last(Referred)
    assert isinstance(event, Referred)
    assert event.referred_by is None


# --- attended transfer: which call a Replaces names


def named(leg: Leg, early: bool = False) -> Replaces:
    """As the peer of `leg` names it."""
    assert leg.dialog is not None
    return Replaces(leg.call_id, leg.local_tag, leg.dialog.remote_tag or "0", early)


def test_an_attended_transfer_names_the_other_call_of_the_phone() -> None:
    pair, phone, ours = operators_call()
    second = pair.invite()
    pair.run()
    consulted = pair.b.legs[-1]
    consulted.answer(pair.now, MEDIA_B)
    pair.run()
    assert second.state == "established"
    escaped = str(named(consulted)).replace(";", "%3B").replace("=", "%3D").replace("@", "%40")
    refer(pair, phone, f"<sip:op2@112.test?Replaces={escaped}>")
    event = pair.b.last(Referred)
    assert isinstance(event, Referred)
    assert event.replaces is not None
    assert pair.b.ua.leg_of(event.replaces) is consulted
    assert pair.b.ua.leg_of(named(ours)) is ours


def test_a_replaces_finds_rung_calls_of_both_directions() -> None:
    pair = Pair()
    calling = pair.invite()
    pair.run()
    rung = pair.b.legs[0]
    assert pair.b.ua.leg_of(named(rung, early=True)) is rung
    assert pair.a.ua.leg_of(Replaces(calling.call_id, calling.local_tag, rung.local_tag)) is None
    rung.ring(pair.now)
    pair.run()
    assert pair.a.ua.leg_of(Replaces(calling.call_id, calling.local_tag, rung.local_tag)) is calling


def test_a_replaces_finds_nothing_that_is_not_meant() -> None:
    pair, phone, ours = operators_call()
    right = named(ours)
    wrong = [
        Replaces("other", right.to_tag, right.from_tag),
        Replaces(right.call_id, "other", right.from_tag),
        Replaces(right.call_id, right.to_tag, "other"),
        Replaces(right.call_id, right.to_tag, "0"),
        Replaces(right.call_id, right.from_tag, right.to_tag),
        named(ours, early=True),
    ]
    assert [pair.b.ua.leg_of(replaces) for replaces in wrong] == [None] * len(wrong)
    ours.hang_up(pair.now, BYE)
    assert pair.b.ua.leg_of(right) is None
    pair.run()
    assert isinstance(pair.a.events[-1], Ended)
    assert phone.state == "ended"


def test_a_peer_without_a_tag_is_named_by_0() -> None:
    pair = Pair()
    pair.invite()
    (invite,) = pair.a.ua.outgoing()
    pair.b.ua.receive(re.sub(rb"(From: [^\r]*);tag=[^\r;]*", rb"\1", invite.data), pair.flow_b, pair.now)
    pair.b.gather()
    (leg,) = pair.b.legs
    assert pair.b.ua.leg_of(Replaces(leg.call_id, leg.local_tag, "0")) is leg
