"""What the user agent makes of requests that are not (yet) part of a call."""

from __future__ import annotations

import re

import pytest

from ntpd112.sip import admission, core, keepalive, transactions
from ntpd112.sip.admission import MAX_REFUSED_PER_SECOND
from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.events import Cause, IncomingCall, Refused
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.message import BadMessage, Response
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.parser import parse
from ntpd112.sip.stateless import MAX_VIAS
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uri import Uri

from .pair import MEDIA_B, Pair, name_of, tokens

HERE = Address("192.0.2.10", 5060)
PBX = Flow("udp", HERE, Address("192.0.2.1", 5070))
STRANGER = Flow("udp", HERE, Address("198.51.100.7", 40_000))
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


def agent(max_calls: int = 10, config: UaConfig | None = None) -> UserAgent:
    trunks = Trunks([TrunkSpec("pbx", ["192.0.2.1"], max_calls, options_s=0)])
    return UserAgent(config or UaConfig(session_expires=0), None, trunks, token=tokens("t"))


def message(
    method: str = "INVITE",
    *,
    via: str = "SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bK1",
    to: str = "<sip:112@192.0.2.10>",
    call_id: str = "c1",
    cseq: int = 1,
    body: str = "",
    more: str = "",
) -> bytes:
    if method == "INVITE" and not body and "Content-Type" not in more:
        body, more = SDP, f"{more}Content-Type: application/sdp\r\nContact: <sip:pbx@192.0.2.1:5070>\r\n"
    head = (
        f"{method} sip:112@192.0.2.10 SIP/2.0\r\nVia: {via}\r\nFrom: <sip:0812@192.0.2.1>;tag=f\r\n"
        f"To: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n{more}"
    )
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def say(ua: UserAgent, data: bytes, flow: Flow = PBX, now: float = 0.0) -> list[Response]:
    """The responses to a datagram."""
    ua.receive(data, flow, now)
    answers = [parse(one.data) for one in ua.outgoing()]
    assert all(isinstance(answer, Response) for answer in answers)
    return answers  # type: ignore[return-value]


def codes(ua: UserAgent, data: bytes, flow: Flow = PBX, now: float = 0.0) -> list[int]:
    return [answer.code for answer in say(ua, data, flow, now)]


# --- who may call


def test_an_invite_of_a_trunk_becomes_a_call() -> None:
    ua = agent()
    assert codes(ua, message()) == [100]
    (event,) = ua.events()
    assert isinstance(event, IncomingCall)
    assert event.trunk.name == "pbx"
    assert event.trunk.calls == 1
    assert event.request.call_id == event.leg.call_id == "c1"
    assert event.leg.offer is not None


def test_an_invite_from_elsewhere_gets_403_and_leaves_nothing_behind() -> None:
    ua = agent()
    (refusal,) = say(ua, message(), STRANGER)
    assert refusal.code == 403
    (event,) = ua.events()
    assert isinstance(event, Refused)
    assert (event.flow, event.code) == (STRANGER, 403)
    assert ua.transactions == ua.legs == len(ua.core.timers) == 0


@pytest.mark.parametrize(
    "data",
    [
        message(),
        message()
        .replace(b"Via:", b"v :")
        .replace(b"Call-ID:", b"i:")
        .replace(b"From", b"f")
        .replace(b"To:", b"t:"),
        message().replace(b"\r\n", b"\n", 5),
        message(via="SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2"),
        message(more="Via: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bK3\r\n"),
        message(more="Subject: folded\r\n  line\r\n"),
        message(more="Via: SIP/2.0/UDP 10.0.0.3\r\n" * (MAX_VIAS + 1)),
    ],
)
def test_a_refusal_without_parsing_says_the_same_as_one_with(data: bytes) -> None:
    (quick,) = say(agent(), data, STRANGER)
    slow_agent = agent()
    slow_agent._stateless.refuse_invite = lambda data, flow: None  # type: ignore[method-assign]
    (slow,) = say(slow_agent, data, STRANGER)
    assert quick == slow
    assert quick.code == 403


