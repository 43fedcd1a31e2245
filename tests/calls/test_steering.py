"""A supervisor steers calls that wait: what the console may do, what it sees, and what is written down."""

from __future__ import annotations

import pytest
from tests.calls.desk import Desk, FakeLeg

from ntpd112.calls.centre import LiveCentre
from ntpd112.calls.steering import Steering
from ntpd112.calls.views import CallView, StateConflict, UnknownCall, UnknownOperator
from ntpd112.journal.events import (
    CallHurried,
    CallLane,
    CallNeeds,
    CallPriority,
    CallPulled,
    CallRelaxed,
    OfferMade,
)

BY = "api:wallboard"


class Console:
    """A desk with a supervisor's console. The queue's ladder calls in the reserve after a minute."""

    def __init__(self) -> None:
        self.desk = Desk(ladder=[{"after": 60.0, "include": ["reserve"]}])
        self.turns = 0
        trunks: list[object] = []
        self.centre = LiveCentre(
            self.desk.context,
            self.desk.control,
            trunks,  # type: ignore[arg-type]
            self._turn,
            list,
            lambda: self.desk.now,
        )

    def _turn(self) -> None:
        self.turns += 1

    @property
    def steering(self) -> Steering:
        assert isinstance(self.centre.steering, Steering)
        return self.centre.steering

    def settle(self) -> None:
        self.desk.control.settle(self.desk.now)

    def view(self, number: int = 0) -> CallView:
        return list(self.centre.calls())[number]


@pytest.fixture
def console() -> Console:
    return Console()


def waiting(console: Console) -> tuple[FakeLeg, str]:
    leg = console.desk.call()
    return leg, list(console.centre.calls())[-1].id


def rung(desk: Desk) -> list[tuple[str, str]]:
    return [(offer.call_id, offer.operator) for offer in desk.all_of(OfferMade)]


def test_a_lifted_call_is_served_before_an_earlier_one(console: Console) -> None:
    waiting(console)
    _, second = waiting(console)
    assert console.steering.lift(second, BY).place is not None
    console.settle()
    (lane,) = console.desk.all_of(CallLane)
    assert (lane.call_id, lane.lane, lane.by) == (second, "lifted", BY)
    console.desk.register("siti")
    assert rung(console.desk) == [(second, "siti")]


def test_priority_decides_between_calls_and_is_shown(console: Console) -> None:
    waiting(console)
    console.desk.now += 1
    _, second = waiting(console)
    assert console.steering.set_priority(second, 0, BY).priority == 0
    console.desk.register("siti")
    assert rung(console.desk) == [(second, "siti")]
    (changed,) = console.desk.all_of(CallPriority)
    assert (changed.call_id, changed.priority, changed.by) == (second, 0, BY)


def test_other_requirements_ring_an_operator_who_did_not_fit(console: Console) -> None:
    desk = console.desk
    desk.register("siti", medical=1)
    desk.call("119")
    desk.pick_up("siti")
    desk.register("budi")
    desk.call("119")
    call = console.view(1).id
    view = console.steering.set_requirements(call, {}, {"english": 1}, BY)
    console.settle()
    assert (view.skills, rung(desk)[-1]) == ({}, (call, "budi"))
    (changed,) = desk.all_of(CallNeeds)
    assert (changed.skills, changed.prefer, changed.by) == ({}, {"english": 1}, BY)


def test_a_pulled_call_rings_the_operator_it_is_given_to_whatever_their_skills(console: Console) -> None:
    desk = console.desk
    desk.register("siti", medical=1)
    desk.register("budi")
    desk.call("119")
    call = console.view().id
    assert rung(desk) == [(call, "siti")]
    console.steering.pull(call, "budi", BY)
    console.settle()
    assert rung(desk)[-1] == (call, "budi")
    assert not desk.phones("siti")
    (pulled,) = desk.all_of(CallPulled)
    assert (pulled.operator, pulled.by) == ("budi", BY)
    story = desk.story()
    assert story.index("call.pulled") < len(story) - story[::-1].index("offer.made") - 1
    desk.pick_up("budi")
    assert console.view().operator == "budi"


def test_a_call_is_not_pulled_to_who_is_busy_or_unknown(console: Console) -> None:
    desk = console.desk
    desk.register("siti")
    desk.call()
    desk.pick_up("siti")
    _, call = waiting(console)
    with pytest.raises(StateConflict, match=r'"siti" is talking'):
        console.steering.pull(call, "siti", BY)
    with pytest.raises(UnknownOperator, match="eve"):
        console.steering.pull(call, "eve", BY)
    assert desk.all_of(CallPulled) == []


def test_climbing_takes_the_steps_that_remain_and_then_there_are_none(console: Console) -> None:
    desk = console.desk
    desk.register("budi")
    desk.call()
    desk.pick_up("budi")
    desk.register("siti", reserve=1)
    _, call = waiting(console)
    assert (place := console.view(1).place) is not None
    assert (place.step, place.steps, place.excluded) == (0, 1, ["reserve", "supervisor"])
    console.steering.climb(call, BY)
    console.settle()
    (relaxed,) = desk.all_of(CallRelaxed)
    assert (relaxed.step, relaxed.reason) == (1, "supervisor")
    assert [hurried.by for hurried in desk.all_of(CallHurried)] == [BY]
    assert rung(desk)[-1] == (call, "siti")
    with pytest.raises(StateConflict, match="every step"):
        console.steering.climb(call, BY)


def test_a_call_that_was_answered_cannot_be_steered_and_an_ended_one_is_unknown(console: Console) -> None:
    desk = console.desk
    desk.register("siti")
    caller, call = waiting(console)
    desk.pick_up("siti")
    with pytest.raises(StateConflict, match="is talking"):
        console.steering.lift(call, BY)
    desk.hang_up(caller)
    with pytest.raises(UnknownCall, match=call):
        console.steering.lift(call, BY)
    assert console.turns == 0
    assert desk.all_of(CallLane) == []


def test_every_command_asks_for_a_turn_so_that_it_is_carried_out(console: Console) -> None:
    _, call = waiting(console)
    console.steering.lift(call, BY)
    console.steering.set_priority(call, 1, BY)
    console.steering.set_requirements(call, {}, {}, BY)
    assert console.turns == 3


def test_the_view_tells_who_rings_and_who_did_not_take_the_call(console: Console) -> None:
    desk = console.desk
    desk.register("siti")
    desk.register("budi")
    desk.call()
    desk.refuse("siti", 486)
    place = console.view().place
    assert place is not None
    assert (place.lane, place.rings, place.offers, place.declined) == (
        "normal",
        ["budi"],
        2,
        {"siti": "declined"},
    )
    desk.pick_up("budi")
    assert console.view().place is None


def test_after_the_answer_the_view_still_tells_what_the_call_was_given(console: Console) -> None:
    desk = console.desk
    _, call = waiting(console)
    console.steering.set_priority(call, 1, BY)
    console.steering.set_requirements(call, {"medical": 2}, {}, BY)
    desk.register("siti", medical=2)
    desk.pick_up("siti")
    view = console.view()
    assert (view.place, view.priority, view.skills) == (None, 1, {"medical": 2})


def test_the_wait_of_an_earlier_attempt_counts_and_its_reason_is_shown(console: Console) -> None:
    desk = console.desk
    leg = desk.call()
    desk.now += 40
    desk.hang_up(leg)
    desk.call()
    view = console.view()
    assert view.place is not None
    assert (view.waiting_s, view.place.kept_s) == (40.0, 40.0)
    assert any("place kept" in reason for reason in view.reasons)
    assert console.centre.queues()[0].longest_wait_s == 40.0
