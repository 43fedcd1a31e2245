"""What becomes of an offer: answered, declined, let ring, withdrawn, failed."""

from collections.abc import Callable
from typing import Literal

import pytest
from tests.queue.hall import PAUSE, RING, WRAP_UP, Hall, cancels, changes, offers, plain

from ntpd112.queue import Ask, CancelOffer, IllegalEvent, QueuePolicy, StateChanged


def test_an_answered_call_is_followed_by_wrap_up_and_then_the_next_call_rings_at_once() -> None:
    hall = Hall({"ani": {}})
    assert plain(hall.call("c", now=1.0)) == [
        ("c", "ani", 1),
        StateChanged("ani", "ready", "ringing", "offered", "c"),
    ]
    hall.acd.offer_accepted("c", "ani", now=4.0)
    assert hall.acd.effects() == [StateChanged("ani", "ringing", "talking", "answered", "c")]
    assert hall.acd.call("c") is None
    assert hall.acd.operators_in("c") == ["ani"]
    assert hall.acd.next_timer() is None
    hall.call("d", now=5.0)
    hall.acd.call_finished("c", "ani", now=60.0)
    assert hall.acd.effects() == [StateChanged("ani", "talking", "wrap-up", "finished", "c")]
    assert hall.acd.next_timer() == 60.0 + WRAP_UP
    hall.acd.handle_timer(now=60.0 + WRAP_UP)
    assert plain(hall.acd.effects()) == [
        StateChanged("ani", "wrap-up", "ready", "wrap-up over"),
        ("d", "ani", 1),
        StateChanged("ani", "ready", "ringing", "offered", "d"),
    ]


def test_without_wrap_up_the_next_call_rings_when_the_last_one_ends() -> None:
    hall = Hall({"ani": {}}, wrap_up=0.0)
    hall.answered_call("c", "ani")
    hall.call("d", now=1.0)
    hall.acd.call_finished("c", "ani", now=2.0)
    assert offers(hall.acd.effects()) == [("d", "ani")]


def test_who_lets_a_call_ring_goes_to_break_and_the_call_to_the_next() -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.call("c", now=1.0)
    assert hall.acd.next_timer() == 1.0 + RING
    hall.acd.handle_timer(now=1.0 + RING)
    assert plain(hall.acd.effects()) == [
        CancelOffer("c", "ani", 1, "rona"),
        StateChanged("ani", "ringing", "break", "rona", "c"),
        ("c", "budi", 2),
        StateChanged("budi", "ready", "ringing", "offered", "c"),
    ]
    hall.acd.request_state("ani", "ready", now=20.0, reason="api")
    assert hall.state("ani") == "ready"


def test_rona_outlasts_a_phone_that_registers_anew() -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.call("c", now=0.0)
    hall.acd.handle_timer(now=RING)
    hall.acd.phone_lost("ani", now=20.0, reason="unreachable")
    hall.acd.phone_available("ani", now=21.0)
    assert changes(hall.acd.effects())[-2:] == [("ani", "offline", "unreachable"), ("ani", "break", "rona")]


@pytest.mark.parametrize("outcome", ["declined", "failed"])
def test_a_refused_call_goes_to_the_next_at_once_and_the_refuser_pauses(
    outcome: Literal["declined", "failed"],
) -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.call("c", now=1.0)
    hall.acd.offer_declined("c", "ani", now=2.0, outcome=outcome)
    assert plain(hall.acd.effects()) == [
        StateChanged("ani", "ringing", "wrap-up", outcome, "c"),
        ("c", "budi", 2),
        StateChanged("budi", "ready", "ringing", "offered", "c"),
    ]
    hall.acd.handle_timer(now=2.0 + PAUSE)
    assert changes(hall.acd.effects()) == [("ani", "ready", "wrap-up over")]


def test_with_nobody_else_a_declined_call_keeps_its_place_and_comes_back_after_the_pause() -> None:
    hall = Hall({"ani": {}})
    hall.call("c", now=1.0)
    hall.call("later", now=2.0)
    hall.acd.offer_declined("c", "ani", now=3.0)
    assert hall.waiting() == ["c", "later"]
    hall.acd.effects()
    hall.acd.handle_timer(now=3.0 + PAUSE)
    assert offers(hall.acd.effects()) == [("c", "ani")]


def test_a_decline_without_any_pause_still_offers_the_call_to_others_first() -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.acd.set_queue(QueuePolicy("112", RING, WRAP_UP, decline_pause=0.0))
    hall.call("c", now=1.0)
    hall.acd.offer_declined("c", "ani", now=2.0)
    assert offers(hall.acd.effects()) == [("c", "budi")]
    hall.acd.handle_timer(now=2.0)
    assert hall.state("ani") == "ready"


