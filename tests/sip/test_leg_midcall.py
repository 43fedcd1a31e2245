"""Keys in INFO, and the question whether the peer of a call is still there."""

from __future__ import annotations

import pytest

from ntpd112.sip.events import Ended, InfoDtmf, Probed
from ntpd112.sip.leg import LOST, Leg
from ntpd112.sip.message import Response
from ntpd112.sip.midcall import PATIENCE_S
from ntpd112.sip.modify import ModifiableLeg

from .pair import Pair, name_of
from .test_leg_calls import BYE, assert_nothing_left, drop_all, drop_first


def info(pair: Pair, leg: Leg, content_type: str, body: bytes) -> int:
    """The answer's code."""
    got: list[Response] = []
    assert leg.dialog is not None
    headers = {"content-type": [content_type]}
    leg._request(leg.dialog, "INFO", headers, lambda response, now: got.append(response), pair.now, body)
    pair.run()
    return got[-1].code


def test_a_key_in_info_is_told_once_though_repeated_on_the_wire() -> None:
    pair = Pair(judge=lambda data: "twice" if name_of(data) == "INFO" else "pass")
    mine, theirs = pair.call()
    assert info(pair, mine, "application/dtmf-relay", b"Signal=9\r\nDuration=160\r\n") == 200
    assert pair.b.events[-1] == InfoDtmf(theirs, "9")
    assert pair.b.story().count("InfoDtmf") == 1


def test_an_info_about_anything_else_is_taken_and_passed_over() -> None:
    pair = Pair()
    mine, theirs = pair.call()
    assert info(pair, mine, "application/media_control+xml", b"<x/>") == 200
    assert info(pair, mine, "application/dtmf", b"\xff" * 10_000) == 200
    assert "InfoDtmf" not in pair.b.story()
    assert theirs.state == "established"


# --- probe


@pytest.mark.parametrize("side", ["inbound", "outbound"])
def test_a_peer_that_is_there_answers(side: str) -> None:
    pair = Pair()
    mine, theirs = pair.call()
    leg, events = (theirs, pair.b.events) if side == "inbound" else (mine, pair.a.events)
    leg.probe(pair.now)
    leg.probe(pair.now)
    pair.run()
    assert events[-1] == Probed(leg, True)
    names = [entry.partition(" ")[2] for entry in pair.take_wire()]
    assert names[-2:] == ["OPTIONS", "200 OPTIONS"]
    assert names.count("OPTIONS") == 1
    leg.probe(pair.now)
    pair.run()
    assert sum(isinstance(event, Probed) for event in events) == 2
    leg.hang_up(pair.now, BYE)
    pair.run()
    assert_nothing_left(pair)


@pytest.mark.parametrize("code", [404, 405, 486, 500, 501, 503, 603])
def test_any_refusal_shows_that_somebody_is_there(code: int) -> None:
    pair, theirs = answering(code)
    assert pair.b.events[-1] == Probed(theirs, True)
    assert theirs.state == "established"


@pytest.mark.parametrize("code", [408, 481])
def test_who_refuses_the_question_but_takes_a_refresh_has_the_call(code: int) -> None:
    pair, theirs = answering(code)
    assert pair.b.events[-1] == Probed(theirs, False)
    assert pair.take_wire()[-2:] == ["b UPDATE", "a 200 UPDATE"]
    assert theirs.state == "established"


@pytest.mark.parametrize("code", [408, 481])
def test_a_peer_that_has_lost_the_call_ends_it(code: int) -> None:
    pair, theirs = answering(code, refresh=code)
    assert pair.b.events[-2] == Probed(theirs, False)
    ended = pair.b.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.leg, ended.by, ended.cause.sip_code) == (theirs, "lost", code)


def answering(code: int, refresh: int = 0) -> tuple[Pair, Leg]:
    """b has probed a, which answered OPTIONS with `code`, and UPDATE with `refresh`, if that is not 0."""
    pair = Pair()
    mine, theirs = pair.call()
    assert isinstance(mine, ModifiableLeg)
    mine._on_options = lambda transaction, now: mine._respond(transaction, code, now)  # type: ignore[method-assign]
    if refresh:
        mine._on_update = lambda transaction, now: mine._respond(transaction, refresh, now)  # type: ignore[method-assign]
    theirs.probe(pair.now)
    pair.run()
    return pair, theirs