def test_a_refusal_is_the_same_for_each_repetition_and_goes_where_the_request_came_from() -> None:
    ua = agent()
    for _ in range(2):
        ua.receive(message(), STRANGER, 0.0)
    first, second = ua.outgoing()
    assert first == second
    assert first.flow == STRANGER
    assert b";rport=40000" in first.data
    assert b";received=198.51.100.7" in first.data
    assert re.search(rb"To: <sip:112@192.0.2.10>;tag=\w{16}\r\n", first.data)


def test_refusals_are_reported_at_a_bounded_rate_but_all_counted() -> None:
    ua = agent()
    for number in range(100):
        ua.receive(message(call_id=str(number)), STRANGER, 5.0)
    ua.receive(message(), STRANGER, 6.0)
    counts = [event.count for event in ua.events() if isinstance(event, Refused)]
    assert counts == [1] * MAX_REFUSED_PER_SECOND + [101 - MAX_REFUSED_PER_SECOND]


def test_a_stranger_over_tcp_gets_403_too() -> None:
    ua = agent()
    request = parse(message())
    ua.receive_message(request, Flow("tcp", HERE, STRANGER.remote), 0.0)
    (refusal,) = ua.outgoing()
    assert refusal.data.startswith(b"SIP/2.0 403 ")


def test_a_full_trunk_gets_503_with_retry_after_until_a_call_ends() -> None:
    ua = agent(max_calls=1)
    ua.receive(message(), PBX, 0.0)
    ua.outgoing()
    (leg,) = [event.leg for event in ua.events() if isinstance(event, IncomingCall)]
    second = message(call_id="c2", via="SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK2")
    (refusal,) = say(ua, second)
    assert refusal.code == 503
    assert refusal.get("retry-after") == "5"
    leg.reject(0.0, 486)
    ua.outgoing()
    assert codes(ua, second.replace(b"c2", b"c3").replace(b"bK2", b"bK3")) == [100]


def test_more_legs_than_the_bound_get_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_LEGS", 1)
    ua = agent()
    assert codes(ua, message()) == [100]
    assert codes(ua, message(call_id="c2", via="SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK2")) == [503]
    assert next(iter(ua._trunks)).calls == 1


def test_own_addresses_and_peers_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in [(core, "MAX_LOCALS"), (transactions, "MAX_LOCALS"), (keepalive, "MAX_PEERS")]:
        monkeypatch.setattr(module, name, 2)
    ua = agent()
    for number in range(5):
        flow = Flow("udp", Address(f"192.0.2.{number}", 5060), Address(f"192.0.3.{number}", 5060))
        ua.options(Target(Uri("sip", "x"), flow), lambda response, now: None, 0.0)
        ua._keepalive.seen(flow)
    assert len(ua.core._contacts) <= 2
    assert len(ua.core.transactions._via_heads) <= 2
    assert len(ua._keepalive._seen) == 2


def test_a_draining_agent_refuses_new_calls_and_says_so_to_options() -> None:
    ua = agent()
    ua.drain()
    assert codes(ua, message()) == [503]
    assert codes(ua, message("OPTIONS")) == [503]


# --- emergency calls from odd peers


@pytest.mark.parametrize(
    "data",
    [
        message(more="Require: x-unheard-of, 100rel\r\n"),
        message(more="Resource-Priority: unknown.7\r\n"),
        message().replace(b"<sip:pbx@192.0.2.1:5070>", b"sip:pbx@192.0.2.1:5070;x=y"),
        message().replace(b"<sip:pbx@192.0.2.1:5070>", b"garbage"),
        message().replace(b"Contact: <sip:pbx@192.0.2.1:5070>\r\n", b""),
        message(more="Record-Route: <rubbish, <sip:192.0.2.1;lr>\r\n"),
        message(via="SIP/2.0/UDP 192.0.2.1:5070"),
        message(to="<urn:service:sos.fire>"),
        message(more="Session-Expires: soon\r\nMin-SE: x\r\n"),
        message().replace(b";tag=f", b""),
        message(more="Max-Forwards: 0\r\n"),
        message().replace(b"Contact", b"cOnTaCt").replace(b"CSeq: 1 INVITE", b"cseq:   1    INVITE"),
    ],
)
def test_an_odd_invite_still_becomes_a_call_that_can_be_answered_and_ended(data: bytes) -> None:
    ua = agent()
    assert codes(ua, data) == [100]
    (event,) = ua.events()
    assert isinstance(event, IncomingCall)
    event.leg.answer(0.0, MEDIA_B)
    accepted = next(one for one in ua.outgoing() if b"200 OK" in one.data)
    tag = re.search(rb"To: .*;tag=(\w+)", accepted.data)
    assert tag is not None
    via = "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKack"
    to = event.request.get("to") or ""
    ack = message("ACK", via=via, to=f"{to};tag={tag[1].decode()}")
    ua.receive(ack.replace(b";tag=f", b"") if b";tag=f" not in data else ack, PBX, 0.0)
    assert event.leg.state == "established"
    event.leg.hang_up(1.0, Cause(0))
    (bye,) = ua.outgoing()
    assert bye.flow.remote.host == "192.0.2.1"


