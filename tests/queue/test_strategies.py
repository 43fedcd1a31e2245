"""Whom a queue rings first, and how many at once."""

from collections import Counter
from random import Random

import pytest
from tests.queue.hall import RING, Hall, cancels, changes, offers

from ntpd112.queue import Acd, Ask, Counters, OperatorSpec, QueuePolicy, Strategy

NAMES = ("ani", "budi", "citra")


def serve(hall: Hall, call: str, now: float, talk: float = 1.0) -> str:
    """One call, answered at once; who got it."""
    ((_, operator),) = offers(hall.call(call, now))
    hall.acd.offer_accepted(call, operator, now)
    hall.acd.call_finished(call, operator, now + talk)
    hall.acd.effects()
    return operator


def test_longest_idle_is_the_default() -> None:
    hall = Hall(NAMES, wrap_up=0.0)
    assert [serve(hall, f"c{n}", 10.0 * n) for n in range(5)] == ["ani", "budi", "citra", "ani", "budi"]


def test_least_calls_rings_who_has_taken_fewest_and_counts_what_a_restart_gives_back() -> None:
    hall = Hall(NAMES, wrap_up=0.0, strategy="least-calls")
    hall.acd.set_counters("ani", Counters(taken=2))
    hall.acd.set_counters("citra", Counters(taken=1))
    assert [serve(hall, f"c{n}", 10.0 * n) for n in range(4)] == ["budi", "citra", "budi", "ani"]


def test_least_talk_rings_who_has_talked_least() -> None:
    hall = Hall(("ani", "budi"), wrap_up=0.0, strategy="least-talk")
    assert serve(hall, "long", 0.0, talk=60.0) == "ani"
    assert [serve(hall, f"c{n}", 100.0 + 10.0 * n, talk=5.0) for n in range(3)] == ["budi"] * 3
    assert hall.operator("budi").counters == Counters(taken=3, talk_s=15.0, offers=3, rona=0)


def test_round_robin_goes_on_from_who_was_offered_last_even_if_they_did_not_answer() -> None:
    hall = Hall(NAMES, wrap_up=0.0, strategy="round-robin")
    assert offers(hall.call("c", 0.0)) == [("c", "ani")]
    hall.acd.withdraw("c", 1.0)
    hall.acd.effects()
    assert [serve(hall, f"c{n}", 10.0 + n) for n in range(3)] == ["budi", "citra", "ani"]


def test_tier_rings_the_lowest_level_of_that_skill_first_and_1_stands_for_none() -> None:
    hall = Hall({"third": {"tier": 3}, "second": {"tier": 2}, "first": {}}, wrap_up=0.0, strategy="tier")
    assert [offers(hall.call(f"c{n}", 1.0)) for n in range(3)] == [
        [("c0", "first")],
        [("c1", "second")],
        [("c2", "third")],
    ]


def test_random_is_fair_and_repeats_with_the_same_seed() -> None:
    def day(seed: int) -> list[str]:
        hall = Hall(wrap_up=0.0)
        hall.acd = Acd(Random(seed))
        hall.acd.set_queue(QueuePolicy("112", RING, 0.0, strategy="random"))
        for name in NAMES:
            hall.join(name)
        return [serve(hall, f"c{n}", float(n), talk=0.5) for n in range(600)]

    assert day(1) == day(1) != day(2)
    assert min(Counter(day(1)).values()) > 150


def test_random_still_prefers_who_has_the_better_skills() -> None:
    hall = Hall({name: {} for name in NAMES} | {"dewi": {"english": 1}}, strategy="random")
    assert offers(hall.call("c", prefer={"english": 1})) == [("c", "dewi")]


def test_preferences_come_before_the_strategy_and_keep_nobody_out() -> None:
    hall = Hall({"ani": {}, "budi": {"english": 1}, "citra": {"english": 2, "java": 1}})
    wish = {"english": 1, "java": 1}
    assert [offers(hall.call(f"c{n}", prefer=wish)) for n in range(3)] == [
        [("c0", "citra")],
        [("c1", "budi")],
        [("c2", "ani")],
    ]


def test_who_becomes_free_takes_the_first_call_even_if_a_later_one_prefers_them() -> None:
    hall = Hall()
    hall.call("first", 1.0)
    hall.call("english", 2.0, prefer={"english": 1})
    hall.join("ani", {"english": 1}, now=3.0)
    assert offers(hall.acd.effects()) == [("first", "ani")]


@pytest.mark.parametrize("strategy", ["longest-idle", "random", "ring-all"])
def test_a_caller_who_calls_again_goes_to_the_operator_they_spoke_to_if_free_and_fit(
    strategy: Strategy,
) -> None:
    hall = Hall(NAMES, strategy=strategy)
    assert offers(hall.call("c", wish="citra"))[0] == ("c", "citra")


