"""What telcos differ in: each trunk's codecs, session timers and reliable provisional responses."""

from __future__ import annotations

import re

import pytest

from ntpd112.sip.events import Answered
from ntpd112.sip.leg import Leg
from ntpd112.sip.message import Request
from ntpd112.sip.parser import parse
from ntpd112.sip.reply import reply
from ntpd112.sip.sdp import CodecName, LocalMedia
from ntpd112.sip.session_policy import SUPPORTED, Refresher, ReliablePolicy, SessionPolicy

from .pair import MEDIA_B, Pair, name_of
from .test_leg_modify import late_offer
from .test_leg_session_timer import on_wire

ULAW_ALONE = LocalMedia("192.0.2.1", 4000, codecs=("PCMU",))
A: tuple[CodecName, ...] = ("PCMA",)
U: tuple[CodecName, ...] = ("PCMU",)


def pair_of(a: SessionPolicy | None = None, b: SessionPolicy | None = None) -> Pair:
    """What calls of a are like, and those of b's trunk; without session timers where nothing is said."""
    pair = Pair()
    pair.policy, pair.b.trunk.policy = a, b
    return pair


def formats(pair: Pair, name: str) -> str:
    """Of the stream in the last message of that name: what its m= line lists before telephone-event."""
    body = [data for data in pair.sent if name_of(data) == name][-1].decode()
    found = re.search(r"m=audio \d+ RTP/AVP ([\d ]+?) 101\r", body)
    assert found is not None
    return found[1]


def law(leg: Leg) -> str:
    assert leg.remote is not None
    return leg.remote.codec.name


# Codecs


@pytest.mark.parametrize(
    ("codecs", "offered"), [((), "8 0"), (("PCMU", "PCMA"), "0 8"), (U, "0"), (A, "8")], ids=str
)
def test_a_trunks_codecs_are_offered_in_its_order(codecs: tuple[CodecName, ...], offered: str) -> None:
    pair = pair_of(SessionPolicy(codecs=codecs))
    pair.call()
    assert formats(pair, "INVITE") == offered


@pytest.mark.parametrize(
    ("codecs", "taken"), [((), "PCMA"), (("PCMU", "PCMA"), "PCMU"), (U, "PCMU"), (A, "PCMA")], ids=str
)
def test_of_an_offer_the_first_of_the_trunks_codecs_is_taken(
    codecs: tuple[CodecName, ...], taken: str
) -> None:
    pair = pair_of(b=SessionPolicy(codecs=codecs))
    mine, theirs = pair.call()
    assert (law(mine), law(theirs)) == (taken, taken)
    assert formats(pair, "200 INVITE") == {"PCMA": "8", "PCMU": "0"}[taken]


def test_a_caller_without_any_of_the_trunks_codecs_is_not_turned_away() -> None:
    pair = pair_of(b=SessionPolicy(codecs=A))
    leg = pair.invite(local=ULAW_ALONE)
    pair.run()
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    pair.run()
    assert law(leg) == "PCMU"


def test_a_caller_who_leaves_the_offer_to_us_is_offered_the_trunks_codecs() -> None:
    pair = pair_of(b=SessionPolicy(codecs=U))
    late_offer(pair)
    theirs = pair.b.legs[0]
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    assert formats(pair, "200 INVITE") == "0"


def test_a_hold_asks_for_the_trunks_codecs_too() -> None:
    pair = pair_of(SessionPolicy(codecs=U))
    mine, _ = pair.call()
    mine.modify(pair.now, direction="sendonly")
    pair.run()
    assert formats(pair, "INVITE") == "0"
    assert [int(version) for version in re.findall(rb"o=- 11 (\d+)", b"".join(pair.sent))] == [1, 2]


def test_who_has_none_of_the_trunks_codecs_can_be_held() -> None:
    pair = pair_of(b=SessionPolicy(codecs=A))
    leg = pair.invite(local=ULAW_ALONE)
    pair.run()
    theirs = pair.b.legs[0]
    theirs.answer(pair.now, MEDIA_B)
    pair.run()
    theirs.modify(pair.now, direction="sendonly")
    pair.run()
    assert formats(pair, "INVITE") == "8 0"
    assert leg.remote is not None
    assert (law(leg), law(theirs), leg.remote.direction) == ("PCMU", "PCMU", "recvonly")


# Session timers


@pytest.mark.parametrize(
    ("refresher", "asked", "agreed"),
    [("any", "600", "600;refresher=uas"), ("us", "600;refresher=uac", "600;refresher=uac"),
     ("peer", "600;refresher=uas", "600;refresher=uas")],
)  # fmt: skip
def test_a_trunk_says_who_refreshes_calls_of_ours(refresher: Refresher, asked: str, agreed: str) -> None:
    pair = pair_of(SessionPolicy(session_s=600, refresher=refresher), SessionPolicy())
    pair.call()
    assert on_wire(pair, "INVITE", "Session-Expires") == [asked]
    assert on_wire(pair, "200 INVITE", "Session-Expires") == [agreed]