@pytest.mark.parametrize(
    ("body", "code"),
    [("m=audio 4000 RTP/AVP 18\r\n", 488), ("no description", 488), (SDP.replace("8\r", "9\r"), 488)],
)
def test_an_offer_that_cannot_be_met_is_refused_before_anybody_is_rung(body: str, code: int) -> None:
    ua = agent()
    data = message(body=body, more="Content-Type: application/sdp\r\n")
    assert codes(ua, data) == [100, code]
    assert all(isinstance(event, Refused) for event in ua.events())
    assert next(iter(ua._trunks)).calls == 0
    assert len(ua.core.legs) == 0


def test_the_same_invite_by_another_way_is_merged() -> None:
    ua = agent()
    assert codes(ua, message()) == [100]
    assert codes(ua, message(via="SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKother")) == [482]


def test_the_next_try_of_a_refused_call_is_no_merge() -> None:
    ua = agent()
    ua.receive(message(), PBX, 0.0)
    (event,) = ua.events()
    assert isinstance(event, IncomingCall)
    event.leg.reject(0.0, 503)
    ua.outgoing()
    assert codes(ua, message(via="SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKnext")) == [100]


def test_a_repeated_invite_gets_the_last_provisional_response_again() -> None:
    ua = agent()
    ua.receive(message(), PBX, 0.0)
    (event,) = ua.events()
    assert isinstance(event, IncomingCall)
    event.leg.ring(0.0)
    ua.outgoing()
    assert codes(ua, message()) == [180]
    assert ua.events() == []


# --- requests outside of dialogs


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("OPTIONS", 200),
        ("BYE", 481),
        ("UPDATE", 481),
        ("PRACK", 481),
        ("INFO", 481),
        ("CANCEL", 481),
        ("REGISTER", 405),
        ("REFER", 405),
        ("MESSAGE", 405),
        ("SUBSCRIBE", 489),
        ("NOTIFY", 489),
        ("PUBLISH", 489),
        ("DANCE", 501),
    ],
)
def test_requests_outside_of_a_dialog(method: str, code: int) -> None:
    ua = agent()
    (answer,) = say(ua, message(method))
    assert answer.code == code
    if code in (200, 405, 489, 501):
        assert "INVITE" in (answer.get("allow") or "")
    assert len(ua.core.transactions) == 0


@pytest.mark.parametrize("method", ["INVITE", "BYE", "INFO", "OPTIONS", "UPDATE"])
def test_requests_within_an_unknown_dialog_get_481(method: str) -> None:
    assert codes(agent(), message(method, to="<sip:112@192.0.2.10>;tag=x")) == [481]


def test_an_ack_for_nothing_is_silent() -> None:
    assert codes(agent(), message("ACK")) == []
    assert codes(agent(), message("ACK", to="<sip:112@192.0.2.10>;tag=x")) == []


def test_an_unknown_extension_that_is_required_gets_420() -> None:
    (answer,) = say(agent(), message("OPTIONS", more="Require: timer, x-new\r\n"))
    assert (answer.code, answer.get("unsupported")) == (420, "x-new")


def test_what_cannot_be_read_gets_400_with_the_reason() -> None:
    ua = agent()
    (answer,) = say(ua, message(more="no colon here\r\n"))
    assert answer.code == 400
    assert "no colon here" in answer.phrase
    (event,) = ua.events()
    assert isinstance(event, Refused)


