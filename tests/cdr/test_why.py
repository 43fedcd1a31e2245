"""Why a call went as it did, in words."""

from __future__ import annotations

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cdr.calls import abandoned, answered

from ntpd112.cdr.why import account
from ntpd112.journal import events as e
from ntpd112.journal.events import JournalEvent

CALL = "01JCXS8Q3M6D9W8V4T2R7N5K1B"


def started(**more: typing.Any) -> e.CallStarted:
    facts = {"region": "35.78", "trunk": "pbx", "dialled": "119", "caller": "+62811", **more}
    return e.CallStarted(at=100.0, call_id=CALL, **facts)


def texts(*events: JournalEvent) -> list[str]:
    return [line.text for line in account(events)]


def test_what_a_call_asks_for_is_told_with_its_reasons() -> None:
    queued = e.CallQueued(
        at=100.0,
        call_id=CALL,
        queue="112",
        priority=0,
        skills={"medical": 1},
        prefer={"english": 2},
        waited_s=30.4,
        reasons=["an emergency an hour ago"],
    )
    assert texts(started(category="ambulance"), queued) == [
        "+62811 dials 119 (ambulance), by trunk pbx",
        "waits in queue 112, priority 0, normal lane, with 30 s of an earlier attempt, needs medical=1, "
        "better english=2 (an emergency an hour ago)",
    ]


def test_what_a_supervisor_wanted_is_told_with_who_wanted_it() -> None:
    told = texts(
        started(),
        e.CallNeeds(at=101.0, call_id=CALL, skills={}, reason="supervisor", by="api:wall"),
        e.CallNeeds(at=102.0, call_id=CALL, skills={"medical": 2}, prefer={"english": 1}, by="siti"),
        e.CallPulled(at=103.0, call_id=CALL, operator="budi", by="api:wall"),
        e.CallHurried(at=104.0, call_id=CALL, by="api:wall"),
    )
    assert told[1:] == [
        "needs no skill from now on (supervisor), by api:wall",
        "needs medical=2, better english=1 from now on, by siti",
        "given to budi, by api:wall",
        "takes the rest of its ladder at once, by api:wall",
    ]


@pytest.mark.parametrize(
    ("chosen_by", "told"),
    [
        ("pulled", "chosen by a person"),
        ("sticky", "chosen as the one who spoke to the caller before"),
        ("freed", "the first to be free"),
    ],
)
def test_a_choice_that_no_strategy_made_is_told_without_candidates(chosen_by: str, told: str) -> None:
    why = {"waited_ms": 0, "chosen_by": chosen_by, "free": 1, "candidates": ["siti"], "fit": {"ready": 1}}
    offer = e.OfferMade(at=100.0, call_id=CALL, offer=1, operator="siti", why=why)
    assert texts(started(), offer)[1] == (f"offer 1 to siti after 0.0 s: {told}; of those who fit: 1 ready")


def test_an_offer_tells_who_was_free_and_who_was_passed_over() -> None:
    why = {
        "waited_ms": 12_300,
        "chosen_by": "longest-idle",
        "free": 2,
        "candidates": ["siti", "budi"],
        "skipped": [{"operator": "budi", "reason": "declined before"}],
        "fit": {"ready": 2, "talking": 1},
        "unfit": 4,
    }
    offer = e.OfferMade(at=112.3, call_id=CALL, offer=1, operator="siti", why=why)
    assert texts(started(), offer)[1] == (
        "offer 1 to siti after 12.3 s: chosen by longest-idle of 2 free; candidates siti, budi; "
        "budi passed over (declined before); of those who fit: 2 ready, 1 talking; 4 do not fit"
    )


@pytest.mark.parametrize(
    ("name", "mode", "told"),
    [
        ("caller", "hold", "the caller is on hold, by api:console"),
        ("caller", "talk", "the caller talks to all, by api:console"),
        ("ratna", "whisper", "ratna is heard by operators only, by api:console"),
    ],
)
def test_another_mode_of_a_party_is_told_in_words(name: str, mode: e.PartyMode, told: str) -> None:
    changed = e.PartyChanged(at=101.0, call_id=CALL, leg=0, name=name, mode=mode, by="api:console")
    assert texts(started(), changed)[-1] == told


def test_a_wait_tells_what_those_who_fit_were_doing() -> None:
    waits = e.CallWaits(
        at=100.0, call_id=CALL, fit={"talking": 3, "break": 1, "ready": 0}, reason="nobody free"
    )
    assert texts(started(), waits)[1] == "rings nowhere: nobody free; of those who fit: 1 break, 3 talking"


def test_times_are_milliseconds_since_the_calls_start() -> None:
    lines = account(
        [started(), e.CallPriority(at=101.25, call_id=CALL, priority=0, reason="", by="api:wall")]
    )
    assert [(line.ms, line.what) for line in lines] == [(0, "call.started"), (1250, "call.priority")]
    assert lines[1].text == "has priority 0 now, by api:wall"


def test_anonymous_callers_and_operators_who_call_are_named_as_such() -> None:
    assert texts(started(caller=""))[0].startswith("an anonymous caller dials 119")
    assert texts(started(direction="out", operator="siti", caller="+62811"))[0] == "siti calls +62811"


def test_ordinary_calls_read_from_start_to_end() -> None:
    for events in (answered(CALL, at=1), abandoned(CALL, at=1)):
        lines = account(events)
        assert lines[0].what == "call.started"
        assert any(line.what == "call.ended" for line in lines)
        assert all(line.text for line in lines)


def _any_event() -> st.SearchStrategy[JournalEvent]:
    at = st.floats(min_value=0, max_value=4e9)
    kinds = [kind for kind in typing.get_args(JournalEvent) if kind is not e.OfferMade]
    return st.one_of(*(st.builds(kind, at=at) for kind in kinds))


@given(st.lists(_any_event(), max_size=5))
def test_no_event_is_too_odd_to_be_told(events: list[JournalEvent]) -> None:
    assert len(account(events)) <= len(events)