@pytest.mark.parametrize(("refresher", "agreed"), [("any", "uas"), ("us", "uas"), ("peer", "uac")])
def test_a_trunk_says_who_refreshes_calls_that_come_in(refresher: Refresher, agreed: str) -> None:
    pair = pair_of(SessionPolicy(session_s=1800), SessionPolicy(session_s=1800, refresher=refresher))
    pair.call()
    assert on_wire(pair, "200 INVITE", "Session-Expires") == [f"1800;refresher={agreed}"]


def test_a_caller_who_says_who_refreshes_is_heeded() -> None:
    pair = pair_of(b=SessionPolicy(refresher="peer"))
    pair.call({"Session-Expires": "1800;refresher=uas"})
    assert on_wire(pair, "200 INVITE", "Session-Expires") == ["1800;refresher=uas"]


def test_a_trunk_without_session_timers_never_hears_of_them() -> None:
    pair = pair_of(SessionPolicy(session_s=0), SessionPolicy(session_s=0))
    pair.call({"Session-Expires": "90"})
    assert {on_wire(pair, name, "Supported")[0] for name in ("INVITE", "200 INVITE")} == {
        SUPPORTED.replace("timer, ", "")
    }
    assert on_wire(pair, "200 INVITE", "Session-Expires") == []


def test_a_trunks_shortest_interval_is_told_to_who_asks_for_less() -> None:
    pair = pair_of(SessionPolicy(session_s=90), SessionPolicy(min_session_s=300))
    pair.invite()
    pair.run()
    assert on_wire(pair, "422 INVITE", "Min-SE") == ["300"]
    assert on_wire(pair, "INVITE", "Session-Expires") == ["90", "300"]


# Reliable provisional responses


@pytest.mark.parametrize(
    ("reliable", "pracked"), [("off", []), ("supported", ["183"]), ("required", ["180", "183"])]
)
def test_what_is_sent_reliably_to_a_trunk_that_supports_it(
    reliable: ReliablePolicy, pracked: list[str]
) -> None:
    pair = pair_of(b=SessionPolicy(reliable=reliable))
    pair.invite()
    pair.run()
    pair.b.legs[0].ring(pair.now)
    pair.run()
    pair.b.legs[0].progress(pair.now, MEDIA_B)
    pair.run()
    required = [name_of(data)[:3] for data in pair.sent if b"Require: 100rel" in data]
    assert required == pracked
    assert pair.wire.count("a PRACK") == len(pracked)


def test_ringing_is_not_reliable_to_who_left_the_offer_to_us() -> None:
    pair = pair_of(b=SessionPolicy(reliable="required"))
    late_offer(pair)
    theirs = pair.b.legs[0]
    theirs.ring(pair.now)
    pair.run()
    assert "b 180 INVITE" in pair.wire
    assert "a PRACK" not in pair.wire


def test_who_requires_it_gets_it_whatever_the_trunk_says() -> None:
    pair = pair_of(b=SessionPolicy(reliable="off"))
    pair.invite({"Require": "100rel"})
    pair.run()
    pair.b.legs[0].ring(pair.now)
    pair.run()
    assert "a PRACK" in pair.wire


def test_a_trunk_that_is_off_never_hears_of_it() -> None:
    pair = pair_of(SessionPolicy(reliable="off"))
    pair.call()
    assert on_wire(pair, "INVITE", "Supported") == [SUPPORTED.replace("100rel, ", "")]
    assert on_wire(pair, "INVITE", "Require") == []


def test_a_trunk_that_needs_it_is_asked_for_it() -> None:
    pair = pair_of(SessionPolicy(reliable="required"))
    pair.call()
    assert on_wire(pair, "INVITE", "Require") == ["100rel"]


def test_who_refuses_what_we_require_is_called_without_it() -> None:
    pair = pair_of(SessionPolicy(session_s=0, reliable="required"))
    leg = pair.invite()
    (invite,) = pair.a.ua.outgoing()
    request = parse(invite.data)
    assert isinstance(request, Request)
    assert request.get("require") == "100rel"
    pair.a.ua.receive(bytes(reply(request, 420, tag="x")), pair.flow_a, pair.now)
    pair.run()
    pair.b.legs[0].answer(pair.now, MEDIA_B)
    pair.run()
    assert pair.a.last(Answered) == Answered(leg)
    assert on_wire(pair, "INVITE", "Require") == []
