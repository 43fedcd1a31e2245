"""Calls secured by SRTP: who offers what, who agrees to what, and how keys live on through a call."""

from __future__ import annotations

import re
from itertools import count, product

import pytest

from ntpd112.sip.crypto_attribute import Crypto, SrtpPolicy
from ntpd112.sip.events import Cause, Ended, Failed, IncomingCall, MediaChanged, Refused
from ntpd112.sip.leg import Leg
from ntpd112.sip.message import Response
from ntpd112.sip.parser import parse
from ntpd112.sip.sdp import RemoteMedia, make_offer, parse_sdp
from ntpd112.sip.session_policy import SessionPolicy

from .pair import MEDIA_A, MEDIA_B, Pair, name_of
from .test_leg_modify import replace_body

POLICIES: tuple[SrtpPolicy, ...] = ("off", "preferred", "required")
KEY_A = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
KEY_B = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC"
LINE = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY_A}"


def secured(a: SrtpPolicy = "preferred", b: SrtpPolicy = "preferred") -> Pair:
    """What calls of a offer, and what b's trunk wants."""
    pair = Pair()
    policies = [SessionPolicy(srtp=srtp, session_s=0) for srtp in (a, b)]
    pair.policy, pair.b.trunk.policy = policies
    return pair


def media_of(leg: Leg) -> RemoteMedia:
    assert leg.remote is not None
    return leg.remote


def body(pair: Pair, start: bytes) -> str:
    """Of the last message sent that begins so."""
    return [data for data in pair.sent if data.startswith(start)][-1].partition(b"\r\n\r\n")[2].decode()


def keys_of(text: str) -> list[str]:
    return re.findall(r"inline:(\S+)", text)


def sdp(*lines: str) -> bytes:
    head = ("v=0", "o=- 9 9 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0")
    return "".join(f"{line}\r\n" for line in (*head, *lines)).encode()


@pytest.mark.parametrize(("a", "b"), [*product(POLICIES, POLICIES)])
def test_a_call_is_as_secure_as_both_want_it_or_is_refused(a: SrtpPolicy, b: SrtpPolicy) -> None:
    pair = secured(a, b)
    mine = pair.invite()
    pair.run()
    if {a, b} == {"off", "required"}:
        failed = pair.a.last(Failed)
        assert isinstance(failed, Failed)
        assert failed.cause.sip_code == 488
        return
    pair.b.legs[-1].answer(pair.now, MEDIA_B)
    pair.run()
    one, other = media_of(mine), media_of(pair.b.legs[-1])
    if "off" in (a, b):
        assert (one.secured, other.secured) == (None, None)
    else:
        assert one.secured is not None
        assert other.secured is not None
        assert (one.secured.ours, one.secured.theirs) == (other.secured.theirs, other.secured.ours)
        assert one.secured.ours != one.secured.theirs


class TestOffers:
    def test_preferred_is_plain_rtp_with_a_key(self) -> None:
        pair = secured("preferred")
        pair.invite()
        pair.run()
        offer = body(pair, b"INVITE")
        assert "RTP/AVP 8 0 101" in offer
        assert len(keys_of(offer)) == 1

    def test_required_is_nothing_but_secured(self) -> None:
        pair = secured("required")
        pair.invite()
        pair.run()
        assert "RTP/SAVP 8 0 101" in body(pair, b"INVITE")

    def test_off_says_nothing_of_keys(self) -> None:
        pair = secured("off")
        pair.invite()
        pair.run()
        assert "crypto" not in body(pair, b"INVITE")

    def test_who_refuses_plain_rtp_with_a_key_is_offered_nothing_but_secured(self) -> None:
        pair = secured("preferred")
        mine = pair.invite()
        pair.run()
        first = body(pair, b"INVITE")
        pair.b.legs[-1].reject(pair.now, 488)
        pair.run()
        second = body(pair, b"INVITE")
        assert "RTP/SAVP 8 0 101" in second
        assert keys_of(second) == keys_of(first)
        pair.b.legs[-1].answer(pair.now, MEDIA_B)
        pair.run()
        assert media_of(mine).secured is not None

    @pytest.mark.parametrize(("policy", "offers"), [("off", 1), ("preferred", 2), ("required", 1)])
    def test_who_refuses_that_too_is_not_asked_again(self, policy: SrtpPolicy, offers: int) -> None:
        pair = secured(policy)
        pair.invite()
        pair.run()
        for _ in range(offers):
            assert not pair.a.events
            pair.b.legs[-1].reject(pair.now, 488)
            pair.run()
        failed = pair.a.last(Failed)
        assert isinstance(failed, Failed)
        assert failed.cause.sip_code == 488
        assert len({data for data in pair.sent if data.startswith(b"INVITE")}) == offers

    @pytest.mark.parametrize(
        "lines",
        [
            ("m=audio 5000 RTP/SAVP 8",),
            ("m=audio 5000 RTP/AVP 8",),
            ("m=audio 5000 RTP/SAVP 8", LINE.replace("_80", "_32")),
            ("m=audio 5000 RTP/SAVP 8", LINE.replace("crypto:1", "crypto:2")),
            ("m=audio 5000 RTP/SAVP 8", LINE + "|2^20|1:4"),
        ],
    )
    def test_an_answer_that_does_not_secure_what_must_be_ends_the_call(self, lines: tuple[str, ...]) -> None:
        pair = secured("required")
        pair.invite()
        pair.run()
        pair.b.legs[-1].answer(pair.now, MEDIA_B)
        pair.b.gather()
        answer_with(pair, sdp(*lines))
        pair.run()
        ended = pair.a.last(Failed)
        assert isinstance(ended, Failed)
        assert ended.cause.sip_code == 488
        assert "SRTP is required here" in ended.cause.text or "is no answer to 1 " in ended.cause.text


