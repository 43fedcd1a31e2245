"""Session timers (RFC 4028): who refreshes, by what, and what a missing refresh does."""

from __future__ import annotations

import re

import pytest

from ntpd112.sip.agent import UaConfig
from ntpd112.sip.events import Ended
from ntpd112.sip.message import Request, Response
from ntpd112.sip.session_policy import Refresher, SessionPolicy
from ntpd112.sip.session_timer import MAX_INTERVAL, SessionTimer, TooSmall
from ntpd112.sip.timers import Timers

from .pair import Pair, name_of
from .test_leg_calls import BYE, assert_nothing_left, drop_first

SHORT = UaConfig(policy=SessionPolicy(session_s=90))
NONE = UaConfig(policy=SessionPolicy(session_s=0))


def on_wire(pair: Pair, name: str, header: str) -> list[str]:
    found = [re.search(rf"{header}: ([^\r]*)".encode(), data) for data in pair.sent if name_of(data) == name]
    return [match[1].decode() for match in found if match]


def test_the_called_side_refreshes_by_update_unless_asked_otherwise() -> None:
    pair = Pair(a=SHORT, b=SHORT)
    mine, _ = pair.call()
    assert on_wire(pair, "INVITE", "Session-Expires") == ["90"]
    assert on_wire(pair, "200 INVITE", "Session-Expires") == ["90;refresher=uas"]
    pair.take_wire()
    pair.pass_time(100)
    assert pair.take_wire() == ["b UPDATE", "a 200 UPDATE"] * 2
    assert on_wire(pair, "UPDATE", "Session-Expires") == ["90;refresher=uac"] * 2
    assert on_wire(pair, "200 UPDATE", "Session-Expires") == ["90;refresher=uac"] * 2
    mine.hang_up(pair.now, BYE)
    pair.run()
    assert_nothing_left(pair)


def test_the_caller_refreshes_when_it_asks_to() -> None:
    pair = Pair(a=SHORT, b=SHORT)
    pair.call({"Session-Expires": "90;refresher=uac"})
    assert on_wire(pair, "200 INVITE", "Require") == ["timer"]
    pair.take_wire()
    pair.pass_time(50)
    assert pair.take_wire() == ["a UPDATE", "b 200 UPDATE"]


def test_a_peer_without_update_is_refreshed_by_reinvite_with_the_same_description() -> None:
    pair = Pair(a=SHORT, b=SHORT)
    pair.call({"Allow": "INVITE, ACK, BYE, CANCEL"})
    pair.take_wire()
    pair.pass_time(50)
    assert pair.take_wire() == ["b INVITE", "a 200 INVITE", "b ACK"]
    assert pair.a.story().count("MediaChanged") == pair.b.story().count("MediaChanged") == 1


@pytest.mark.parametrize("lost", ["UPDATE", "200 UPDATE"])
def test_a_refresh_survives_a_lost_message(lost: str) -> None:
    pair = Pair(a=SHORT, b=SHORT)
    pair.call()
    pair.judge = drop_first(lost)
    pair.pass_time(500)
    assert pair.a.story()[-1] == "Answered"


def test_a_session_that_the_peer_does_not_refresh_is_lost() -> None:
    pair = Pair(a=SHORT, b=SHORT)
    mine, _ = pair.call()
    pair.b.ua.core.timers._heap.clear()
    pair.pass_time(61)
    ended = pair.a.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.leg, ended.by) == (mine, "lost")
    assert "a BYE" in pair.wire


def test_a_refresh_into_the_void_ends_both_sides_on_their_own() -> None:
    pair = Pair(a=SHORT, b=SHORT)
    pair.call()
    pair.judge = lambda data: "drop"
    pair.pass_time(200)
    for side in (pair.a, pair.b):
        ended = side.events[-1]
        assert isinstance(ended, Ended)
        assert ended.by == "lost"
    assert_nothing_left(pair)


def test_a_refresh_that_is_refused_is_tried_again_until_the_session_expires() -> None:
    pair = Pair(a=SHORT, b=SHORT)
    mine, theirs = pair.call()
    assert mine.dialog is not None
    mine.dialog.remote_seq = 1000
    pair.pass_time(59)
    assert pair.wire.count("a 500 UPDATE") == 2
    assert theirs.state == "established"
    pair.pass_time(2)
    assert pair.b.story()[-1] == "Ended"