def test_a_wished_for_operator_who_is_busy_unfit_or_gone_does_not_delay_the_call() -> None:
    hall = Hall({"ani": {"medical": 1}, "budi": {}})
    assert offers(hall.call("unfit", skills={"medical": 1}, wish="budi")) == [("unfit", "ani")]
    assert offers(hall.call("busy", wish="ani")) == [("busy", "budi")]
    hall.join("citra")
    hall.acd.effects()
    assert offers(hall.call("gone", wish="nobody")) == [("gone", "citra")]


# --- several at once


def test_ring_all_rings_everyone_fit_and_the_first_to_answer_wins() -> None:
    hall = Hall({"ani": {"medical": 1}, "budi": {}, "citra": {"medical": 1}}, strategy="ring-all")
    assert offers(hall.call("c", skills={"medical": 1})) == [("c", "ani"), ("c", "citra")]
    assert hall.view("c").offers == {"ani": 1, "citra": 2}
    hall.acd.offer_accepted("c", "citra", now=3.0)
    effects = hall.acd.effects()
    assert [(c.operator, c.number, c.outcome) for c in cancels(effects)] == [("ani", 1, "withdrawn")]
    assert changes(effects) == [
        ("citra", "talking", "answered"),
        ("ani", "ready", "answered elsewhere"),
    ]
    assert hall.operator("ani").counters.rona == 0
    assert hall.acd.next_timer() is None


def test_who_becomes_free_joins_a_ring_all_but_a_call_that_rings_nowhere_comes_first() -> None:
    hall = Hall({"ani": {}}, strategy="ring-all")
    hall.call("c", now=1.0)
    hall.call("medical", now=2.0, skills={"medical": 1})
    hall.join("budi", {"medical": 1}, now=3.0)
    assert offers(hall.acd.effects()) == [("medical", "budi")]
    hall.join("citra", now=4.0)
    assert offers(hall.acd.effects()) == [("c", "citra")]


def test_ring_all_counts_each_ring_by_itself() -> None:
    hall = Hall({"ani": {}}, strategy="ring-all")
    hall.call("c", now=0.0)
    hall.join("budi", now=5.0)
    hall.later(RING)
    assert (hall.state("ani"), hall.view("c").offers) == ("break", {"budi": 2})
    assert hall.acd.next_timer() == 5.0 + RING


def test_who_declined_does_not_join_the_ring_again_while_others_ring() -> None:
    hall = Hall(("ani", "budi"), strategy="ring-all")
    hall.call("c", now=0.0)
    hall.acd.offer_declined("c", "ani", now=1.0)
    hall.acd.effects()
    assert offers(hall.later(6.0)) == []
    assert hall.state("ani") == "ready"
    hall.acd.offer_declined("c", "budi", now=7.0)
    assert offers(hall.acd.effects()) == [("c", "ani")]


def test_progressive_rings_one_more_each_step_and_the_earlier_ones_go_on() -> None:
    hall = Hall(NAMES, strategy="progressive", ring_step=4.0)
    assert offers(hall.call("c", now=0.0)) == [("c", "ani")]
    assert offers(hall.later(4.0)) == [("c", "budi")]
    assert offers(hall.later(8.0)) == [("c", "citra")]
    assert list(hall.view("c").offers) == ["ani", "budi", "citra"]


def test_progressive_rings_who_becomes_free_when_one_more_was_due() -> None:
    hall = Hall({"ani": {}}, strategy="progressive", ring_step=4.0)
    hall.call("c", now=0.0)
    hall.join("too early", now=3.0)
    assert offers(hall.acd.effects()) == []
    assert offers(hall.later(4.0)) == [("c", "too early")]
    assert offers(hall.later(8.0)) == []
    hall.join("late", now=9.0)
    assert offers(hall.acd.effects()) == [("c", "late")]


def test_progressive_does_not_ring_who_declined_while_another_phone_rings() -> None:
    hall = Hall(("ani", "budi"), strategy="progressive", ring_step=4.0)
    hall.call("c", now=0.0)
    hall.acd.offer_declined("c", "ani", now=1.0)
    hall.acd.effects()
    assert [offers(hall.later(now)) for now in (5.0, 6.0, 9.0)] == [[], [], []]
    assert hall.state("ani") == "ready"


def test_an_operator_s_phone_never_rings_for_two_calls_of_different_queues() -> None:
    hall = Hall(NAMES, strategy="ring-all")
    hall.acd.set_queue(QueuePolicy("fire", RING, 0.0))
    hall.call("c", now=0.0)
    hall.acd.enqueue(Ask(call_id="d", queue="fire", priority=0), 1.0)
    assert offers(hall.acd.effects()) == []
    hall.acd.withdraw("c", 2.0)
    assert offers(hall.acd.effects()) == [("d", "ani")]


def test_new_skills_do_not_reset_the_counters() -> None:
    hall = Hall({"ani": {}}, wrap_up=0.0)
    serve(hall, "c", 0.0)
    hall.acd.set_operator(OperatorSpec("ani", "Ani", {"medical": 1}), 5.0)
    assert hall.operator("ani").counters.taken == 1
