"""What is known of a caller decides their place, and the journal says so."""

from __future__ import annotations

import pytest
from tests.calls.desk import Desk

from ntpd112.journal.events import CallQueued, CallStarted, OfferMade


def test_a_record_gives_back_the_place_of_who_hung_up_while_waiting() -> None:
    desk = Desk()
    caller = desk.call()
    desk.pass_time(40)
    desk.hang_up(caller)
    desk.pass_time(20)
    desk.call()
    queued = desk.all_of(CallQueued)[-1]
    assert queued.waited_s == pytest.approx(40)
    waiting = desk.acd.call(list(desk.context.calls)[-1])
    assert waiting is not None
    assert desk.now - waiting.since == pytest.approx(40)


def test_who_spoke_to_an_operator_lately_is_offered_to_them_again() -> None:
    desk = Desk(wrap_up=0.0)
    desk.register("budi")
    desk.register("sari")
    caller = desk.call()
    desk.pick_up("budi")
    desk.hang_up(caller)
    desk.call()
    assert desk.phones("budi"), "though sari has been idle longer"
    assert desk.all_of(OfferMade)[-1].why["chosen_by"] == "sticky"


def test_an_anonymous_caller_has_no_record_and_no_place() -> None:
    desk = Desk()
    anonymous = {"from": ["<sip:anonymous@anonymous.invalid>;tag=a"]}
    caller = desk.call(headers=anonymous)
    desk.pass_time(40)
    desk.hang_up(caller)
    desk.call(headers=anonymous)
    assert desk.all_of(CallQueued)[-1].waited_s == 0.0
    assert desk.all_of(CallQueued)[-1].reasons == []


def test_an_alias_says_what_the_call_is_about_and_what_it_asks_for() -> None:
    alias = {
        "number": "118",
        "queue": "112",
        "category": "ambulance",
        "prefer": {"medical": 2},
        "priority": 3,
    }
    desk = Desk(numbers=["112", "118"], also={"number": [alias]})
    desk.call("118")
    assert desk.all_of(CallStarted)[0].category == "ambulance"
    queued = desk.all_of(CallQueued)[0]
    assert (queued.priority, queued.prefer) == (3, {"medical": 2})
    assert queued.reasons == ["number 118: priority 3, better medical 2"]


def test_a_trunk_may_ask_for_a_language() -> None:
    trunk = {"name": "pbx", "peers": ["127.0.0.2"], "skills": {"english": 1}}
    desk = Desk(also={"trunk": [trunk]})
    desk.register("budi")
    desk.register("sari", english=2)
    desk.call()
    assert desk.phones("sari")
    assert not desk.phones("budi")


def test_the_trunk_s_number_rules_choose_the_queue_and_the_cdr_keeps_what_was_dialled() -> None:
    rules = [{"from": "0351112", "to": "112"}, {"from": "*113", "to": "urn:service:sos.ambulance"}]
    desk = Desk(also={"trunk": [{"name": "pbx", "peers": ["127.0.0.2"], "numbers": rules}]})
    for dialled in ("0351112", "0351113", "119"):
        desk.call(dialled)
    asked = [(one.dialled, one.number, one.category) for one in desk.all_of(CallStarted)]
    assert asked == [
        ("0351112", "112", ""),
        ("0351113", "urn:service:sos.ambulance", "ambulance"),
        ("119", "", ""),
    ]
    assert [one.queue for one in desk.all_of(CallQueued)] == ["112", "medis", "medis"]


def test_a_number_rule_may_be_written_as_the_telco_sends_the_number() -> None:
    rules = [{"from": "0217654321", "to": "112"}]
    desk = Desk(also={"trunk": [{"name": "pbx", "peers": ["127.0.0.2"], "numbers": rules}]})
    desk.call("0217654321")
    (call,) = desk.all_of(CallStarted)
    assert (call.dialled, call.number) == ("+62217654321", "112")
