"""INVITEs of registered phones: whose are taken, after which proof, and what all others must not cost."""

from __future__ import annotations

import re

import pytest

from ntpd112.sip.admission import MAX_PHONE_CALLS
from ntpd112.sip.digest import answer_challenge, make_credentials
from ntpd112.sip.events import Ended, Failed, IncomingCall, PhoneCall, Refused, Registered
from ntpd112.sip.flow import Address, Flow
from ntpd112.sip.leg import Leg
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.parser import parse
from ntpd112.sip.replaces import Replaces
from ntpd112.sip.target import Target
from ntpd112.sip.uri import Uri

from .pair import ALICE, BOB, CALLER, MEDIA_A, MEDIA_B, first_line, name_of
from .test_agent_registrar import Phone, register
from .test_leg_calls import BYE, assert_nothing_left

ELSEWHERE = "203.0.113.0/24"
"A trunk that is not where the phone is."
SITE = "192.0.2.0/24"
"A trunk that is."
OP1 = NameAddr.parse("<sip:op1@112.test>")


def dial(pair: Phone, headers: dict[str, str] | None = None, caller: NameAddr = OP1) -> Leg:
    """The phone's INVITE, carried over."""
    target = Target(Uri("sip", BOB.host, "*1", BOB.port), pair.flow_a)
    leg = pair.a.ua.invite(target, caller=caller, local=MEDIA_A, headers=headers, now=pair.now)
    pair.run()
    return leg


def credentials(pair: Phone, user: str = "op1", password: str = "secret") -> dict[str, str]:
    """The answer to the last challenge."""
    challenge = next(data for data in reversed(pair.sent) if name_of(data) == "401 INVITE")
    answer = answer_challenge(
        parse(challenge).all("www-authenticate"),
        method="INVITE",
        uri=f"sip:*1@{BOB.host}:{BOB.port}",
        user=user,
        password=password,
        cnonce="c",
    )
    return {"Authorization": answer or ""}


def call(pair: Phone, headers: dict[str, str] | None = None, caller: NameAddr = OP1) -> Leg:
    """The phone calls as phones do: once without and once with its password."""
    dial(pair, caller=caller)
    return dial(pair, {**credentials(pair), **(headers or {})}, caller)


def registered(*networks: str, transport: str = "udp") -> Phone:
    pair = Phone(*(networks or (ELSEWHERE,)), transport=transport)
    assert register(pair) == [401, 200]
    pair.take_wire()
    return pair


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_registered_phone_calls_after_showing_its_password(transport: str) -> None:
    pair = registered(transport=transport)
    leg = call(pair)
    event = pair.b.last(PhoneCall)
    assert isinstance(event, PhoneCall)
    assert (event.user, event.replaces, event.leg.trunk) == ("op1", None, None)
    assert event.request.uri == f"sip:*1@{BOB.host}:{BOB.port}"
    event.leg.answer(pair.now, MEDIA_B)
    pair.run()
    assert (leg.state, event.leg.state) == ("established", "established")
    assert pair.take_wire() == [
        *["a INVITE", "b 401 INVITE", "a ACK"],
        *["a INVITE", "b 100 INVITE", "b 200 INVITE", "a ACK"],
    ]
    event.leg.hang_up(pair.now, BYE)
    pair.run()
    assert pair.a.events[-1] == Ended(leg, "remote", BYE)
    register(pair, expires=0)
    assert_nothing_left(pair)


def test_a_challenge_leaves_nothing_behind() -> None:
    pair = registered()
    for _ in range(50):
        dial(pair)
    assert pair.b.ua.open_legs == 0
    pair.pass_time(40)
    assert pair.b.ua.open_transactions == 0
    assert "PhoneCall" not in pair.b.story()


