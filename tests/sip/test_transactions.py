"""Which transaction a message belongs to, and where responses go."""

from __future__ import annotations

import pytest

from ntpd112.sip import transactions as module
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.message import Request
from ntpd112.sip.transactions import TooManyTransactions, invite_key, old_key, reply_flow, server_key
from ntpd112.sip.via import Via

from .pair import ALICE, BOB, Pair, name_of
from .test_agent import PBX, agent, codes, message
from .test_leg_calls import BYE
from .test_transaction import TCP, Bench

OLD = "SIP/2.0/UDP 192.0.2.1:5070"


def request(via: str, method: str = "INVITE", to: str = "<sip:b>") -> Request:
    fields = {"via": [via], "from": ["<sip:a>;tag=1"], "to": [to], "call-id": ["c"], "cseq": [f"1 {method}"]}
    return Request(method, "sip:b", fields=fields)


def key(via: str, method: str = "INVITE", to: str = "<sip:b>") -> object:
    one = request(via, method, to)
    return server_key(one, one.via)


def test_branch_sent_by_and_method_make_the_key() -> None:
    base = key("SIP/2.0/UDP h:5060;branch=z9hG4bK1")
    assert key("SIP/2.0/UDP H:5060;rport;branch=z9hG4bK1") == base
    assert key("SIP/2.0/UDP h:5060;branch=z9hG4bK2") != base
    assert key("SIP/2.0/UDP h:5061;branch=z9hG4bK1") != base
    assert key("SIP/2.0/UDP h:5060;branch=z9hG4bK1", "BYE") != base


def test_the_ack_of_a_failure_has_the_key_of_its_invite() -> None:
    for via in ("SIP/2.0/UDP h;branch=z9hG4bK1", "SIP/2.0/UDP h;branch=old", "SIP/2.0/UDP h"):
        assert key(via, "ACK", "<sip:b>;tag=ours") == key(via)


def test_a_cancel_names_the_key_of_its_invite() -> None:
    for via in ("SIP/2.0/UDP h;branch=z9hG4bK1", "SIP/2.0/UDP h"):
        cancel = request(via, "CANCEL")
        assert invite_key(cancel, cancel.via) == key(via)


def test_without_the_cookie_what_a_retransmission_repeats_makes_the_key() -> None:
    one, other = request(OLD), request(OLD)
    assert old_key(one, "INVITE") == old_key(other, "INVITE")
    for name, value in [
        ("call-id", "d"),
        ("cseq", "2 INVITE"),
        ("from", "<sip:a>;tag=2"),
        ("via", f"{OLD};x"),
    ]:
        other = request(OLD)
        other.fields[name] = [value]
        assert old_key(one, "INVITE") != old_key(other, "INVITE")


def test_an_old_peers_call_is_cancelled_and_its_repetitions_are_absorbed() -> None:
    ua = agent()
    assert codes(ua, message(via=OLD)) == [100]
    assert codes(ua, message(via=OLD)) == [100]
    assert codes(ua, message("CANCEL", via=OLD)) == [200, 487]
    assert codes(ua, message("ACK", via=OLD, to="<sip:112@192.0.2.10>;tag=t1")) == []
    assert len(ua.events()) == 2
    ua.handle_timer(100.0)
    assert len(ua.core.transactions) == 0


@pytest.mark.parametrize(
    ("via", "transport", "port"),
    [
        ("SIP/2.0/UDP 10.0.0.1:5070;rport", "udp", 40_000),
        ("SIP/2.0/UDP 10.0.0.1:5070", "udp", 5070),
        ("SIP/2.0/UDP 10.0.0.1", "udp", 5060),
        ("SIP/2.0/UDP 10.0.0.1:5070;maddr=10.0.0.9", "udp", 5070),
        ("SIP/2.0/TCP 10.0.0.1:5070", "tcp", 40_000),
    ],
)
def test_responses_go_back_to_where_the_request_came_from(via: str, transport: str, port: int) -> None:
    flow = Flow(transport, ALICE, Address("203.0.113.1", 40_000))
    assert reply_flow(flow, Via.parse(via)).remote == Address("203.0.113.1", port)


def test_after_the_connection_closed_responses_go_to_the_address_in_via() -> None:
    pair = Pair("tcp")
    caller = Flow("tcp", BOB, Address(ALICE.host, 49_000))
    pair.invite()
    (invite,) = pair.a.ua.outgoing()
    pair.hand_over(invite, pair.b, caller)
    pair.b.gather()
    pair.b.ua.outgoing()
    pair.b.ua.flow_closed(caller, pair.now)
    pair.b.legs[0].ring(pair.now)
    assert [one.flow.remote for one in pair.b.ua.outgoing()] == [ALICE]
    pair.b.legs[0].hang_up(pair.now, BYE)
    pair.b.ua.outgoing()
    pair.b.ua.flow_closed(Flow("tcp", BOB, ALICE), pair.now)
    pair.pass_time(100)
    assert len(pair.b.ua.core.transactions) == 0


def test_requests_over_a_connection_that_closes_fail() -> None:
    bench = Bench(TCP)
    bench.client("BYE")
    bench.transactions.flow_closed(TCP, bench.now)
    assert bench.told == [503]
    assert len(bench.transactions) == 0


def test_a_response_that_cannot_be_sent_fails_nothing() -> None:
    pair = Pair()
    pair.call()
    for data in pair.sent:
        if name_of(data).startswith("200"):
            pair.b.ua.core.transactions.send_failed(data, pair.now)
    assert pair.b.legs[0].state == "established"


def test_beyond_the_limit_requests_get_503_and_no_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TRANSACTIONS", 1)
    ua = agent()
    assert codes(ua, message()) == [100]
    second = message(call_id="c2", via=f"{OLD};branch=z9hG4bK9")
    assert codes(ua, second, PBX) == [503]
    bench = Bench()
    bench.server("BYE")
    with pytest.raises(TooManyTransactions):
        bench.server("INVITE")
