"""What the metrics count of calls: from the events alone, and nothing is kept of calls that are over."""

from __future__ import annotations

import pytest

from ntpd112.calls.tally import Tally, Trigger
from ntpd112.journal.events import (
    CallConnected,
    CallEnded,
    CallQueued,
    CallStarted,
    Direction,
    JournalEvent,
    OfferEnded,
    OfferMade,
    OperatorChanged,
)

CAME = CallStarted(at=10.0, call_id="a", region="35.78", trunk="pbx", dialled="112", caller="")
QUEUED = CallQueued(at=10.0, call_id="a", queue="112", priority=5)
OFFERED = OfferMade(at=10.0, call_id="a", offer=1, operator="siti")
FREE = OperatorChanged(at=10.0, operator="siti", state="ready", previous="wrap-up")
LET_RING = OfferEnded(at=20.0, call_id="a", offer=1, operator="siti", outcome="rona")
CONNECTED = CallConnected(at=22.0, call_id="a", offer=2, operator="budi")
MOVED = CallQueued(at=21.0, call_id="a", queue="medical", priority=5)


def ended(disposition: str = "answered") -> CallEnded:
    return CallEnded(
        at=60.0,
        call_id="a",
        disposition=disposition,  # type: ignore[arg-type]
        hangup_by="caller",
        sip_code=200,
        q850_cause=16,
    )


def tally_of(*events: JournalEvent) -> Tally:
    tally = Tally()
    for event in events:
        tally.take(event)
    return tally


def counts(tally: Tally) -> dict[str, int]:
    return {trigger: seen.total for trigger, seen in tally.dispatched.items()}


def test_calls_count_by_where_they_come_from_and_how_they_end() -> None:
    tally = tally_of(CAME, QUEUED, LET_RING, ended("abandoned"))
    assert tally.started == {("in", "pbx"): 1}
    assert tally.ended == {"abandoned": 1}
    assert tally.offers == {"rona": 1}


def test_the_answer_time_begins_with_the_invite_and_counts_for_the_first_queue() -> None:
    tally = tally_of(CAME, QUEUED, MOVED, CONNECTED, ended())
    assert tally.answered.keys() == {"112"}
    assert (tally.answered["112"].total, tally.answered["112"].sum) == (1, 12.0)


def test_a_call_is_answered_once_however_often_it_is_transferred() -> None:
    assert tally_of(CAME, QUEUED, CONNECTED, CONNECTED, ended()).answered["112"].total == 1


@pytest.mark.parametrize("direction", ["out", "internal"])
def test_calls_that_operators_make_have_no_answer_time(direction: Direction) -> None:
    began = CallStarted(
        at=10.0, call_id="a", region="35.78", trunk="", dialled="x", caller="", direction=direction
    )
    assert not tally_of(began, QUEUED, CONNECTED, ended()).answered


@pytest.mark.parametrize(
    ("events", "trigger"),
    [
        ([CAME, QUEUED, OFFERED], "call"),
        ([FREE, OFFERED], "operator"),
        ([FREE, CAME, QUEUED, OFFERED], "call"),
        ([OFFERED], "other"),
    ],
)
def test_an_offer_counts_by_what_made_it_possible(events: list[JournalEvent], trigger: Trigger) -> None:
    tally = tally_of(*events)
    tally.turn_over(0.003)
    assert counts(tally) == {"call": 0, "operator": 0, "other": 0, trigger: 1}
    assert tally.dispatched[trigger].sum == 0.003


def test_what_came_in_an_earlier_turn_made_nothing_possible_in_this_one() -> None:
    tally = tally_of(CAME, QUEUED, FREE)
    tally.turn_over(0.001)
    tally.take(OFFERED)
    tally.turn_over(0.002)
    assert counts(tally) == {"call": 0, "operator": 0, "other": 1}
