"""The state of a call, folded from its events."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.cdr.calls import T0, abandoned, answered, started

from ntpd112.journal.events import (
    CallClassified,
    CallConnected,
    CallEnded,
    CallHeld,
    CallQueued,
    CallRequeued,
    CallResumed,
    JournalEvent,
    OfferEnded,
    OfferMade,
    PartyChanged,
    PartyFailed,
    PartyJoined,
    PartyLeft,
    PartyRings,
)
from ntpd112.sinks.states import CallState, advance


def folded(events: Sequence[JournalEvent]) -> list[CallState]:
    """The state after each event that changed something."""
    states: list[CallState] = []
    for event in events:
        state = advance(states[-1] if states else None, event)
        if state is not None and (not states or state is not states[-1]):
            states.append(state)
    return states


def course(events: Sequence[JournalEvent]) -> Sequence[str]:
    """States, each once as long as it lasts."""
    states = [state.state for state in folded(events)]
    return states[:1] + [later for before, later in pairwise(states) if before != later]


def test_an_answered_call_goes_through_all_its_states() -> None:
    assert course(answered()) == [
        *("arriving", "waiting", "ringing", "waiting", "ringing", "talking"),
        *("held", "talking", "ended"),
    ]


def test_an_abandoned_call_never_talks() -> None:
    assert course(abandoned()) == ["arriving", "waiting", "ringing", "waiting", "ended"]
    last = folded(abandoned())[-1]
    assert (last.operator, last.disposition, last.waiting_s(T0 + 99)) == (None, "abandoned", 9.0)


def test_the_operator_is_who_rings_then_who_talks_then_who_talked() -> None:
    states = folded(answered(operator="siti"))
    found = {state.state: state.operator for state in states}
    assert (found["ringing"], found["talking"], found["ended"]) == ("siti", "siti", "siti")
    assert states[-1].waiting_s(T0 + 99) == 20.0


def test_of_a_call_among_operators_who_was_rung_is_in_it_and_who_made_it_is_its_operator_afterwards() -> None:
    events: list[JournalEvent] = [
        started(direction="internal", operator="ratna"),
        OfferMade(at=T0 + 1, call_id="A", offer=1, operator="budi"),
        OfferEnded(at=T0 + 2, call_id="A", offer=1, operator="budi", outcome="answered"),
        CallConnected(at=T0 + 2, call_id="A", offer=1, operator="ratna"),
        abandoned()[-1],
    ]
    assert [state.operator for state in folded(events)] == [None, "budi", "budi", "budi", "ratna"]


def test_a_citizen_who_is_called_back_is_rung_while_the_operator_waits_in_the_call() -> None:
    ani = {"call_id": "A", "leg": 1001, "kind": "operator", "name": "ani", "purpose": "callback"}
    events: list[JournalEvent] = [
        started(direction="out", operator="ani"),
        PartyRings(at=T0 + 1, **ani),  # type: ignore[arg-type]
        PartyJoined(at=T0 + 2, **ani),  # type: ignore[arg-type]
        CallConnected(at=T0 + 9, call_id="A", offer=1001, operator="ani"),
    ]
    assert [state.state for state in folded(events)] == ["arriving", "ringing", "ringing", "talking"]


def test_a_call_put_back_into_a_queue_keeps_its_wait_and_rings_again() -> None:
    events: list[JournalEvent] = [
        *answered()[:10],
        PartyLeft(at=T0 + 30, call_id="A", leg=2, kind="operator", name="siti"),
        CallRequeued(at=T0 + 30, call_id="A", queue="medical", reason="operator lost"),
    ]
    last = folded(events)[-1]
    assert (last.state, last.queue, last.operator) == ("waiting", "medical", None)
    assert last.waiting_s(T0 + 35) == 25.0


def test_a_call_handed_to_the_police_goes_on_without_its_operator() -> None:
    police = {"call_id": "A", "leg": 1001, "kind": "agency", "name": "police"}
    events: list[JournalEvent] = [
        *answered()[:10],
        PartyRings(at=T0 + 30, purpose="transfer", **police),  # type: ignore[arg-type]
        PartyJoined(at=T0 + 35, **police),  # type: ignore[arg-type]
        PartyLeft(at=T0 + 36, call_id="A", leg=2, kind="operator", name="siti"),
    ]
    last = folded(events)[-1]
    assert (last.state, last.operator, [party.name for party in last.parties.values()]) == (
        "talking",
        None,
        ["police"],
    )


def test_a_supervisor_who_listens_is_no_answer_and_nobody_the_caller_hears() -> None:
    events: list[JournalEvent] = [
        *answered()[:10],
        PartyJoined(
            at=T0 + 30,
            call_id="A",
            leg=1001,
            kind="supervisor",
            name="ani",
            mode="listen",
            purpose="supervision",
        ),
        CallHeld(at=T0 + 31, call_id="A", by="operator", leg=2),
    ]
    assert folded(events)[-1].state == "held"


def test_after_the_end_only_a_classification_changes_anything() -> None:
    late = CallClassified(at=T0 + 99, call_id="A", classification="prank", by="api:desk")
    states = folded([*abandoned(), CallQueued(at=T0 + 98, call_id="A", queue="x", priority=1), late])
    assert [state.classification for state in states[-2:]] == [None, "prank"]
    assert states[-1].queue == "112"


def test_of_a_call_whose_beginning_was_pruned_nothing_is_told() -> None:
    assert folded(answered()[1:]) == []


NAMES = st.sampled_from(["siti", "budi"])
LEGS = st.integers(0, 3)
AT = st.floats(T0, T0 + 100)


def kind_of(
    event: type[JournalEvent], **fields: st.SearchStrategy[object]
) -> st.SearchStrategy[JournalEvent]:
    return st.builds(event, at=AT, call_id=st.just("A"), **fields)


PARTY = {"leg": LEGS, "kind": st.sampled_from(["operator", "agency", "supervisor"]), "name": NAMES}
EVENTS = st.lists(
    st.one_of(
        kind_of(CallQueued, queue=st.just("112"), priority=LEGS),
        kind_of(CallRequeued, queue=st.just("b"), reason=st.just("")),
        kind_of(OfferMade, offer=LEGS, operator=NAMES),
        kind_of(OfferEnded, offer=LEGS, operator=NAMES, outcome=st.just("rona")),
        kind_of(CallConnected, offer=LEGS, operator=NAMES),
        kind_of(PartyRings, purpose=st.just("ladder"), **PARTY),
        kind_of(PartyFailed, outcome=st.just("declined"), **PARTY),
        kind_of(PartyJoined, purpose=st.sampled_from(["ladder", "supervision"]), **PARTY),
        kind_of(PartyLeft, **PARTY),
        kind_of(PartyChanged, leg=LEGS, name=NAMES, mode=st.sampled_from(["talk", "hold"])),
        kind_of(CallHeld, by=st.just("caller"), leg=LEGS),
        kind_of(CallResumed, by=st.just("caller"), leg=LEGS),
        kind_of(CallClassified, classification=st.just("ghost"), by=st.just("siti")),
        kind_of(
            CallEnded,
            disposition=st.just("answered"),
            hangup_by=st.just("caller"),
            sip_code=st.just(200),
            q850_cause=st.just(16),
        ),
    ),
    max_size=30,
)


@given(EVENTS)
def test_whatever_comes_an_ended_call_stays_ended_and_neighbours_differ(events: list[JournalEvent]) -> None:
    states = folded([started(), *events])
    over = [state.state == "ended" for state in states]
    assert over == sorted(over)
    assert all(before != after for before, after in pairwise(states))
    for state in states:
        assert (state.state == "ended") == (state.disposition is not None)
        assert state.waiting_s(T0 + 200) >= 0
        if state.state == "talking":
            assert state.parties
            assert not state.caller_held


@given(EVENTS)
def test_the_table_of_call_control_s_states_is_kept_by_calls_that_keep_theirs(
    events: list[JournalEvent],
) -> None:
    """No event takes a call from talking to ringing without a requeue in between."""
    whole = [started(), *events]
    before = advance(None, whole[0])
    for event in whole[1:]:
        after = advance(before, event)
        assert before is not None
        assert after is not None
        if before.state in ("talking", "held") and after.state in ("waiting", "ringing", "arriving"):
            assert isinstance(event, CallRequeued)
        before = after
