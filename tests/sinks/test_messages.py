"""What the journal's events come to on MQTT, held against docs/asyncapi.yaml."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError
from tests.cdr.calls import T0, abandoned, answered
from tests.sinks.asyncapi import ADDRESSES, SCHEMAS, channel_of, check

from ntpd112.cdr.record import Cdr
from ntpd112.journal import Stored
from ntpd112.journal.events import AgentStarted, CallClassified, JournalEvent, OperatorChanged
from ntpd112.sinks.messages import Messages, Telling
from ntpd112.sinks.topics import Publication, Topics

ZONE = ZoneInfo("Asia/Jakarta")
TOPICS = Topics("35.78")


class Journal:
    def __init__(self, events: Sequence[JournalEvent]) -> None:
        self.events = [Stored(seq, event) for seq, event in enumerate(events, start=1)]

    def read_call(self, call_id: str) -> list[Stored]:
        return [stored for stored in self.events if stored.event.call_id == call_id]

    def messages(self, max_calls: int = 10, operators: dict[str, bytes] | None = None) -> Messages:
        return Messages("35.78", ZONE, self.read_call, operators or {}, max_calls)

    def told(self) -> list[Publication]:
        return published(self.messages().of(self.events))


def published(telling: Telling) -> list[Publication]:
    return [TOPICS.publication(message) for message in telling.messages]


def operator(state: str, name: str = "siti", reason: str = "") -> OperatorChanged:
    return OperatorChanged(at=T0, operator=name, state=state, previous="offline", reason=reason)


def test_a_call_is_told_at_every_change_and_its_cdr_once() -> None:
    told = Journal(answered("A")).told()
    topics = [message.topic for message in told]
    assert topics.count("ntpd112/35.78/cdr") == 1
    assert set(topics) == {"ntpd112/35.78/cdr", "ntpd112/35.78/calls/A"}
    calls = [json.loads(message.payload) for message in told if "/calls/" in message.topic]
    assert [call["seq"] for call in calls] == sorted({call["seq"] for call in calls})
    without = [{**call, "seq": 0, "at": 0, "waiting_s": 0} for call in calls]
    assert all(before != after for before, after in pairwise(without))


def test_the_cdr_has_what_the_journal_knows_by_then_and_a_place() -> None:
    (cdr,) = [json.loads(m.payload) for m in Journal(answered("A")).told() if m.topic.endswith("/cdr")]
    assert list(cdr) == ["seq", *Cdr.__struct_fields__]
    assert cdr["quality"]["caller"]["packets"] == 4000
    assert cdr["started_at"] == "2025-10-09T15:53:20+07:00"


def test_a_classification_after_the_end_is_told_as_a_state() -> None:
    late = CallClassified(at=T0 + 99, call_id="A", classification="prank", by="api:desk")
    last = json.loads(Journal([*abandoned("A"), late]).told()[-1].payload)
    assert (last["state"], last["classification"]) == ("ended", "prank")


def test_operators_are_retained_and_offline_again_when_the_agent_begins_anew() -> None:
    journal = Journal([operator("ready"), operator("offline", "budi"), AgentStarted(at=T0 + 9, version="1")])
    telling = journal.messages().of(journal.events)
    assert [(m.topic, json.loads(m.payload)["state"], m.retain) for m in published(telling)] == [
        ("ntpd112/35.78/operators/siti", "ready", True),
        ("ntpd112/35.78/operators/budi", "offline", True),
        ("ntpd112/35.78/operators/siti", "offline", True),
    ]
    assert json.loads(telling.operators["siti"])["reason"] == "agent restarted"


def test_what_was_kept_of_operators_is_told_to_a_broker_that_lost_it() -> None:
    journal = Journal([operator("ready")])
    kept = journal.messages().of(journal.events).operators
    (again,) = TOPICS.operators(kept)
    assert again == journal.told()[0]


def interleaved(events: Sequence[JournalEvent], order: Iterable[str]) -> list[JournalEvent]:
    """The events of several calls in this order of calls, each call's own order kept."""
    queues = {
        call: iter([event for event in events if event.call_id == call])
        for call in dict.fromkeys(e.call_id for e in events)
    }
    return [next(queues[call]) for call in order]


@given(st.data())
def test_forgotten_calls_and_connections_begun_anew_change_nothing(data: st.DataObject) -> None:
    """Messages are a pure fold of the journal: whatever is remembered of it only saves reading."""
    events = [*answered("A"), *abandoned("B"), *answered("C", operator="budi")]
    order = data.draw(st.permutations([event.call_id for event in events]))
    journal = Journal(interleaved(events, order))
    place = data.draw(st.integers(0, len(events)))
    short = published(journal.messages(max_calls=1).of(journal.events[:place]))
    rest = published(journal.messages(max_calls=1).of(journal.events[place:]))
    assert [*short, *rest] == journal.told()


def test_every_message_is_as_the_document_says() -> None:
    journal = Journal(
        [*answered("A"), *abandoned("B"), operator("wrap-up"), operator("break", reason="rona")]
    )
    told = [*journal.told(), TOPICS.status("offline"), TOPICS.status("online", at="2026-01-01T00:00:00Z")]
    for message in told:
        check(message)
    assert {channel_of(message.topic) for message in told} == set(ADDRESSES)


def test_the_document_is_strict_enough_to_notice() -> None:
    wrong = Publication("ntpd112/35.78/calls/A", b'{"id": "A", "state": "gone"}')
    with pytest.raises(ValidationError):
        check(wrong)
    assert set(SCHEMAS["cdr"]["properties"]) <= {"seq", *Cdr.__struct_fields__}


def test_an_event_that_cannot_be_told_holds_up_none_that_follow(caplog: pytest.LogCaptureFixture) -> None:
    beyond_all_calendars = OperatorChanged(at=1e30, operator="siti", state="ready", previous="offline")
    told = Journal([beyond_all_calendars, operator("ready", "budi")]).told()
    assert [message.topic for message in told] == ["ntpd112/35.78/operators/budi"]
    assert "event 1 is left out" in caplog.text


def test_a_journal_that_cannot_be_read_is_no_reason_to_leave_anything_out() -> None:
    def broken(call_id: str) -> list[Stored]:
        raise sqlite3.OperationalError("disk I/O error")

    events = Journal(answered("A")).events[1:]
    with pytest.raises(sqlite3.Error):
        Messages("35.78", ZONE, broken, {}).of(events)


def test_nothing_is_told_of_no_events() -> None:
    assert Journal([]).messages().of([]) == Telling([], {})
