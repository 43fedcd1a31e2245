"""Who may call, how many at once, and what odd emergency INVITEs must not cost."""

from __future__ import annotations

import re

import pytest

from ntpd112.sip import admission, core, keepalive, transactions
from ntpd112.sip.agent import UserAgent
from ntpd112.sip.events import Cause, IncomingCall, Refused, TrunkRefused
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.parser import parse
from ntpd112.sip.refusals import MAX_REFUSED_PER_SECOND, REPORT_TRUNK_S
from ntpd112.sip.stateless import MAX_VIAS
from ntpd112.sip.target import Target
from ntpd112.sip.uri import Uri

from .pair import MEDIA_B
from .test_agent import HERE, PBX, SDP, STRANGER, agent, codes, message, say

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
    assert ua.open_transactions == ua.open_legs == len(ua.core.timers) == 0


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


def nth(number: int) -> bytes:
    """An INVITE of its own."""
    return message(call_id=f"c{number}", via=f"SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK{number}")


def test_more_calls_a_second_than_the_trunk_may_begin_get_503_until_there_is_room_again() -> None:
    ua = agent(max_rate=2.0)
    assert [codes(ua, nth(number))[0] for number in (1, 2)] == [100, 100]
    (refusal,) = say(ua, nth(3))
    assert (refusal.code, refusal.get("retry-after")) == (503, "1")
    assert next(iter(ua._trunks)).calls == 2
    assert codes(ua, nth(4), now=0.5) == [100]
    assert ua.traffic.refused == {"trunk too fast": 1}


def told(ua: UserAgent) -> list[tuple[str, int]]:
    return [(event.refusal, event.count) for event in ua.events() if isinstance(event, TrunkRefused)]


def test_what_a_trunk_is_refused_is_told_at_once_and_then_once_a_minute_with_none_left_out() -> None:
    ua = agent(max_rate=1.0)
    for number in range(50):
        ua.receive(nth(number), PBX, 0.1)
    assert told(ua) == [("trunk too fast", 1)]
    ua.handle_timer(REPORT_TRUNK_S + 1)
    assert told(ua) == [("trunk too fast", 48)]
    ua.handle_timer(2 * REPORT_TRUNK_S + 2)
    assert told(ua) == []
    for number in (50, 51):
        ua.receive(nth(number), PBX, 300.0)
    assert told(ua) == [("trunk too fast", 1)]
    assert next(iter(ua._trunks)).refused == {"trunk too fast": 50}


def test_each_reason_is_told_for_itself() -> None:
    ua = agent(max_calls=1)
    for number in range(3):
        ua.receive(nth(number), PBX, 0.0)
    next(iter(ua._trunks)).closed = True
    ua.receive(nth(3), PBX, 0.0)
    ua.drain()
    ua.receive(nth(4), PBX, 0.0)
    assert told(ua) == [("trunk full", 1), ("maintenance", 1), ("draining", 1)]


def test_a_trunk_in_maintenance_gets_503_for_new_calls_and_options_while_running_calls_go_on() -> None:
    ua = agent()
    ua.receive(nth(1), PBX, 0.0)
    ua.outgoing()
    (call,) = [event for event in ua.events() if isinstance(event, IncomingCall)]
    call.trunk.closed = True
    (refusal,) = say(ua, nth(2))
    assert (refusal.code, refusal.get("retry-after")) == (503, "60")
    assert codes(ua, message("OPTIONS", call_id="o", cseq=9)) == [503]
    assert call.leg.state != "ended"
    call.trunk.closed = False
    assert codes(ua, nth(3)) == [100]
    assert ua.traffic.refused == {"maintenance": 1}


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