def test_who_never_answers_options_is_there_if_a_refresh_is_answered() -> None:
    pair = Pair(judge=drop_all("OPTIONS"))
    _, theirs = pair.call()
    theirs.probe(pair.now)
    pair.pass_time(PATIENCE_S - 1)
    assert "b UPDATE" not in pair.wire
    pair.pass_time(60)
    assert pair.wire.count("b UPDATE") == 1
    assert theirs.state == "established"


def test_a_peer_without_update_is_asked_by_reinvite() -> None:
    pair = Pair(judge=drop_all("OPTIONS"))
    pair.call({"Allow": "INVITE, ACK, BYE, CANCEL"})
    theirs = pair.b.legs[0]
    theirs.probe(pair.now)
    pair.pass_time(60)
    others = [entry for entry in pair.take_wire() if "OPTIONS" not in entry]
    assert others[-3:] == ["b INVITE", "a 200 INVITE", "b ACK"]
    assert theirs.state == "established"


def test_a_peer_that_is_gone_is_lost_within_40_seconds() -> None:
    gone = False
    pair = Pair(judge=lambda data: "drop" if gone else "pass")
    _, theirs = pair.call()
    gone = True
    theirs.probe(pair.now)
    pair.pass_time(PATIENCE_S + 31)
    assert theirs.state == "established"
    pair.pass_time(2)
    assert pair.b.story()[-2:] == ["Probed", "Ended"]
    ended = pair.b.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.by, ended.cause.sip_code) == ("lost", 408)
    pair.settle()
    assert pair.b.leaks == (0, 0, 0)


@pytest.mark.parametrize("after", [PATIENCE_S - 1, PATIENCE_S + 20])
def test_a_peer_that_answers_nothing_is_there_if_it_is_heard_again(after: float) -> None:
    pair = Pair(judge=drop_all("OPTIONS", "UPDATE"))
    _, theirs = pair.call()
    theirs.probe(pair.now)
    pair.pass_time(after)
    theirs.heard()
    pair.pass_time(60)
    assert pair.b.events[-1] == Probed(theirs, False)
    theirs.probe(pair.now)
    pair.pass_time(60)
    assert theirs.state == "ended"


def test_being_heard_excuses_no_refresh_that_the_session_timer_asked_for() -> None:
    pair = Pair(judge=drop_all("UPDATE"))
    _, theirs = pair.call()
    theirs.heard()
    theirs._refresh(pair.now)
    pair.pass_time(60)
    assert theirs.state == "ended"


def test_a_network_that_is_away_for_a_moment_ends_nothing() -> None:
    pair = Pair()
    _, theirs = pair.call()
    cannot_send(pair, theirs)
    assert theirs.state == "established"
    theirs.probe(pair.now)
    pair.run()
    cannot_send(pair, theirs)
    assert theirs.state == "established"
    cannot_send(pair, theirs)
    ended = pair.b.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.by, ended.cause) == ("lost", LOST)


def cannot_send(pair: Pair, leg: Leg) -> None:
    """b probes while nothing can be sent."""
    leg.probe(pair.now)
    while out := pair.b.ua.outgoing():
        for one in out:
            pair.b.ua.send_failed(one, pair.now)
    pair.b.gather()


def test_a_lost_question_is_repeated() -> None:
    pair = Pair(judge=drop_first("OPTIONS"))
    _, theirs = pair.call()
    theirs.probe(pair.now)
    pair.pass_time(1)
    assert pair.b.events[-1] == Probed(theirs, True)


def test_an_answer_after_the_end_says_nothing_more() -> None:
    pair = Pair()
    _, theirs = pair.call()
    theirs.probe(pair.now)
    theirs.hang_up(pair.now, BYE)
    pair.run()
    assert isinstance(pair.b.events[-1], Ended)
    theirs.probe(pair.now)
    assert pair.b.ua.outgoing() == []


def test_a_call_that_is_not_answered_is_not_probed() -> None:
    pair = Pair()
    mine = pair.invite()
    pair.run()
    pair.take_wire()
    mine.probe(pair.now)
    pair.b.legs[0].probe(pair.now)
    pair.run()
    assert pair.take_wire() == []
