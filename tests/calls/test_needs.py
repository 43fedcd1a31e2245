"""What a call asks for, and that every wish has its reason."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.calls.needs import Known, category_of, known_of, needs_of, number_of, queue_of
from ntpd112.config import Config, NumberConfig, QueueConfig, TrunkConfig
from ntpd112.journal.events import CallClassified, CallEnded, CallQueued, CallStarted, JournalEvent
from ntpd112.memory import Memory

SKILLS = st.dictionaries(st.sampled_from(["medical", "fire", "english"]), st.integers(1, 5))
PRIORITY = st.integers(0, 9)
NOW = 1_700_000_000.0
CALLER = "+628123456789"
NOBODY = Known()


def queue(**settings: Any) -> QueueConfig:
    return QueueConfig(**({"name": "112", "numbers": ["112"]} | settings))


def trunk(**settings: Any) -> TrunkConfig:
    return TrunkConfig(**({"name": "pbx", "peers": ["127.0.0.1"]} | settings))


def needs(known: Known = NOBODY, number: NumberConfig | None = None, **settings: Any) -> Any:
    return needs_of(queue(**settings), number, trunk(), known, 60.0)


def test_a_plain_call_asks_for_what_its_queue_does_and_needs_no_reason() -> None:
    asked = needs(skills={"medical": 1}, prefer={"english": 2}, priority=4)
    assert (asked.priority, asked.skills, asked.prefer) == (4, {"medical": 1}, {"english": 2})
    assert (asked.lane, asked.waited_s, asked.reasons) == ("normal", 0.0, [])


def test_an_alias_says_what_the_call_is_about() -> None:
    alias = NumberConfig(number="119", category="ambulance", prefer={"medical": 2}, priority=3)
    config = Config(number=[alias], queue=[queue()])
    assert number_of(config, "119") is alias
    assert category_of("119", alias) == "ambulance"
    asked = needs(number=alias, priority=5)
    assert (asked.priority, asked.prefer) == (3, {"medical": 2})
    assert asked.reasons == ["number 119: priority 3, better medical 2"]


def test_a_sub_service_of_sos_is_its_own_category() -> None:
    assert category_of("urn:service:sos.Fire", None) == "fire"
    assert category_of("urn:service:sos", None) == ""
    assert category_of("112", None) == ""


def test_the_longest_urn_that_covers_a_number_decides_its_queue() -> None:
    both = [queue(numbers=["urn:service:sos"]), queue(name="medis", numbers=["urn:service:sos.ambulance"])]
    config = Config(queue=both)
    assert queue_of(config, "urn:service:sos.ambulance.air") is config.queue[1]
    assert queue_of(config, "urn:service:sos.fire") is config.queue[0]
    assert queue_of(config, "urn:service:sosial") is None


@given(SKILLS, SKILLS, SKILLS)
def test_every_asker_gets_at_least_the_level_it_asks_for(
    of_queue: dict[str, int], of_number: dict[str, int], of_trunk: dict[str, int]
) -> None:
    number = NumberConfig(number="119", skills=of_number)
    asked = needs_of(queue(skills=of_queue), number, trunk(skills=of_trunk), Known(), 60.0).skills
    askers = (of_queue, of_number, of_trunk)
    assert all(asked[skill] >= level for levels in askers for skill, level in levels.items())
    assert all(level in [levels.get(skill) for levels in askers] for skill, level in asked.items())


@given(PRIORITY, st.none() | PRIORITY, st.none() | PRIORITY)
def test_a_trunk_makes_no_call_less_urgent(
    of_queue: int, of_number: int | None, of_trunk: int | None
) -> None:
    number = NumberConfig(number="119", priority=of_number)
    asked = needs_of(queue(priority=of_queue), number, trunk(priority=of_trunk), Known(), 60.0)
    said = of_queue if of_number is None else of_number
    assert asked.priority == (said if of_trunk is None else min(said, of_trunk))


def test_a_recent_emergency_goes_first_whatever_else_is_known() -> None:
    asked = needs(Known(lift=True, put_back=True, reasons=("an emergency 2 h ago",)))
    assert (asked.priority, asked.lane) == (0, "normal")
    assert asked.reasons == ["caller: an emergency 2 h ago"]


def test_who_is_put_back_waits_in_the_quiet_lane_and_not_for_ever() -> None:
    asked = needs(Known(put_back=True, reasons=("3 prank calls",)))
    assert (asked.lane, asked.longest_wait) == ("quiet", 60.0)


def test_a_kept_place_and_the_operator_spoken_to_are_wished_for_with_their_reasons() -> None:
    asked = needs(Known(waited_s=40.0, operator="siti"))
    assert (asked.waited_s, asked.wish) == (40.0, "siti")
    assert asked.reasons == ["caller: place kept, waited 40 s before", "caller: spoke to siti lately"]


def remembered(*events: JournalEvent) -> Memory:
    memory = Memory()
    for event in events:
        memory.take(event)
    return memory


def test_of_an_anonymous_caller_nothing_is_known() -> None:
    assert known_of(remembered(*abandoned_call("")), "", NOW) == Known()


def test_who_hung_up_while_waiting_gets_the_place_back() -> None:
    known = known_of(remembered(*abandoned_call(CALLER)), CALLER, NOW + 60)
    assert known.waited_s == 25.0


def test_pranks_put_back_and_an_emergency_lifts() -> None:
    pranks = [event for n in range(3) for event in classified_call(f"p{n}", "prank")]
    assert known_of(remembered(*pranks), CALLER, NOW + 60).put_back
    emergency = classified_call("e", "emergency")
    known = known_of(remembered(*pranks, *emergency), CALLER, NOW + 60)
    assert (known.lift, known.put_back) == (True, False)
    assert known.reasons


def started(call_id: str, caller: str) -> CallStarted:
    return CallStarted(at=NOW, call_id=call_id, region="", trunk="pbx", dialled="112", caller=caller)


def ended(call_id: str, disposition: Any, at: float) -> CallEnded:
    return CallEnded(
        at=at, call_id=call_id, disposition=disposition, hangup_by="caller", sip_code=200, q850_cause=16
    )


def abandoned_call(caller: str) -> list[JournalEvent]:
    return [
        started("a", caller),
        CallQueued(at=NOW, call_id="a", queue="112", priority=5),
        ended("a", "abandoned", NOW + 25),
    ]


def classified_call(call_id: str, classification: Any) -> list[JournalEvent]:
    return [
        started(call_id, CALLER),
        CallClassified(at=NOW, call_id=call_id, classification=classification, by="budi"),
        ended(call_id, "answered", NOW),
    ]
