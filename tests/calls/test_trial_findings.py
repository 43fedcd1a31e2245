"""What the facts of a test call mean in words."""

from __future__ import annotations

from typing import Any

import pytest

from ntpd112.calls.trial_causes import NO_CALL, refusal_means
from ntpd112.calls.trial_findings import findings
from ntpd112.calls.trial_views import Finding, TrialFacts

WELL: dict[str, Any] = {
    "shown": "sip:0318411112@192.0.2.10",
    "asserted": "",
    "offered": ["PCMA", "PCMU"],
    "srtp": "off",
    "session_asked_s": 1800,
    "first_answer_ms": 10.0,
    "ringing_ms": 140.0,
    "answered_ms": 2_000.0,
    "code": 200,
    "phrase": "OK",
    "codec": "PCMA",
    "dtmf": True,
    "session_s": 1800,
    "refresher": "we",
    "sound_to": "10.1.0.5:4000",
    "sound_from": "10.1.0.5:4000",
    "first_sound_ms": 2_040.0,
    "packets": 400,
    "speech": True,
    "their_lost": 0,
    "bye_code": 200,
    "ended_by": "we",
}


def found(about: str, **facts: Any) -> Finding:
    return next(one for one in findings(TrialFacts(**(WELL | facts))) if one.about == about)


def test_of_a_call_without_fault_nothing_is_bad_or_worth_a_note() -> None:
    assert {one.verdict for one in findings(TrialFacts(**WELL))} == {"fine"}


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (302, "sends us elsewhere"),
        (401, "asks for a password"),
        (403, "source address is not among those it lets in"),
        (404, "in this form"),
        (407, "asks for a password"),
        (433, "does not take this call from us"),
        (484, "digits are missing"),
        (486, "busy"),
        (488, "no codec in common"),
        (503, "no line free"),
        (599, "ask its operators"),
        (603, "declined"),
    ],
)
def test_what_is_likely_behind_a_refusal(code: int, cause: str) -> None:
    assert cause in refusal_means(code)


def test_a_refusal_stops_the_table_where_nothing_more_is_known() -> None:
    table = findings(
        TrialFacts(**(WELL | {"answered_ms": None, "code": 503, "phrase": "Busy Lines", "codec": ""}))
    )
    assert [one.about for one in table] == ["answer", "our number"]
    assert table[0].says.startswith("503 Busy Lines: it has no line free")


def test_a_wrong_password_is_told_instead_of_what_the_code_may_mean() -> None:
    said = found("answer", answered_ms=None, code=401, phrase="Unauthorized", failed="password is wrong").says
    assert said == "401 Unauthorized: password is wrong"


def test_what_stopped_us_on_our_side_is_told() -> None:
    said = found(
        "answer", answered_ms=None, code=0, first_answer_ms=None, failed="certificate has expired"
    ).says
    assert said.startswith("certificate has expired")


def test_a_gateway_that_only_says_100_has_no_route() -> None:
    facts = {"answered_ms": None, "ringing_ms": None, "code": 0, "given_up": "no_answer"}
    assert found("answer", **facts).says.startswith("it took the call (100) and nothing came after")


@pytest.mark.parametrize("why", NO_CALL)
def test_a_test_call_that_was_given_up_proves_nothing(why: Any) -> None:
    assert found("answer", answered_ms=None, code=487, given_up=why).verdict == "bad"


@pytest.mark.parametrize(
    ("about", "facts", "verdict", "says"),
    [
        (
            "answer",
            {"ringing_ms": 9_000.0},
            "note",
            "it rang after 9.0 s (post-dial delay): callers take that",
        ),
        ("keys", {"dtmf": False}, "note", "no telephone-event"),
        ("SRTP", {"srtp": "preferred"}, "note", 'plain RTP, though `srtp = "preferred"`'),
        ("SRTP", {"srtp": "required", "secured": "AES_CM_128_HMAC_SHA1_80"}, "fine", "AES_CM_128"),
        ("early media", {"early_media": True, "reliable": True}, "fine", "before the answer; reliable"),
        ("session timer", {"session_s": 0}, "note", "none agreed on"),
        ("session timer", {"session_s": 0, "session_asked_s": 0}, "fine", "as the trunk is configured"),
        (
            "sound from there",
            {"packets": 0, "unauthentic": 50},
            "bad",
            "50 packets were not secured by the key",
        ),
        ("sound from there", {"lost": 40}, "bad", "40 lost"),
        ("sound from there", {"jitter_ms": 45.0}, "note", "voice may be choppy"),
        (
            "sound from there",
            {"first_sound_ms": 4_500.0},
            "note",
            "the first 2.5 s after the answer: the first word",
        ),
        ("sound from there", {"first_sound_ms": 500.0}, "fine", "the first before the answer"),
        ("heard", {"speech": False}, "note", "no speech: a tone"),
        ("sound to there", {"packets": 3_000, "their_lost": 20}, "fine", "20 packets lost"),
        ("its address", {"sound_from": "10.1.0.5:61000"}, "note", "a NAT changes its port"),
        ("its address", {"sound_from": "203.0.113.9:4000"}, "note", "an inner address"),
        ("sound to there", {"their_lost": 60}, "bad", "60 packets lost"),
        ("hanging up", {"bye_code": 481}, "bad", "answered 481"),
        ("hanging up", {"bye_code": 0}, "bad", "not answered"),
        ("hanging up", {"ended_by": "lost", "failed": "No answer"}, "bad", "the call was lost"),
    ],
)
def test_what_is_worth_a_note_and_what_is_bad(
    about: str, facts: dict[str, Any], verdict: str, says: str
) -> None:
    one = found(about, **facts)
    assert one.verdict == verdict
    assert says in one.says
