"""Calls to SIP addresses that are no phone of ours and no trunk: agencies, other centres."""

from __future__ import annotations

import pytest

from ntpd112.sip.agent import UaConfig
from ntpd112.sip.events import Ended, Failed, MediaChanged, Progress
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.leg import Leg
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.parser import parse
from ntpd112.sip.session_policy import SessionPolicy
from ntpd112.sip.target import Target, target_of
from ntpd112.sip.uri import Uri

from .pair import ALICE, BOB, CALLER, MEDIA_A, MEDIA_B, Pair, Side, name_of
from .test_leg_calls import BYE, assert_nothing_left


def flow_to(transport: str, remote: Address) -> Flow | None:
    """IPv4 over both transports, IPv6 over UDP only."""
    if ":" in remote.host:
        return Flow(transport, Address("2001:db8::1", 5060), remote) if transport == "udp" else None
    return Flow(transport, ALICE, remote)


# --- the way there


@pytest.mark.parametrize(
    ("uri", "transport", "remote"),
    [
        ("sip:110@192.0.2.9", "udp", ("192.0.2.9", 5060)),
        ("sip:110@192.0.2.9:5080", "udp", ("192.0.2.9", 5080)),
        ("sip:110@192.0.2.9;transport=TCP", "tcp", ("192.0.2.9", 5060)),
        ("sip:110@192.0.2.9;transport=tls", "tls", ("192.0.2.9", 5061)),
        ("sips:110@192.0.2.9", "tls", ("192.0.2.9", 5061)),
        ("sip:[2001:db8:0:0::9]:5070", "udp", ("2001:db8::9", 5070)),
    ],
)
def test_the_way_to_an_address(uri: str, transport: str, remote: tuple[str, int]) -> None:
    target = target_of(Uri.parse(uri), flow_to)
    assert target is not None
    assert (target.flow.transport, target.flow.remote) == (transport, remote)
    assert (str(target.uri), target.route) == (uri, ())


@pytest.mark.parametrize(
    "uri",
    [
        "sip:110@polda.example",
        "sip:110@192.0.2.9;transport=sctp",
        "sip:110@0.0.0.0",
        "sip:110@224.0.0.1",
        "sip:110@[2001:db8::9];transport=tcp",
        "tel:110",
        "urn:service:sos",
    ],
)
def test_there_is_no_way_to_names_and_what_no_socket_reaches(uri: str) -> None:
    assert target_of(Uri.parse(uri), flow_to) is None


def test_what_has_no_place_in_a_request_uri_is_left_out() -> None:
    target = target_of(Uri.parse("sip:110@192.0.2.9;method=BYE;x=1?Subject=a"), flow_to)
    assert target is not None
    assert str(target.uri) == "sip:110@192.0.2.9;x=1"


def test_without_an_endpoint_there_is_no_way_anywhere() -> None:
    assert Pair().a.ua.target_of(Uri("sip", "192.0.2.9")) is None


# --- the call


def to_destination() -> Pair:
    """a is the centre, whose trunk is elsewhere; b is the destination."""
    pair = Pair()
    pair.a = Side(ALICE, UaConfig(policy=SessionPolicy(session_s=0)), networks=["203.0.113.0/24"])
    pair.a.ua.set_flow_to(flow_to)
    return pair


def dial(pair: Pair, asserted: NameAddr | None = None) -> Leg:
    target = pair.a.ua.target_of(Uri("sip", BOB.host, "110"))
    assert isinstance(target, Target)
    leg = pair.a.ua.invite(target, caller=CALLER, local=MEDIA_A, asserted=asserted, now=pair.now)
    pair.a.legs.append(leg)
    pair.run()
    return leg


def connected(pair: Pair) -> tuple[Leg, Leg]:
    leg = dial(pair)
    there = pair.b.legs[-1]
    there.answer(pair.now, MEDIA_B)
    pair.run()
    return leg, there


def test_a_call_to_a_destination_that_is_no_trunk_may_be_changed_and_ended_by_it() -> None:
    pair = to_destination()
    leg, there = connected(pair)
    assert pair.a.story()[-1] == "Answered"
    assert there.modify(pair.now, direction="sendonly")
    pair.run()
    assert leg.remote is not None
    assert leg.remote.held
    there.probe(pair.now)
    pair.run()
    assert pair.b.story()[-1] == "Probed"
    there.hang_up(pair.now, BYE)
    pair.run()
    assert pair.a.events[-1] == Ended(leg, "remote", BYE)
    assert "a 403 INVITE" not in pair.take_wire()
    assert_nothing_left(pair)


