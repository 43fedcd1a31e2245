"""Requirements relax and destinations are tried as a call waits."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.queue.hall import RING, WRAP_UP, Hall, of_kind, offers

from ntpd112.queue import Climb, LadderStep, LastOperator, OperatorSpec, QueuePolicy, Relaxed, UnknownCall
from ntpd112.queue.ladder import fits, relaxed, requirement_of

LADDER = (
    LadderStep(after=10.0, drop=frozenset({"english"})),
    LadderStep(after=20.0, any=True),
    LadderStep(after=30.0, include=frozenset({"reserve"}), to=True),
    LadderStep(after=30.0, to=True),
)
SKILLS = st.dictionaries(st.sampled_from(["medical", "english", "reserve", "supervisor"]), st.integers(0, 3))
STEPS = st.builds(
    LadderStep,
    after=st.just(0.0),
    drop=st.frozensets(st.sampled_from(["medical", "english"])),
    any=st.booleans(),
    include=st.frozensets(st.sampled_from(["reserve", "supervisor"])),
)


def steps(hall_effects: Sequence[object]) -> list[tuple[str, int, str]]:
    return [
        ("relaxed" if isinstance(e, Relaxed) else "climb", e.step, e.reason)
        for e in hall_effects
        if isinstance(e, Relaxed | Climb)
    ]


@given(SKILLS, SKILLS, STEPS)
def test_a_step_never_shuts_out_anyone(has: dict[str, int], needs: dict[str, int], step: LadderStep) -> None:
    before = requirement_of(needs, ("reserve", "supervisor"))
    assert not fits(has, before) or fits(has, relaxed(before, step))


def test_each_step_widens_who_is_rung_at_its_time() -> None:
    nurse = {"english": 1, "medical": 2}
    hall = Hall({"nurse": nurse, "ani": {"english": 1}}, ladder=LADDER)
    hall.join("reserve", {"medical": 3, "reserve": 1})
    hall.answered_call("other", "nurse")
    hall.call("c", now=0.0, skills=nurse)
    assert hall.waiting() == ["c"]
    assert of_kind(hall.later(10.0), Relaxed) == [
        Relaxed("c", 1, {"medical": 2}, ["reserve", "supervisor"], 10_000, "")
    ]
    assert offers(hall.later(20.0)) == [("c", "ani")]
    assert hall.acd.next_timer() == 30.0
    assert steps(hall.later(30.0)) == [("relaxed", 3, ""), ("climb", 3, ""), ("climb", 4, "")]
    hall.acd.offer_declined("c", "ani", 31.0)
    assert offers(hall.acd.effects()) == [("c", "reserve")]
    assert hall.view("c").excluded == ["supervisor"]


def test_what_nobody_on_duty_can_do_is_not_waited_for() -> None:
    hall = Hall({"ani": {"english": 1}}, ladder=LADDER)
    effects = hall.call("c", now=0.0, skills={"english": 1, "medical": 2})
    assert [step[:2] for step in steps(effects)] == [("relaxed", 1), ("relaxed", 2)]
    assert offers(effects) == [("c", "ani")]
    assert hall.acd.next_timer() == RING, "the steps to come have their time"


def test_with_only_a_supervisor_on_duty_callers_do_not_wait_for_the_step_that_lets_them_in() -> None:
    hall = Hall(
        {"boss": {"supervisor": 1}}, ladder=(LadderStep(after=30.0, include=frozenset({"supervisor"})),)
    )
    effects = hall.call("c", now=0.0)
    assert steps(effects) == [("relaxed", 1, "nobody serving fits")]
    assert offers(effects) == [("c", "boss")]


def test_if_nobody_on_duty_may_be_rung_a_destination_is_somebody() -> None:
    ladder = (LadderStep(after=30.0, to=True), LadderStep(after=60.0, include=frozenset({"supervisor"})))
    hall = Hall({"boss": {"supervisor": 1}}, ladder=ladder)
    assert steps(hall.call("c", now=0.0)) == [("climb", 1, "nobody serving fits")]
    assert offers(hall.later(60.0)) == [("c", "boss")]


FIRE_THEN_ANYBODY = (LadderStep(after=60.0, any=True), LadderStep(after=90.0, to=True))


def fire_hall(**operators: dict[str, int]) -> Hall:
    """A fireman, who talks; a call that only they fit has been waiting for them since 1."""
    hall = Hall({"fireman": {"fire": 1}}, ladder=FIRE_THEN_ANYBODY)
    hall.answered_call("talks", "fireman")
    for operator, skills in operators.items():
        hall.join(operator, skills)
    hall.call("waits", now=1.0, skills={"fire": 1})
    return hall


def test_when_the_last_who_fits_leaves_those_who_wait_for_them_take_who_is_left() -> None:
    hall = fire_hall(ani={})
    hall.acd.request_state("fireman", "break", 2.0, "api")
    assert steps(hall.acd.effects()) == [], "who talks still serves"
    hall.acd.call_finished("talks", "fireman", 3.0)
    effects = hall.acd.effects()
    assert steps(effects) == [("relaxed", 1, "nobody serving fits")]
    assert offers(effects) == [("waits", "ani")]
    assert hall.view("waits").step == 1, "the destination has its time"


@pytest.mark.parametrize("leaves", ["break", "phone lost", "skill lost"])
def test_however_the_last_who_fits_leaves(leaves: str) -> None:
    hall = fire_hall(ani={})
    hall.acd.call_finished("talks", "fireman", 2.0)
    assert hall.state("fireman") == "wrap-up"
    match leaves:
        case "break":
            hall.acd.request_state("fireman", "break", 3.0, "api")
        case "phone lost":
            hall.acd.phone_lost("fireman", 3.0, "unreachable")
            hall.later(2.0 + WRAP_UP)
        case _:
            hall.acd.set_operator(OperatorSpec("fireman", "Fireman", {}), 3.0)
    assert hall.view("waits").step == 1
    assert hall.view("waits").offers == {"ani": 1}


def test_rona_of_the_last_who_fits_others_lets_those_hurry() -> None:
    """The call that rang has somebody else: its last operator need not stay for the sake of the other."""
    hall = Hall({"fireman": {"fire": 1}, "ani": {}}, ladder=FIRE_THEN_ANYBODY)
    hall.answered_call("talks", "fireman")
    hall.answered_call("talks too", "ani")
    hall.call("anything", now=1.0)
    hall.call("fire", now=2.0, skills={"fire": 1})
    hall.acd.call_finished("talks", "fireman", 3.0)
    assert offers(hall.later(3.0 + WRAP_UP)) == [("anything", "fireman")]
    hall.later(3.0 + WRAP_UP + RING)
    assert hall.state("fireman") == "break"
    assert hall.view("fire").step == 1


def test_who_loses_their_ring_by_it_comes_before_later_calls() -> None:
    hall = fire_hall(ani={})
    hall.call("later", now=2.0, skills={"fire": 1})
    hall.acd.call_finished("talks", "fireman", 3.0)
    assert offers(hall.later(3.0 + WRAP_UP)) == [("waits", "fireman")]
    hall.acd.phone_lost("fireman", 14.0, "unreachable")
    assert offers(hall.acd.effects()) == [("waits", "ani")]
    assert hall.waiting() == ["later"]


def test_those_who_were_left_hurry_to_a_destination_and_no_further() -> None:
    ladder = (
        LadderStep(after=30.0, to=True),
        LadderStep(after=60.0, to=True),
        LadderStep(after=90.0, include=frozenset({"supervisor"})),
    )
    hall = Hall({"ani": {}}, ladder=ladder)
    hall.join("boss", {"supervisor": 1})
    hall.answered_call("talks", "ani")
    hall.call("waits", now=1.0)
    for again in (10.0, 20.0):
        hall.acd.call_finished("talks", "ani", again)
        hall.acd.request_state("ani", "break", again, "api")
        assert hall.view("waits").step == 1
        hall.acd.engage("ani", "talks", again, "phone")
    assert steps(hall.acd.effects()) == [("climb", 1, "nobody serving fits")]
    assert steps(hall.later(61.0)) == [("climb", 2, "")]


def test_a_call_is_hurried_by_nobody_fitting_when_its_screening_is_over() -> None:
    hall = Hall(
        {"boss": {"supervisor": 1}}, ladder=(LadderStep(after=30.0, include=frozenset({"supervisor"})),)
    )
    assert steps(hall.call("c", now=0.0, lane="held")) == []
    hall.acd.set_lane("c", "normal", 5.0, "spoke")
    assert offers(hall.acd.effects()) == [("c", "boss")]


def test_a_pulled_call_whose_operators_left_while_it_rang_hurries_when_it_is_declined() -> None:
    hall = fire_hall(ani={})
    hall.acd.pull("waits", "ani", 2.0)
    hall.acd.phone_lost("fireman", 3.0, "unreachable")
    hall.acd.call_finished("talks", "fireman", 3.0)
    hall.join("budi", now=4.0)
    assert steps(hall.acd.effects()) == []
    hall.acd.offer_declined("waits", "ani", 5.0)
    assert offers(hall.acd.effects()) == [("waits", "budi")]


def test_what_a_supervisor_asks_for_in_vain_is_not_waited_for() -> None:
    hall = fire_hall(ani={})
    hall.acd.set_requirement("waits", {"medical": 3}, {}, 2.0)
    assert offers(hall.acd.effects()) == [("waits", "ani")]


def test_operators_with_a_role_are_kept_out_unless_the_call_asks_for_that_role() -> None:
    hall = Hall({"boss": {"supervisor": 1}})
    assert offers(hall.call("c")) == []
    assert offers(hall.call("complaint", skills={"supervisor": 1})) == [("complaint", "boss")]


def test_a_call_that_kept_an_old_place_has_its_steps_due_at_once() -> None:
    hall = Hall({"ani": {}}, ladder=LADDER)
    effects = hall.call("c", now=100.0, since=75.0, skills={"medical": 1})
    assert steps(effects) == [("relaxed", 2, "")]
    assert offers(effects) == [("c", "ani")]
    assert hall.view("c").step == 2


def test_with_nobody_serving_all_steps_are_due_at_once() -> None:
    hall = Hall(ladder=LADDER)
    effects = hall.call("c", now=0.0, skills={"english": 1})
    why = "nobody serving"
    assert steps(effects) == [("relaxed", 1, why), ("relaxed", 3, why), ("climb", 3, why), ("climb", 4, why)]


def test_when_the_last_operator_leaves_the_calls_that_wait_hurry() -> None:
    hall = Hall({"ani": {}}, ladder=LADDER)
    hall.answered_call("talks", "ani")
    hall.call("waits", now=1.0)
    hall.acd.phone_lost("ani", 2.0, "unreachable")
    assert steps(hall.acd.effects()) == []
    hall.acd.call_finished("talks", "ani", 3.0)
    assert {reason for _, _, reason in steps(hall.acd.effects())} == {"nobody serving"}
    assert hall.view("waits").step == len(LADDER)


def test_a_full_queue_hurries_the_new_call_only() -> None:
    hall = Hall({"ani": {}}, ladder=LADDER, max_waiting=2)
    hall.answered_call("talks", "ani")
    assert [bool(of_kind(hall.call(f"c{n}", now=1.0), Climb)) for n in range(4)] == [False, False, True, True]
    assert hall.view("c0").step == 0


def test_a_full_queue_does_not_hurry_a_call_that_somebody_is_free_for() -> None:
    hall = Hall({"ani": {}, "nurse": {"medical": 1}}, ladder=LADDER, max_waiting=1)
    hall.call("c", skills={"fire": 1})
    hall.call("d", skills={"fire": 1})
    assert of_kind(hall.call("e"), Climb) == []


def test_the_last_serving_operator_who_lets_it_ring_stays_and_the_call_hurries() -> None:
    hall = Hall({"ani": {}}, ladder=LADDER)
    hall.call("c", now=0.0)
    effects = hall.later(RING)
    assert of_kind(effects, LastOperator) == [LastOperator("c", "ani")]
    assert {reason for _, _, reason in steps(effects)} == {"last operator let it ring"}
    assert hall.state("ani") == "wrap-up"
    assert offers(hall.later(RING + 1.0)) == [("c", "ani")]


def test_the_last_who_lets_it_ring_hurries_the_call_only_until_somebody_else_may_be_rung() -> None:
    ladder = [
        LadderStep(after=20.0, include=frozenset({"supervisor"})),
        LadderStep(after=60.0, to=True),
    ]
    hall = Hall({"ani": {}, "boss": {"supervisor": 1}}, ladder=tuple(ladder))
    hall.call("c", now=0.0)
    effects = hall.later(RING)
    assert steps(effects) == [("relaxed", 1, "last operator let it ring")]
    assert offers(effects) == [("c", "boss")]
    assert steps(hall.later(60.0)) == [("climb", 2, "")]


def test_hurry_takes_all_steps_and_names_the_reason_and_a_second_time_changes_nothing() -> None:
    hall = Hall({"fireman": {"fire": 1}, "ani": {}}, ladder=LADDER)
    hall.answered_call("other", "fireman")
    hall.call("c", skills={"fire": 1})
    hall.acd.hurry("c", 1.0, "supervisor")
    effects = hall.acd.effects()
    assert steps(effects)[0] == ("relaxed", 2, "supervisor")
    assert offers(effects) == [("c", "ani")]
    hall.acd.hurry("c", 2.0, "supervisor")
    assert hall.acd.effects() == []
    with pytest.raises(UnknownCall, match='no call "d" waits or rings'):
        hall.acd.hurry("d", 2.0, "supervisor")


def test_a_call_that_rings_climbs_all_the_same() -> None:
    hall = Hall({"ani": {}}, ladder=(LadderStep(after=5.0, to=True),))
    hall.call("c", now=0.0)
    assert of_kind(hall.later(5.0), Climb) == [Climb("c", 1, "", "112")]
    assert hall.view("c").offers == {"ani": 1}


@pytest.mark.parametrize("times", [(20.0, 10.0), (-1.0,)])
def test_a_ladder_whose_times_do_not_rise_is_refused(times: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match='queue "112": the ladder'):
        QueuePolicy("112", 15.0, 10.0, ladder=tuple(LadderStep(after=after, any=True) for after in times))
