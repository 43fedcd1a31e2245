"""Who gets which call."""

import pytest
from tests.queue.hall import Hall, offers

from ntpd112.queue import Ask, OperatorSpec, UnknownQueue
from ntpd112.queue.matching import MAX_EMPTY_POOLS


def test_a_call_rings_the_longest_idle_operator() -> None:
    hall = Hall({"ani": {}, "budi": {}, "citra": {}})
    hall.answered_call("first", "ani")
    hall.acd.call_finished("first", "ani", now=1.0)
    hall.acd.handle_timer(now=11.0)
    hall.acd.effects()
    assert [offers(hall.call(f"c{n}", now=20.0)) for n in range(4)] == [
        [("c0", "budi")],
        [("c1", "citra")],
        [("c2", "ani")],
        [],
    ]


def test_an_operator_without_the_skill_or_its_level_is_passed_over_however_idle() -> None:
    hall = Hall({"idlest": {}, "novice": {"medical": 1}, "nurse": {"medical": 3, "english": 1}})
    assert offers(hall.call("c", skills={"medical": 2})) == [("c", "nurse")]
    assert offers(hall.call("d", skills={"medical": 2})) == []
    assert offers(hall.call("e", skills={"medical": 1})) == [("e", "novice")]
    assert offers(hall.call("f")) == [("f", "idlest")]


def test_a_required_level_of_0_asks_for_nothing() -> None:
    hall = Hall({"ani": {}})
    assert offers(hall.call("c", skills={"medical": 0})) == [("c", "ani")]


def test_waiting_calls_are_served_by_priority_then_by_waiting_time() -> None:
    hall = Hall()
    hall.call("patient", now=1.0)
    hall.call("second", now=2.0)
    hall.call("urgent", now=3.0, priority=0)
    hall.call("same instant", now=3.0, priority=0)
    assert hall.waiting() == ["urgent", "same instant", "patient", "second"]
    hall.join("ani", now=4.0)
    hall.join("budi", now=4.0)
    hall.join("citra", now=4.0)
    assert offers(hall.acd.effects()) == [("urgent", "ani"), ("same instant", "budi"), ("patient", "citra")]


def test_who_becomes_free_gets_the_first_call_they_fit_not_the_first_of_all() -> None:
    hall = Hall()
    hall.call("needs a nurse", now=1.0, priority=0, skills={"medical": 1})
    hall.call("anyone", now=2.0)
    hall.join("ani", now=3.0)
    assert offers(hall.acd.effects()) == [("anyone", "ani")]
    hall.join("nurse", {"medical": 1}, now=4.0)
    assert offers(hall.acd.effects()) == [("needs a nurse", "nurse")]


def test_an_operator_who_learns_a_skill_gets_the_call_that_waits_for_it_at_once() -> None:
    hall = Hall({"ani": {}})
    assert offers(hall.call("c", skills={"medical": 1})) == []
    hall.acd.set_operator(OperatorSpec("ani", "Ani", {"medical": 1}), now=5.0)
    assert offers(hall.acd.effects()) == [("c", "ani")]


def test_new_skills_cost_an_idle_operator_no_place_and_are_heeded() -> None:
    hall = Hall({"ani": {"medical": 1}, "budi": {"medical": 1}})
    hall.acd.set_operator(OperatorSpec("ani", "Ani", {"medical": 1, "english": 1}), now=5.0)
    hall.acd.set_operator(OperatorSpec("budi", "Budi", {}), now=5.0)
    assert offers(hall.call("c", skills={"medical": 1}, now=6.0)) == [("c", "ani")]
    assert offers(hall.call("d", skills={"medical": 1}, now=6.0)) == []


def test_an_unknown_queue_is_named() -> None:
    with pytest.raises(UnknownQueue, match='no queue "999"'):
        Hall().acd.enqueue(Ask(call_id="c", queue="999", priority=5), 0.0)


def test_requirements_nobody_waits_with_are_forgotten_and_idle_operators_are_still_found() -> None:
    hall = Hall({"ani": {"medical": 3}})
    hall.call("stays", skills={"diving": 1})
    for level in range(1, 3 * MAX_EMPTY_POOLS):
        hall.call("c", skills={f"skill {level}": 1})
        hall.acd.withdraw("c", 0.0)
        assert hall.acd.needs <= MAX_EMPTY_POOLS
    assert hall.waiting() == ["stays"]
    assert offers(hall.call("d", skills={"medical": 2})) == [("d", "ani")]