def test_who_is_called_may_not_transfer_us() -> None:
    pair = to_destination()
    _, there = connected(pair)
    got: list[int] = []
    assert there.dialog is not None
    headers = {"refer-to": ["<sip:premium@192.0.2.66>"]}
    there._request(there.dialog, "REFER", headers, lambda response, now: got.append(response.code), pair.now)
    pair.run()
    assert got == [403]


def test_the_caller_is_named_in_from_and_in_the_asserted_identity() -> None:
    pair = to_destination()
    dial(pair, asserted=NameAddr.parse("<tel:+6281234567>"))
    invite = parse(next(data for data in pair.sent if name_of(data) == "INVITE"))
    assert invite.from_.uri == CALLER.uri
    assert invite.get("p-asserted-identity") == "<tel:+6281234567>"


def test_no_identity_is_asserted_unasked() -> None:
    pair = to_destination()
    dial(pair)
    invite = parse(next(data for data in pair.sent if name_of(data) == "INVITE"))
    assert "p-asserted-identity" not in invite.fields


@pytest.mark.parametrize("reliable", [True, False])
def test_early_media_can_be_heard_before_the_answer(reliable: bool) -> None:
    pair = Pair(b=UaConfig(policy=SessionPolicy(session_s=0, reliable="supported" if reliable else "off")))
    leg = pair.invite()
    pair.run()
    pair.b.legs[0].progress(pair.now, MEDIA_B)
    pair.run()
    assert pair.a.events == [pair.a.last(MediaChanged), Progress(leg, 183)]
    assert leg.remote is not None
    assert (leg.remote.address, leg.remote.port) == (MEDIA_B.address, MEDIA_B.port)
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    pair.run()
    assert pair.a.story() == ["MediaChanged", "Progress", "Answered"]


def test_an_answer_that_differs_from_the_early_media_is_told() -> None:
    pair = Pair(b=UaConfig(policy=SessionPolicy(session_s=0, reliable="off")))
    leg = pair.invite()
    pair.run()
    pair.b.legs[0].progress(pair.now, MEDIA_B)
    pair.run()
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    (accepted,) = pair.b.ua.outgoing()
    pair.a.ua.receive(accepted.data.replace(b"audio 5000", b"audio 5555"), pair.flow_a, pair.now)
    pair.run()
    assert pair.a.story() == ["MediaChanged", "Progress", "MediaChanged", "Answered"]
    assert leg.remote is not None
    assert leg.remote.port == 5555


@pytest.mark.parametrize(("code", "q850"), [(302, 31), (401, 21), (407, 21), (600, 17)])
def test_a_redirection_or_a_challenge_is_a_failure_with_its_code(code: int, q850: int) -> None:
    pair = to_destination()
    leg = dial(pair)
    pair.b.legs[0].reject(pair.now, code)
    pair.run()
    failed = pair.a.events[-1]
    assert isinstance(failed, Failed)
    assert (failed.leg, failed.cause.sip_code, failed.cause.q850) == (leg, code, q850)
    assert_nothing_left(pair)


def test_requests_follow_the_contact_of_a_destination() -> None:
    pair = to_destination()
    elsewhere = Address(BOB.host, 5999)
    pair.b.ua.core.contact = lambda flow, uri: f"<sip:x@{BOB.host}:5999>"  # type: ignore[method-assign]
    leg = dial(pair)
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    (accepted,) = pair.b.ua.outgoing()
    pair.a.ua.receive(accepted.data, pair.flow_a, pair.now)
    leg.hang_up(pair.now, BYE)
    assert [(name_of(one.data), one.flow.remote) for one in pair.a.ua.outgoing()] == [
        ("ACK", elsewhere),
        ("BYE", elsewhere),
    ]


@pytest.mark.parametrize(("uri", "scheme"), [("sips:110@192.0.2.2", "sips"), ("sip:110@192.0.2.2", "sip")])
def test_sips_asks_for_sips_back(uri: str, scheme: str) -> None:
    """RFC 3261 §8.1.1.8; Asterisk answers 480 to anything else."""
    pair = Pair("tls")
    target = target_of(Uri.parse(uri), lambda transport, remote: Flow("tls", ALICE, remote))
    assert target is not None
    pair.a.ua.invite(target, caller=CALLER, local=MEDIA_A, now=pair.now)
    (invite,) = pair.a.ua.outgoing()
    assert f"\r\nContact: <{scheme}:ntpd112@".encode() in invite.data
