"""What the user agent makes of requests that are not (yet) part of a call."""

from __future__ import annotations

import pytest

from ntpd112.sip.agent import UaConfig, UserAgent
from ntpd112.sip.events import Refused
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.message import BadMessage, Response
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.parser import parse
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunks, TrunkSpec
from ntpd112.sip.uri import Uri

from .pair import MEDIA_B, Pair, name_of, tokens

HERE = Address("192.0.2.10", 5060)
PBX = Flow("udp", HERE, Address("192.0.2.1", 5070))
STRANGER = Flow("udp", HERE, Address("198.51.100.7", 40_000))
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


def agent(max_calls: int = 10, config: UaConfig | None = None, *, max_rate: float = 0.0) -> UserAgent:
    trunks = Trunks([TrunkSpec("pbx", ["192.0.2.1"], max_calls, options_s=0, max_rate=max_rate)])
    return UserAgent(config or UaConfig(policy=SessionPolicy(session_s=0)), None, trunks, token=tokens("t"))


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
        ("REFER", 481),
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
    ("method", "code"), [("INFO", 200), ("OPTIONS", 200), ("REFER", 403), ("NOTIFY", 489), ("DANCE", 501)]
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
    pair = Pair(a=UaConfig(policy=SessionPolicy(session_s=0), advertise="203.0.113.5"))
    pair.invite()
    (invite,) = pair.a.ua.outgoing()
    assert b"Via: SIP/2.0/UDP 203.0.113.5:5060;" in invite.data
    assert b"Contact: <sip:ntpd112@203.0.113.5:5060>" in invite.data


@pytest.mark.parametrize(
    ("host", "instead", "told"),
    [
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("2001:db8::1", "203.0.113.5", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::9", "2001:db8::9"),
        ("10.0.0.1", "2001:db8::9", "10.0.0.1"),
    ],
)
def test_an_advertised_address_is_of_its_ip_version_only(host: str, instead: str | None, told: str) -> None:
    pair = Pair(a=UaConfig(policy=SessionPolicy(session_s=0), advertise=instead))
    flow = Flow("udp", Address(host, 5060), Address("192.0.2.2", 5060))
    assert pair.a.ua.core.sent_by(flow) == (told, 5060)


def test_a_route_of_the_target_is_used() -> None:
    pair = Pair()
    target = Target(Uri("sip", "10.9.9.9", "op1"), pair.flow_a, (NameAddr.parse("<sip:192.0.2.2;lr>"),))
    caller = NameAddr(Uri("sip", "192.0.2.1", "x"))
    pair.a.ua.invite(target, caller=caller, local=MEDIA_B, now=pair.now)
    (invite,) = pair.a.ua.outgoing()
    assert b"\r\nRoute: <sip:192.0.2.2;lr>\r\n" in invite.data
    assert invite.flow == pair.flow_a


def test_options_of_a_stranger_are_answered_with_no_more_than_came() -> None:
    question = message("OPTIONS")
    (to_stranger,), (to_trunk,) = say(agent(), question, STRANGER), say(agent(), question, PBX)
    assert "allow" not in to_stranger.fields
    assert "INVITE" in to_trunk.fields["allow"][0]