def test_a_wrong_password_or_an_unknown_user_gets_403_and_is_reported() -> None:
    pair = registered()
    for user, password in [("op1", "guess"), ("nobody", "secret")]:
        dial(pair)
        leg = dial(pair, credentials(pair, user, password))
        failed = pair.a.events[-1]
        assert isinstance(failed, Failed)
        assert (failed.leg, failed.cause.sip_code) == (leg, 403)
        pair.pass_time(2)
    assert [e.reason for e in pair.b.events if isinstance(e, Refused)] == ["wrong credentials of a phone"] * 2
    assert "PhoneCall" not in pair.b.story()


def test_the_password_of_one_user_does_not_open_the_phone_of_another() -> None:
    pair = registered()
    other = make_credentials("op2", "112.test", "other")
    known = pair.registrar._lookup
    pair.registrar._lookup = lambda user: other if user == "op2" else known(user)
    dial(pair)
    dial(pair, credentials(pair, "op2", "other"))
    assert "b 403 INVITE" in pair.take_wire()
    assert "PhoneCall" not in pair.b.story()


def test_credentials_are_good_once_but_a_repeated_invite_is_no_replay() -> None:
    pair = registered()
    dial(pair)
    pair.judge = lambda data: "twice"
    answer = credentials(pair)
    dial(pair, answer)
    assert pair.b.story().count("PhoneCall") == 1
    pair.judge = lambda data: "pass"
    dial(pair, answer)
    assert pair.b.story().count("PhoneCall") == 1
    assert b"stale=true" in next(data for data in reversed(pair.sent) if name_of(data) == "401 INVITE")


@pytest.mark.parametrize("port", [5061, 1])
def test_another_port_of_a_phones_address_is_a_stranger(port: int) -> None:
    pair = registered()
    pair.flow_b = Flow("udp", BOB, Address(ALICE.host, port))
    dial(pair)
    assert "b 403 INVITE" in pair.take_wire()
    pair.pass_time(40)
    assert pair.b.ua.open_transactions == pair.b.ua.open_legs == 0


def test_a_phone_that_has_left_is_a_stranger_again() -> None:
    pair = registered()
    register(pair, expires=0)
    pair.take_wire()
    dial(pair)
    assert pair.take_wire()[:2] == ["a INVITE", "b 403 INVITE"]


def test_a_phone_behind_a_proxy_is_known_by_the_proxys_address_and_its_password() -> None:
    pair = Phone(ELSEWHERE)
    register(pair, path=f"<sip:{ALICE.host};lr>")
    call(pair)
    assert pair.b.story()[-1] == "PhoneCall"
    register(pair, expires=0)
    pair.take_wire()
    dial(pair)
    assert "b 403 INVITE" in pair.take_wire()


def test_what_a_phone_calls_goes_back_over_its_flow_whatever_its_contact_says() -> None:
    pair = registered()
    pair.a.ua.core.contact = lambda flow, uri: "<sip:op1@192.0.2.77:9999>"  # type: ignore[method-assign]
    call(pair)
    leg = pair.b.legs[-1]
    leg.answer(pair.now, MEDIA_B)
    pair.run()
    leg.hang_up(pair.now, BYE)
    (bye,) = pair.b.ua.outgoing()
    assert bye.flow == pair.flow_b


# --- a phone at a trunk's address


def test_within_a_trunks_network_a_phone_is_known_by_its_exact_address_and_its_name() -> None:
    pair = registered(SITE)
    call(pair)
    assert pair.b.story()[-1] == "PhoneCall"
    assert pair.b.trunk.calls == 0


def test_an_emergency_call_over_a_pbx_that_has_a_phone_registered_is_never_asked_for_a_password() -> None:
    pair = registered(SITE)
    dial(pair, caller=CALLER)
    assert pair.b.story()[-1] == "IncomingCall"
    assert pair.b.trunk.calls == 1


@pytest.mark.parametrize("sender", ["another port", "a proxy"])
def test_in_doubt_an_invite_from_a_trunks_address_is_the_trunks(sender: str) -> None:
    pair = Phone(SITE)
    register(pair, path=f"<sip:{ALICE.host};lr>" if sender == "a proxy" else "")
    if sender == "another port":
        pair.flow_b = Flow("udp", BOB, Address(ALICE.host, 5070))
    dial(pair)
    assert isinstance(pair.b.events[-1], IncomingCall)


