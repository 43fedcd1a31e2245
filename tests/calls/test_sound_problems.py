"""What is wrong with the sound of a call is in the journal, with who suffers and since when."""

from __future__ import annotations

from typing import Any

from tests.calls.desk import Desk, FakeLeg

from ntpd112.journal.events import MediaProblem
from ntpd112.media.events import Learned, Lossy, NoAudio, Replayed, Stranger, Unauthentic, WorkerLost

CALLER, OPERATOR = 1, 2
"Media legs, as the desk opens them."


def talk(desk: Desk) -> FakeLeg:
    desk.register("budi")
    caller = desk.call()
    desk.pick_up("budi")
    return caller


def hear(desk: Desk, *events: Any) -> list[MediaProblem]:
    desk.media.pending += events
    desk.happen()
    return [event for event in desk.written if isinstance(event, MediaProblem)]


def test_a_party_that_is_never_heard_beside_one_that_is_means_one_way_audio() -> None:
    desk = Desk()
    talk(desk)
    (problem,) = hear(desk, Learned(CALLER, "127.0.0.2", 6000), NoAudio(OPERATOR, 5.0, never=True))
    assert (problem.party, problem.name, problem.leg) == ("operator", "budi", 1)
    assert (problem.kind, problem.for_s) == ("one_way", 5.0)
    assert desk.context.tally.media_problems == {"one_way": 1}


def test_when_nobody_is_heard_it_is_no_sound_at_all() -> None:
    desk = Desk()
    talk(desk)
    problems = hear(desk, NoAudio(CALLER, 5.0, never=True), NoAudio(OPERATOR, 5.0, never=True))
    assert [(one.party, one.kind) for one in problems] == [("caller", "no_rtp"), ("operator", "no_rtp")]


def test_who_was_heard_before_has_fallen_silent() -> None:
    desk = Desk()
    talk(desk)
    (problem,) = hear(desk, Learned(CALLER, "127.0.0.2", 6000), NoAudio(CALLER, 5.0))
    assert problem.kind == "silence"


def test_a_caller_who_was_not_answered_need_not_send_anything() -> None:
    desk = Desk(answer="ring")
    desk.register("budi")
    desk.call()
    assert hear(desk, NoAudio(CALLER, 5.0, never=True)) == []


def test_addresses_are_told() -> None:
    desk = Desk()
    talk(desk)
    natted = Learned(OPERATOR, "198.51.100.7", 61000, instead_of="10.0.0.5:4000")
    nat, stranger = hear(desk, natted, Stranger(CALLER, "2001:db8::9", 999))
    assert (nat.kind, nat.source, nat.expected) == ("nat", "198.51.100.7:61000", "10.0.0.5:4000")
    assert (stranger.kind, stranger.party, stranger.source) == ("stranger", "caller", "[2001:db8::9]:999")


def test_each_kind_is_noted_once_however_often_it_comes() -> None:
    desk = Desk()
    talk(desk)
    problems = hear(desk, *[NoAudio(CALLER, 5.0), Lossy(CALLER, 12)] * 100)
    assert [(one.kind, one.percent) for one in problems] == [("silence", 0), ("loss", 12)]


def test_what_srtp_throws_away_is_noted_with_its_reason() -> None:
    desk = Desk()
    talk(desk)
    problems = hear(desk, Unauthentic(CALLER, 5), Replayed(OPERATOR, 30))
    assert [(one.kind, one.party) for one in problems] == [("wrong_key", "caller"), ("replay", "operator")]


def test_nothing_is_remembered_of_legs_that_are_gone() -> None:
    desk = Desk()
    caller = talk(desk)
    hear(desk, Learned(CALLER, "127.0.0.2", 6000), NoAudio(OPERATOR, 5.0, never=True))
    desk.hang_up(caller)
    problems = desk.control._sound_problems
    assert (problems._heard, problems._noted) == (set(), {})
    hear(desk, Learned(77, "127.0.0.2", 6000), WorkerLost(0, [77]))
    assert problems._heard == set()
