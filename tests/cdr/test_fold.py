"""From a call's events to its CDR."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cdr.calls import T0, abandoned, answered, started

from ntpd112.cdr.fold import fold
from ntpd112.cdr.record import Cdr, MediaQuality, Quality
from ntpd112.journal.events import (
    CallConnected,
    CallEnded,
    CallHeld,
    CallQueued,
    CallRequeued,
    CallResumed,
    Disposition,
    JournalEvent,
    LegEnded,
    LegQuality,
    OfferEnded,
    OfferMade,
    OfferRinging,
    PartyChanged,
    PartyFailed,
    PartyJoined,
    PartyKind,
    PartyLeft,
    PartyRings,
    TransferEnded,
    TransferStarted,
)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(T0, UTC) + timedelta(seconds=seconds)


def cdr_of(events: list[JournalEvent]) -> Cdr:
    cdr = fold(events)
    assert cdr is not None
    return cdr


class TestAnsweredAfterRona:
    cdr = cdr_of(answered())

    def test_times_are_those_of_the_call_and_answered_is_when_the_operator_connected(self) -> None:
        times = (self.cdr.started_at, self.cdr.queued_at, self.cdr.answered_at, self.cdr.ended_at)
        assert times == (at(0), at(1), at(21), at(81))

    def test_durations(self) -> None:
        assert self.cdr.wait_s == 20  # queued to connected
        assert self.cdr.ring_s == 3  # of the offer that was answered
        assert self.cdr.talk_s == 60
        assert self.cdr.hold_s == 10  # both held for some time: counted once

    def test_who_and_how(self) -> None:
        assert (self.cdr.operator, self.cdr.offers, self.cdr.disposition) == ("siti", 2, "answered")
        assert (self.cdr.hangup_by, self.cdr.sip_code, self.cdr.q850_cause) == ("caller", 200, 16)
        assert (self.cdr.classification, self.cdr.recording) == ("emergency", "2025/A.wav")

    def test_what_came_with_the_invite_is_kept(self) -> None:
        assert self.cdr.location == {"latitude": -7.25}
        assert self.cdr.access_network == "3GPP-E-UTRAN"

    def test_quality_per_direction(self) -> None:
        assert self.cdr.quality == Quality(
            caller=MediaQuality(packets=4000, lost=3, jitter_ms=1.5),
            operator=MediaQuality(packets=3000, lost=0, jitter_ms=0.5, remote_lost=1, remote_jitter_ms=2.5),
        )

    def test_a_segment_per_leg(self) -> None:
        caller, rona, talk = self.cdr.segments
        assert (caller.number, caller.party, caller.answered_at, caller.ended_at) == (
            0,
            "caller",
            at(0.5),
            at(81),
        )
        assert (rona.number, rona.operator, rona.outcome, rona.sip_code) == (1, "budi", "rona", 487)
        assert (rona.started_at, rona.ringing_at, rona.answered_at, rona.ended_at) == (
            at(3),
            at(3.5),
            None,
            at(18),
        )
        assert (talk.operator, talk.outcome, talk.q850_cause) == ("siti", "answered", 16)
        assert (talk.started_at, talk.answered_at, talk.ended_at) == (at(18), at(21), at(81.1))


def test_a_call_given_up_while_ringing_waits_to_its_end_and_was_never_answered() -> None:
    cdr = cdr_of(abandoned())
    assert (cdr.wait_s, cdr.ring_s, cdr.talk_s, cdr.answered_at, cdr.operator) == (9, 5, 0, None, None)
    assert [segment.outcome for segment in cdr.segments] == ["abandoned", "withdrawn"]
    assert cdr.quality == Quality()


def test_a_call_rejected_before_the_queue_has_no_queue_and_no_wait() -> None:
    end = CallEnded(
        at=T0, call_id="A", disposition="rejected", hangup_by="system", sip_code=503, q850_cause=34
    )
    cdr = cdr_of([started(), end])
    assert (cdr.queue, cdr.queued_at, cdr.wait_s, cdr.offers, len(cdr.segments)) == (None, None, 0, 0, 1)


def test_an_interrupted_call_closes_its_legs_with_it() -> None:
    events = answered()[:10]
    end = CallEnded(
        at=T0 + 50, call_id="A", disposition="interrupted", hangup_by="system", sip_code=200, q850_cause=41
    )
    cdr = cdr_of([*events, end])
    assert (cdr.talk_s, cdr.operator) == (29, "siti")
    assert [segment.ended_at for segment in cdr.segments] == [at(50), at(18), at(50)]


def test_an_offer_open_at_an_interruption_is_interrupted() -> None:
    end = CallEnded(
        at=T0 + 5, call_id="A", disposition="interrupted", hangup_by="system", sip_code=0, q850_cause=41
    )
    cdr = cdr_of([*answered()[:5], end])
    assert [(segment.outcome, segment.ended_at) for segment in cdr.segments[1:]] == [("interrupted", at(5))]
    assert cdr.ring_s == 2


def test_a_call_in_progress_has_no_cdr() -> None:
    assert fold(answered()[:15]) is None
    assert fold([]) is None


def test_a_call_whose_beginning_was_pruned_has_no_cdr() -> None:
    assert fold(answered()[5:]) is None


def test_nul_characters_are_taken_out_because_postgresql_keeps_none() -> None:
    events = abandoned()
    events[0] = started(caller_name="x\0y", location={"a\0": ["\0b"]})
    cdr = cdr_of(events)
    assert (cdr.caller_name, cdr.location) == ("xy", {"a": ["b"]})


def party(
    at_s: float, kind: Callable[..., JournalEvent], leg: int, name: str, who: PartyKind, **more: object
) -> JournalEvent:
    return kind(at=T0 + at_s, call_id="A", leg=leg, name=name, kind=who, **more)


class TestTransferredToAnAgencyAndThenToAnOperator:
    """Connected at 21 s; the police do not answer, the fire brigade does at 40 s, sari takes over at 60 s."""

    cdr = cdr_of(
        [
            *answered()[:11],
            party(30, PartyRings, 1001, "police", "centre", purpose="transfer"),
            party(35, PartyFailed, 1001, "police", "centre", outcome="no_answer", sip_code=487),
            PartyChanged(at=T0 + 35, call_id="A", leg=0, name="caller", mode="hold"),
            party(36, PartyRings, 1002, "fire", "agency", purpose="transfer"),
            party(40, PartyJoined, 1002, "fire", "agency", purpose="transfer"),
            PartyChanged(at=T0 + 41, call_id="A", leg=0, name="caller", mode="talk"),
            party(41, PartyLeft, 2, "siti", "operator"),
            LegEnded(at=T0 + 41, call_id="A", party="operator", operator="siti", offer=2, sip_code=200),
            party(50, PartyRings, 1003, "ratna", "supervisor", purpose="supervision"),
            party(51, PartyJoined, 1003, "ratna", "supervisor", purpose="supervision", mode="listen"),
            party(55, PartyRings, 1004, "sari", "operator", purpose="conference"),
            party(60, PartyJoined, 1004, "sari", "operator", purpose="conference"),
            *answered()[-5:],
        ]
    )

    def test_the_first_operators_answer_counts_and_the_last_operator_is_named(self) -> None:
        assert (self.cdr.answered_at, self.cdr.operator) == (at(21), "sari")
        assert (self.cdr.wait_s, self.cdr.ring_s, self.cdr.talk_s) == (20, 3, 60)

    def test_the_time_the_caller_was_put_on_hold_counts(self) -> None:
        assert self.cdr.hold_s == 6

    def test_a_segment_tells_of_each_who_was_rung_or_joined(self) -> None:
        assert [(s.number, s.party, s.name, s.purpose, s.outcome) for s in self.cdr.segments[2:]] == [
            (2, "operator", "siti", None, "answered"),
            (1001, "centre", "police", "transfer", "no_answer"),
            (1002, "agency", "fire", "transfer", "answered"),
            (1003, "supervisor", "ratna", "supervision", "answered"),
            (1004, "operator", "sari", "conference", "answered"),
        ]
        assert [s.operator for s in self.cdr.segments[2:]] == ["siti", None, None, "ratna", "sari"]
        assert self.cdr.offers == 2


def test_waiting_again_after_a_lost_phone_is_hold_and_not_wait() -> None:
    """Connected at 21 s, lost at 31 s, another operator at 43 s."""
    lost: list[JournalEvent] = [
        party(31, PartyLeft, 2, "siti", "operator", reason="lost"),
        CallRequeued(at=T0 + 31, queue="112", reason="connection to siti was lost", call_id="A"),
        OfferMade(at=T0 + 32, offer=3, operator="budi", call_id="A"),
        OfferEnded(at=T0 + 43, offer=3, operator="budi", outcome="answered", sip_code=200, call_id="A"),
        CallConnected(at=T0 + 43, offer=3, operator="budi", call_id="A"),
    ]
    cdr = cdr_of([*answered()[:11], *lost, *answered()[-5:]])
    assert (cdr.wait_s, cdr.talk_s, cdr.hold_s) == (20, 60, 12)
    assert (cdr.operator, cdr.offers, cdr.answered_at) == ("budi", 3, at(21))


@pytest.mark.parametrize(("outcome", "held_s"), [("completed", 9), ("failed", 10)])
def test_waiting_for_the_target_of_a_blind_transfer_is_hold(
    outcome: Literal["completed", "failed"], held_s: int
) -> None:
    """Connected at 21 s; budi rings from 30 s, and answers at 39 s or is given up at 40 s."""
    joined = [party(39, PartyJoined, 1001, "budi", "operator", purpose="transfer")]
    transfer: list[JournalEvent] = [
        TransferStarted(at=T0 + 30, call_id="A", to="operator:budi", attended=False, by="siti"),
        party(30, PartyRings, 1001, "budi", "operator", purpose="transfer"),
        *(joined if outcome == "completed" else []),
        TransferEnded(at=T0 + 40, call_id="A", to="operator:budi", outcome=outcome),
    ]
    cdr = cdr_of([*answered()[:11], *transfer, *answered()[-5:]])
    assert (cdr.wait_s, cdr.talk_s, cdr.hold_s) == (20, 60, held_s)


def test_a_call_that_overflowed_was_answered_by_the_destination() -> None:
    cdr = cdr_of(
        [
            started(),
            CallQueued(at=T0 + 1, call_id="A", queue="112", priority=5),
            party(11, PartyRings, 1001, "police", "centre", purpose="ladder", step=1),
            party(15, PartyJoined, 1001, "police", "centre", purpose="ladder"),
            CallEnded(
                at=T0 + 75,
                call_id="A",
                disposition="overflowed",
                hangup_by="caller",
                sip_code=200,
                q850_cause=16,
            ),
        ]
    )
    assert (cdr.answered_at, cdr.wait_s, cdr.ring_s, cdr.talk_s) == (at(15), 14, 4, 60)
    assert (cdr.operator, cdr.offers) == (None, 0)


def test_a_call_that_an_operator_made_is_that_operators() -> None:
    first = started(direction="out", operator="siti", callback_of="B", category="fire")
    end = CallEnded(
        at=T0 + 9, call_id="A", disposition="failed", hangup_by="system", sip_code=480, q850_cause=18
    )
    cdr = cdr_of([first, end])
    assert (cdr.direction, cdr.operator, cdr.callback_of, cdr.category) == ("out", "siti", "B", "fire")


PARTIES: list[Literal["caller", "operator"]] = ["caller", "operator"]
DISPOSITIONS: list[Disposition] = ["answered", "abandoned", "failed", "interrupted"]


@st.composite
def calls(draw: st.DrawFn) -> list[JournalEvent]:
    """Any legal course of a call, on a clock that may be set back."""
    clock = T0

    def now() -> float:
        nonlocal clock
        clock += draw(st.sampled_from([-5.0, 0.0, 0.02, 1.0, 700.0]))
        return clock

    events: list[JournalEvent] = [started(at=now() - T0)]
    connected = False
    if draw(st.booleans()):
        events.append(CallQueued(at=now(), call_id="A", queue="112", priority=5))
        for number in range(1, draw(st.integers(1, 4))):
            who = {"call_id": "A", "offer": number, "operator": f"op{number}"}
            events.append(OfferMade(at=now(), **who))  # type: ignore[arg-type]
            if draw(st.booleans()):
                events.append(OfferRinging(at=now(), **who))  # type: ignore[arg-type]
            outcome = draw(st.sampled_from(["rona", "declined", "failed", "withdrawn", "answered", None]))
            if outcome is not None:
                events.append(OfferEnded(at=now(), outcome=outcome, **who))  # type: ignore[arg-type]
            if outcome == "answered":
                connected = True
                events.append(CallConnected(at=now(), **who))  # type: ignore[arg-type]
                break
    if connected:
        for _ in range(draw(st.integers(0, 4))):
            by = draw(st.sampled_from(PARTIES))
            hold = draw(st.booleans())
            if hold:
                events.append(CallHeld(at=now(), call_id="A", by=by))
            else:
                events.append(CallResumed(at=now(), call_id="A", by=by))
    if draw(st.booleans()):
        events.append(LegEnded(at=now(), call_id="A", party="caller"))
    disposition = draw(st.sampled_from(DISPOSITIONS))
    end = CallEnded(
        at=now(), call_id="A", disposition=disposition, hangup_by="system", sip_code=0, q850_cause=41
    )
    events.append(end)
    if draw(st.booleans()):
        events.append(LegQuality(at=now(), call_id="A", party="caller", packets=1, lost=0, jitter_ms=0.0))
    return events


@settings(max_examples=150)
@given(calls())
def test_whatever_a_call_goes_through_its_cdr_makes_sense(events: list[JournalEvent]) -> None:
    cdr = cdr_of(events)
    assert min(cdr.ring_s, cdr.wait_s, cdr.talk_s, cdr.hold_s) >= 0
    assert cdr.hold_s <= cdr.talk_s
    assert cdr.ended_at >= cdr.started_at
    assert (cdr.operator is None) == (cdr.answered_at is None)
    assert len(cdr.segments) == cdr.offers + 1
    assert all(segment.ended_at >= segment.started_at for segment in cdr.segments)
    assert fold([*events, *events]) is not None
    assert msgspec.json.decode(msgspec.json.encode(cdr), type=Cdr) == cdr


@settings(max_examples=50)
@given(calls())
def test_before_its_end_there_is_no_cdr(events: list[JournalEvent]) -> None:
    end = next(index for index, event in enumerate(events) if isinstance(event, CallEnded))
    assert all(fold(events[:count]) is None for count in range(end + 1))


@pytest.mark.parametrize(
    ("taken_back", "operator"), [(True, "siti"), (False, "ratna")], ids=["taken back", "handed over"]
)
def test_who_is_only_asked_while_the_caller_waits_has_not_talked_to_them(
    taken_back: bool, operator: str
) -> None:
    asked, told = T0 + 51, T0 + 60
    leaves, name = (1001, "ratna") if taken_back else (2, "siti")
    attended: list[JournalEvent] = [
        PartyChanged(at=asked, call_id="A", leg=0, name="caller", mode="hold", by="siti"),
        PartyJoined(at=asked + 1, call_id="A", leg=1001, kind="operator", name="ratna", purpose="transfer"),
        PartyLeft(at=told, call_id="A", leg=leaves, kind="operator", name=name),
        PartyChanged(at=told, call_id="A", leg=0, name="caller", mode="talk"),
    ]
    events = answered()
    assert cdr_of([*events[:-5], *attended, *events[-5:]]).operator == operator