def answer_with(pair: Pair, answer: bytes) -> None:
    """What b sends next has this body."""
    pair.a, pair.b = pair.b, pair.a
    replace_body(pair, "200 INVITE", answer)
    pair.a, pair.b = pair.b, pair.a


def invite_with(pair: Pair, *lines: str) -> Response:
    """a's INVITE has these lines; b's last answer to it, which it answers if it takes the call."""
    pair.invite()
    replace_body(pair, "INVITE", sdp(*lines))
    pair.run()
    if pair.b.legs:
        pair.b.legs[-1].answer(pair.now, MEDIA_B)
        pair.run()
    answers = [data for data in pair.sent if name_of(data).endswith(" INVITE")]
    answer = parse(answers[-1])
    assert isinstance(answer, Response)
    return answer


class TestAnswers:
    @pytest.mark.parametrize("policy", ["preferred", "required"])
    @pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/AVP"])
    @pytest.mark.parametrize("suite", ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"])
    def test_the_profile_tag_and_suite_are_those_of_the_offer(
        self, policy: SrtpPolicy, profile: str, suite: str
    ) -> None:
        pair = secured(b=policy)
        strange = f"a=crypto:1 AEAD_AES_256_GCM inline:{KEY_B}"
        answer = invite_with(
            pair, f"m=audio 4000 {profile} 8", strange, f"a=crypto:7 {suite} inline:{KEY_A}|2^20"
        )
        text = answer.body.decode()
        assert f"m=audio 5000 {profile} 8" in text
        assert re.search(rf"a=crypto:7 {suite} inline:[A-Za-z0-9+/]{{40}}\r\n", text)
        assert KEY_A not in text

    def test_of_two_streams_the_secured_one_is_taken(self) -> None:
        answer = invite_with(
            secured(b="preferred"), "m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/SAVP 8", LINE
        ).body.decode()
        assert "m=audio 0 RTP/AVP 8" in answer
        assert "m=audio 5000 RTP/SAVP 8" in answer

    def test_where_srtp_is_off_the_plain_one_is(self) -> None:
        answer = invite_with(
            secured(b="off"), "m=audio 4002 RTP/SAVP 8", LINE, "m=audio 4000 RTP/AVP 8"
        ).body.decode()
        assert "m=audio 0 RTP/SAVP 8" in answer
        assert "m=audio 5000 RTP/AVP 8" in answer
        assert "crypto" not in answer

    def test_a_key_that_cannot_be_used_makes_a_plain_call_where_that_will_do(self) -> None:
        answer = invite_with(secured(b="preferred"), "m=audio 4000 RTP/AVP 8", LINE + "|1:4").body.decode()
        assert "m=audio 5000 RTP/AVP 8" in answer
        assert "crypto" not in answer

    @pytest.mark.parametrize(
        ("policy", "lines", "why"),
        [
            ("required", ("m=audio 4000 RTP/AVP 8",), "SRTP is required"),
            ("required", ("m=audio 4000 RTP/SAVP 8", LINE + "|1:4"), "MKI"),
            ("preferred", ("m=audio 4000 RTP/SAVP 8", LINE + "|1:4"), "MKI"),
            ("preferred", ("m=audio 4000 RTP/SAVP 8",), "no a=crypto"),
            ("off", ("m=audio 4000 RTP/SAVP 8", LINE), "SRTP is off"),
        ],
    )
    def test_what_cannot_be_is_488_with_the_reason_in_words_and_never_the_key(
        self, policy: SrtpPolicy, lines: tuple[str, ...], why: str
    ) -> None:
        pair = secured("off", policy)
        answer = invite_with(pair, *lines)
        assert answer.code == 488
        assert why in (answer.get("warning") or "")
        refused = pair.b.last(Refused)
        assert isinstance(refused, Refused)
        assert why in refused.reason
        assert KEY_A not in f"{answer.fields} {refused}"
        assert pair.b.trunk.calls == 0


class TestThroughTheCall:
    @pytest.mark.parametrize("holder", ["caller", "called"])
    @pytest.mark.parametrize("policy", ["preferred", "required"])
    def test_hold_and_resume_keep_profile_and_keys(self, policy: SrtpPolicy, holder: str) -> None:
        pair = secured(policy, policy)
        mine, theirs = pair.call()
        before = media_of(mine).secured, media_of(theirs).secured
        one = mine if holder == "caller" else theirs
        for direction, held in (("sendonly", True), ("sendrecv", False)):
            one.modify(pair.now, direction=direction)  # type: ignore[arg-type]
            pair.run()
            assert (media_of(mine).secured, media_of(theirs).secured) == before
            other = theirs if one is mine else mine
            assert media_of(other).held is held
            profile = "RTP/SAVP" if policy == "required" else "RTP/AVP"
            assert f" {profile} " in body(pair, b"INVITE")

    def test_a_new_key_of_the_peer_is_answered_by_a_new_one(self) -> None:
        """Its counters begin anew, and some peers' do in both directions."""
        pair = secured()
        mine, theirs = pair.call()
        before = media_of(theirs).secured
        mine.modify(pair.now)
        replace_body(pair, "INVITE", sdp("m=audio 4000 RTP/AVP 8", f"{LINE[:-40]}{KEY_B}"))
        pair.run()
        after = media_of(theirs).secured
        assert before is not None
        assert after is not None
        assert after.theirs == b"B" * 30
        assert after.ours != before.ours

    def test_another_suite_takes_a_new_key(self) -> None:
        """Both suites make the same keystream of a key."""
        pair = secured()
        mine, theirs = pair.call()
        before = media_of(theirs).secured
        assert before is not None
        again = Crypto(1, "AES_CM_128_HMAC_SHA1_32", before.theirs)
        mine.modify(pair.now)
        replace_body(pair, "INVITE", sdp("m=audio 4000 RTP/AVP 8", f"a=crypto:{again}"))
        pair.run()
        after = media_of(theirs).secured
        assert after is not None
        assert after.suite == again.suite
        assert after.ours != before.ours
        theirs.modify(pair.now)
        pair.run()
        assert f"a=crypto:1 {again.suite} " in body(pair, b"INVITE")

    def test_where_it_is_preferred_a_call_may_become_plain_and_secured_again_by_a_new_key(self) -> None:
        pair = secured()
        mine, theirs = pair.call()
        first = media_of(theirs).secured
        for lines, is_secured in (
            (("m=audio 4000 RTP/AVP 8",), False),
            (("m=audio 4000 RTP/AVP 8", LINE), True),
        ):
            mine.modify(pair.now)
            replace_body(pair, "INVITE", sdp(*lines))
            pair.run()
            assert (media_of(theirs).secured is not None) is is_secured
        again = media_of(theirs).secured
        assert first is not None
        assert again is not None
        assert again.ours != first.ours

    def test_where_it_is_required_a_change_to_plain_is_refused_and_the_call_goes_on(self) -> None:
        pair = secured("required", "required")
        mine, theirs = pair.call()
        before = media_of(theirs)
        mine.modify(pair.now)
        replace_body(pair, "INVITE", sdp("m=audio 4000 RTP/AVP 8"))
        pair.run()
        assert any(data.startswith(b"SIP/2.0 488") for data in pair.sent)
        assert media_of(theirs) == before
        assert theirs.state == mine.state == "established"

    def test_a_caller_who_leaves_the_offer_to_us_is_offered_srtp_too(self) -> None:
        pair = secured(b="required")
        mine = pair.invite()
        replace_body(pair, "INVITE", b"")
        pair.run()
        assert isinstance(pair.b.last(IncomingCall), IncomingCall)
        pair.b.legs[-1].answer(pair.now, MEDIA_B)
        pair.b.gather()
        (offer,) = [one.data for one in pair.b.ua.core.outgoing]
        assert b"RTP/SAVP" in offer
        assert len(keys_of(offer.decode())) == 1
        mine.hang_up(pair.now, Cause(200, 16))

    def test_a_failed_call_leaves_nothing(self) -> None:
        pair = secured("off", "required")
        pair.invite()
        pair.run()
        pair.settle()
        assert pair.a.leaks == pair.b.leaks == (0, 0, 0)

    def test_what_happened_can_be_logged_without_giving_keys_away(self) -> None:
        pair = secured()
        pair.call()
        pair.b.legs[-1].hang_up(pair.now, Cause(200, 16))
        pair.run()
        assert isinstance(pair.a.last(Ended), Ended)
        seen = " ".join(repr(event) for side in (pair.a, pair.b) for event in side.events)
        assert MediaChanged.__name__ in seen
        for key in keys_of(body(pair, b"INVITE")):
            assert key not in seen
        assert not re.search(r"theirs=b|ours=b", seen)


def test_a_description_with_more_keys_than_anybody_has_is_read_in_part() -> None:
    numbers = count(1)
    lines = [LINE.replace("crypto:1", f"crypto:{next(numbers)}") for _ in range(100)]
    (stream,) = parse_sdp(sdp("m=audio 4000 RTP/SAVP 8", *lines)).streams
    assert [crypto.tag for crypto in stream.cryptos] == list(range(1, 17))


def test_a_plain_offer_is_as_it_was() -> None:
    assert b"crypto" not in make_offer(MEDIA_A)