def test_an_interval_below_our_minimum_is_refused_and_asked_again_with_more() -> None:
    pair = Pair(
        a=UaConfig(policy=SessionPolicy(session_s=90)), b=UaConfig(policy=SessionPolicy(min_session_s=300))
    )
    pair.invite()
    pair.run()
    first = ["a INVITE", "b 100 INVITE", "b 422 INVITE", "a ACK"]
    assert pair.take_wire() == [*first, "a INVITE", "b 100 INVITE"]
    assert on_wire(pair, "422 INVITE", "Min-SE") == ["300"]
    assert on_wire(pair, "INVITE", "Session-Expires") == ["90", "300"]
    assert pair.b.trunk.calls == 1
    assert pair.b.story().count("IncomingCall") == 1


def test_a_reinvite_below_our_minimum_is_refused() -> None:
    pair = Pair(a=NONE, b=UaConfig(policy=SessionPolicy(min_session_s=300)))
    mine, _ = pair.call()
    assert mine.dialog is not None
    codes: list[int] = []
    headers = {"session-expires": ["90"], "supported": ["timer"]}
    mine._request(mine.dialog, "UPDATE", headers, lambda response, now: codes.append(response.code), pair.now)
    pair.run()
    assert codes == [422]


def test_no_timer_without_support_on_either_side() -> None:
    pair = Pair(a=NONE, b=SHORT)
    pair.call({"Supported": "100rel"})
    assert on_wire(pair, "200 INVITE", "Session-Expires") == []
    pair.take_wire()
    pair.pass_time(500)
    assert pair.take_wire() == []


# --- the negotiation by itself


def timer(refresher: Refresher = "any") -> SessionTimer:
    return SessionTimer(Timers(), SessionPolicy(refresher=refresher), lambda now: None, lambda now: None)


def request(**headers: str) -> Request:
    return Request("INVITE", "sip:a", fields={k.replace("_", "-"): [v] for k, v in headers.items()})


def test_a_longer_interval_than_ours_is_shortened_but_not_below_the_peers_minimum() -> None:
    one = timer()
    assert one.accept_request(request(session_expires="7200"), True)["session-expires"] == [
        "1800;refresher=uas"
    ]
    one = timer()
    long = request(session_expires="7200", min_se="3600")
    assert one.accept_request(long, True)["session-expires"] == ["3600;refresher=uas"]


def test_a_proxys_interval_for_a_peer_without_support_makes_us_refresh() -> None:
    one = timer()
    headers = one.accept_request(request(session_expires="60;refresher=uac"), False)
    assert headers == {"session-expires": ["60;refresher=uas"]}
    assert one.refresher


def test_too_small_is_only_for_who_understands_it() -> None:
    with pytest.raises(TooSmall, match="60"):
        timer().accept_request(request(session_expires="60"), True)


@pytest.mark.parametrize("junk", ["", "soon", "-5", ";refresher=uac", "٣"])
def test_a_garbled_interval_counts_as_none(junk: str) -> None:
    one = timer()
    assert one.accept_request(request(session_expires=junk), False) == {}
    assert one.accept_request(request(session_expires=junk), True)["session-expires"][0].startswith("1800")


def test_a_huge_interval_is_bounded() -> None:
    one = timer()
    one.accept_response(Response(200, "OK", fields={"session-expires": ["9" * 50 + ";refresher=uas"]}))
    assert one.interval == MAX_INTERVAL


def test_who_refreshes_keeps_doing_so() -> None:
    one = timer()
    one.accept_response(Response(200, "OK", fields={"session-expires": ["1800;refresher=uac"]}))
    assert one.refresher
    assert one.request_headers() == {"session-expires": ["1800;refresher=uac"]}
    assert one.accept_request(request(session_expires="1800"), True)["session-expires"] == [
        "1800;refresher=uas"
    ]
    assert one.refresher
    one.accept_request(request(session_expires="1800;refresher=uac"), True)
    assert not one.refresher
    assert one.request_headers() == {"session-expires": ["1800;refresher=uas"]}


def test_422_that_asks_for_no_more_is_not_asked_again() -> None:
    one = timer()
    assert not one.raise_to(Response(422, "Too Small", fields={"min-se": ["90"]}))
    assert not one.raise_to(Response(422, "Too Small"))
    assert one.raise_to(Response(422, "Too Small", fields={"min-se": ["3600"]}))
    assert one.request_headers() == {"session-expires": ["3600"], "min-se": ["3600"]}