@pytest.mark.parametrize(
    "junk", [b"", b"\r\n\r\n", b"\0" * 20, b"\xff" * 1400, b"INVITE", b"SIP/2.0 200 OK\r\n\r\n"]
)
def test_junk_is_passed_over(junk: bytes) -> None:
    ua = agent()
    for flow in (PBX, STRANGER):
        assert say(ua, junk, flow) == []
    assert len(ua.core.transactions) == 0


def test_a_bad_message_of_a_connection_is_answered_over_it() -> None:
    ua = agent()
    request = parse(message("OPTIONS"))
    flow = Flow("tcp", HERE, PBX.remote)
    ua.receive_message(BadMessage("no good", request, 505), flow, 0.0)  # type: ignore[arg-type]
    (answer,) = ua.outgoing()
    assert answer.data.startswith(b"SIP/2.0 505 no good\r\n")
    assert answer.flow == flow


def test_responses_to_nothing_are_passed_over() -> None:
    pair = Pair()
    pair.call()
    for data in [d for d in pair.sent if name_of(d) == "200 INVITE"]:
        assert say(agent(), data) == []


# --- requests within a dialog


@pytest.mark.parametrize(
    ("method", "code"), [("INFO", 200), ("OPTIONS", 200), ("REFER", 405), ("NOTIFY", 489), ("DANCE", 501)]
)
def test_requests_within_a_call(method: str, code: int) -> None:
    pair = Pair()
    mine, theirs = pair.call()
    got: list[int] = []
    assert mine.dialog is not None
    mine._request(mine.dialog, method, {}, lambda response, now: got.append(response.code), pair.now)
    pair.run()
    assert got == [code]
    assert theirs.state == "established"


def test_a_request_with_the_wrong_from_tag_is_not_of_the_call() -> None:
    pair = Pair()
    mine, theirs = pair.call()
    assert mine.dialog is not None
    mine.dialog.local = mine.dialog.local.replace("tag=", "tag=wrong")
    got: list[int] = []
    mine._request(mine.dialog, "BYE", {}, lambda response, now: got.append(response.code), pair.now)
    pair.run()
    assert got == [481]
    assert theirs.state == "established"


# --- our own requests


def test_a_request_of_ours_gets_its_answer() -> None:
    pair = Pair()
    got: list[Response] = []
    pair.a.ua.request(
        "OPTIONS",
        Uri("sip", "192.0.2.2"),
        pair.flow_a,
        headers={"Call-ID": "mine", "X-Extra": "1"},
        on_response=lambda response, now: got.append(response),
        now=pair.now,
    )
    pair.run()
    assert [answer.code for answer in got] == [200]
    assert got[0].call_id == "mine"
    assert b"X-Extra: 1\r\n" in pair.sent[0]


def test_a_request_of_ours_without_answer_gets_408_without_headers() -> None:
    pair = Pair(judge=lambda data: "drop")
    got: list[Response] = []
    target = Target(Uri("sip", "192.0.2.2"), pair.flow_a)
    pair.a.ua.options(target, lambda response, now: got.append(response), pair.now)
    pair.pass_time(33)
    assert got == [Response(408, "Request Timeout")]


def test_our_address_to_others_is_the_advertised_one() -> None:
    pair = Pair(a=UaConfig(session_expires=0, advertise="203.0.113.5"))
    pair.invite()
    (invite,) = pair.a.ua.outgoing()
    assert b"Via: SIP/2.0/UDP 203.0.113.5:5060;" in invite.data
    assert b"Contact: <sip:ntpd112@203.0.113.5:5060>" in invite.data


def test_a_route_of_the_target_is_used() -> None:
    pair = Pair()
    target = Target(Uri("sip", "10.9.9.9", "op1"), pair.flow_a, (NameAddr.parse("<sip:192.0.2.2;lr>"),))
    caller = NameAddr(Uri("sip", "192.0.2.1", "x"))
    pair.a.ua.invite(target, caller=caller, local=MEDIA_B, now=pair.now)
    (invite,) = pair.a.ua.outgoing()
    assert b"\r\nRoute: <sip:192.0.2.2;lr>\r\n" in invite.data
    assert invite.flow == pair.flow_a