def test_a_caller_who_hangs_up_stops_the_ring_and_costs_the_operator_no_place() -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.call("c", now=1.0)
    hall.acd.withdraw("c", now=2.0)
    assert plain(hall.acd.effects()) == [
        CancelOffer("c", "ani", 1, "withdrawn"),
        StateChanged("ani", "ringing", "ready", "withdrawn", "c"),
    ]
    assert hall.acd.next_timer() is None
    assert offers(hall.call("d", now=3.0)) == [("d", "ani")]


def test_a_withdrawn_ring_is_followed_by_the_next_waiting_call() -> None:
    hall = Hall({"ani": {}})
    hall.call("c", now=1.0)
    hall.call("d", now=1.5)
    hall.acd.withdraw("c", now=2.0)
    effects = hall.acd.effects()
    assert [cancel.call_id for cancel in cancels(effects)] == ["c"]
    assert offers(effects) == [("d", "ani")]


def test_a_waiting_caller_who_hangs_up_is_offered_to_nobody() -> None:
    hall = Hall()
    hall.call("c", now=1.0)
    hall.acd.withdraw("c", now=2.0)
    hall.join("ani", now=3.0)
    assert offers(hall.acd.effects()) == []
    assert hall.acd.call("c") is None


def test_a_phone_lost_while_ringing_fails_the_offer_and_the_call_goes_on() -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.call("c", now=1.0)
    hall.acd.phone_lost("ani", now=2.0, reason="unreachable")
    assert plain(hall.acd.effects()) == [
        CancelOffer("c", "ani", 1, "failed"),
        StateChanged("ani", "ringing", "offline", "unreachable", "c"),
        ("c", "budi", 2),
        StateChanged("budi", "ready", "ringing", "offered", "c"),
    ]


def test_a_call_remembers_whom_it_was_offered_to() -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.call("c", now=0.0)
    hall.acd.offer_declined("c", "ani", now=1.0)
    hall.acd.offer_declined("c", "budi", now=2.0)
    hall.acd.handle_timer(now=1.0 + PAUSE)
    call = hall.acd.call("c")
    assert call is not None
    assert (call.made, call.offers) == (3, {"ani": 3})
    assert call.offered == {"ani": 2, "budi": 1}


def test_what_cannot_happen_names_operator_state_and_event_and_changes_nothing() -> None:
    hall = Hall({"ani": {}, "budi": {}})
    hall.answered_call("c", "ani")
    hall.call("d")
    refused: list[tuple[Callable[[], None], str]] = [
        (lambda: hall.acd.offer_accepted("c", "ani", 1.0), '"ani" is talking: "accept"'),
        (lambda: hall.acd.offer_declined("c", "ani", 1.0), '"ani" is talking: "decline"'),
        (
            lambda: hall.acd.offer_accepted("c", "budi", 1.0),
            '"budi" is ringing with call "d": "accept" of "c"',
        ),
        (lambda: hall.acd.call_finished("c", "budi", 1.0), '"budi" is ringing: "finish"'),
        (lambda: hall.acd.call_finished("d", "ani", 1.0), '"ani" is talking with call "c": "finish" of "d"'),
        (lambda: hall.acd.withdraw("c", 1.0), 'call "c" neither waits nor rings: "withdraw"'),
        (lambda: hall.acd.withdraw("e", 1.0), 'call "e" neither waits nor rings: "withdraw"'),
        (
            lambda: hall.acd.enqueue(Ask(call_id="d", queue="112", priority=5), 1.0),
            '"d" is ringing: "enqueue"',
        ),
        (lambda: hall.acd.disengage("budi", 1.0, False), '"budi" is ringing: "disengage"'),
    ]
    hall.acd.request_state("ani", "break", now=0.5, reason="api")
    for act, message in refused:
        with pytest.raises(IllegalEvent, match=message):
            act()
    assert hall.acd.effects() == []
    assert (hall.state("ani"), hall.state("budi")) == ("talking", "ringing")


@pytest.mark.parametrize(("ring", "wrap_up", "pause"), [(0, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)])
def test_a_policy_that_cannot_work_is_refused_with_the_queue_s_name(
    ring: float, wrap_up: float, pause: float
) -> None:
    with pytest.raises(ValueError, match='queue "112"'):
        QueuePolicy("112", ring, wrap_up, pause)