def test_credentials_make_an_invite_a_phones_also_behind_a_pbx() -> None:
    pair = Phone(SITE, ELSEWHERE)
    register(pair, path=f"<sip:{ALICE.host};lr>")
    challenge = pair.registrar._digest.challenges(pair.now)
    answer = answer_challenge(
        challenge, method="INVITE", uri="sip:*1@x", user="op1", password="secret", cnonce="c"
    )
    dial(pair, {"Authorization": answer or ""})
    assert pair.b.story()[-1] == "PhoneCall"


# --- limits


def test_phones_may_still_call_while_the_agent_drains() -> None:
    pair = registered()
    pair.b.ua.drain()
    call(pair)
    assert pair.b.story()[-1] == "PhoneCall"


def test_one_users_phones_may_begin_a_few_calls_at_once_but_no_flood() -> None:
    pair = registered()
    for _ in range(MAX_PHONE_CALLS + 3):
        call(pair)
    assert pair.b.story().count("PhoneCall") == MAX_PHONE_CALLS
    assert pair.take_wire().count("b 486 INVITE") == 3
    pair.b.legs[0].reject(pair.now, 486)
    pair.run()
    call(pair)
    assert pair.b.story()[-1] == "PhoneCall"


def test_too_many_legs_refuse_a_phone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = registered()
    monkeypatch.setattr("ntpd112.sip.admission.MAX_LEGS", 0)
    call(pair)
    assert "b 503 INVITE" in pair.take_wire()


def test_an_offer_that_cannot_be_met_refuses_a_phone_too() -> None:
    pair = registered()
    dial(pair)
    (answer,) = credentials(pair).values()
    target = Target(Uri("sip", BOB.host, "*1", BOB.port), pair.flow_a)
    pair.a.ua.invite(target, caller=OP1, local=MEDIA_A, headers={"Authorization": answer}, now=pair.now)
    (invite,) = pair.a.ua.outgoing()
    g729 = re.sub(rb"RTP/AVP [\d ]+", b"RTP/AVP 18", invite.data).replace(b"a=rtpmap", b"a=x")
    head, _, body = g729.partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
    pair.b.ua.receive(head + b"\r\n\r\n" + body, pair.flow_b, pair.now)
    assert [first_line(one.data)[8:11] for one in pair.b.ua.outgoing()] == ["100", "488"]
    assert pair.b.ua.open_legs == 0


# --- Replaces


def test_a_phone_that_takes_over_a_call_says_which() -> None:
    pair = registered()
    call(pair, {"Replaces": "c1@x;to-tag=ours;from-tag=theirs;early-only"})
    event = pair.b.last(PhoneCall)
    assert isinstance(event, PhoneCall)
    assert event.replaces == Replaces("c1@x", "ours", "theirs", True)


@pytest.mark.parametrize(
    "value", ["", "c1", "c1;to-tag=a", "c1;from-tag=a", ";to-tag=a;from-tag=b", "x" * 2000]
)
def test_a_replaces_that_cannot_be_read_gets_400_with_the_reason(value: str) -> None:
    pair = registered()
    dial(pair)
    dial(pair, {**credentials(pair), "Replaces": value})
    refusal = next(first_line(data) for data in pair.sent if data.startswith(b"SIP/2.0 400"))
    assert "Replaces" in refusal
    assert "PhoneCall" not in pair.b.story()


def test_a_phone_that_was_believed_gone_is_back_when_it_calls() -> None:
    pair = registered()
    pair.pass_time(40)
    pair.judge = lambda data: "drop"
    pair.pass_time(60)
    assert not pair.registrar.contacts("op1")
    pair.judge = lambda data: "pass"
    call(pair)
    assert pair.registrar.contacts("op1")
    assert [type(event) for event in pair.b.events[-2:]] == [PhoneCall, Registered]
