"""The order of calls: lanes, priority with ageing, places kept."""

from hypothesis import given
from hypothesis import strategies as st
from tests.queue.hall import Hall, of_kind, offers

from ntpd112.queue import LaneChanged, Waits
from ntpd112.queue.model import HELD_AT_MOST

AGEING = 10.0
ARRIVALS = st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 30.0)), min_size=1, max_size=12)


@given(ARRIVALS)
def test_a_call_is_overtaken_only_by_those_that_come_within_its_handicap(
    arrivals: list[tuple[int, float]],
) -> None:
    hall, now = Hall(ageing=AGEING), 0.0
    came: dict[str, tuple[int, float]] = {}
    for number, (priority, gap) in enumerate(arrivals):
        now += gap
        came[f"c{number}"] = (priority, now)
        hall.call(f"c{number}", now, priority=priority)
    served = []
    for number in range(len(arrivals)):
        hall.join(f"op{number}", now=now + 1.0)
        served += [call for call, _ in offers(hall.acd.effects())]
    assert sorted(served) == sorted(came)
    for position, call in enumerate(served):
        for overtaker in served[:position]:
            priority, at = came[call]
            assert came[overtaker][1] <= at + priority * AGEING


def test_urgent_calls_overtake_only_as_far_as_ageing_allows() -> None:
    hall = Hall(ageing=AGEING)
    hall.call("patient", now=0.0, priority=3)
    hall.call("urgent", now=29.0, priority=0)
    hall.call("too late", now=31.0, priority=0)
    assert hall.waiting() == ["urgent", "patient", "too late"]


def test_who_kept_a_place_waits_where_they_would_have_been() -> None:
    hall = Hall()
    hall.call("first", now=10.0)
    hall.call("back again", now=20.0, since=5.0)
    assert hall.waiting() == ["back again", "first"]
    assert hall.acd.load("112", 25.0).longest_wait_s == 20.0


def test_a_place_in_the_future_is_now() -> None:
    hall = Hall()
    hall.call("c", now=10.0, since=99.0)
    assert hall.view("c").since == 10.0


def test_lanes_are_served_in_their_order() -> None:
    hall = Hall()
    for lane in ("quiet", "held", "normal", "lifted"):
        hall.call(lane, lane=lane)
    assert hall.waiting() == ["lifted", "normal", "quiet", "held"]
    for number in range(4):
        hall.join(f"op{number}", now=1.0)
    assert [call for call, _ in offers(hall.acd.effects())] == ["lifted", "normal", "quiet"]


def test_a_held_call_is_offered_to_nobody_until_its_lane_changes() -> None:
    hall = Hall({"ani": {}})
    assert of_kind(hall.call("c", lane="held"), Waits) == [Waits("c", {"ready": 1}, 0, "held for screening")]
    hall.acd.set_lane("c", "normal", 3.0, "voice")
    effects = hall.acd.effects()
    assert effects[0] == LaneChanged("c", "normal", "voice")
    assert offers(effects) == [("c", "ani")]


def test_a_held_call_that_nobody_screens_becomes_quiet_and_then_normal() -> None:
    hall = Hall(longest_wait=60.0)
    hall.call("c", now=0.0, lane="held", lane_until=8.0)
    assert of_kind(hall.later(8.0), LaneChanged) == [LaneChanged("c", "quiet", "not screened in time")]
    assert of_kind(hall.later(60.0), LaneChanged) == [LaneChanged("c", "normal", "longest wait reached")]
    assert hall.acd.next_timer() is None


def test_a_held_call_without_a_time_is_not_held_for_ever() -> None:
    hall = Hall()
    hall.call("c", lane="held")
    assert hall.acd.next_timer() == HELD_AT_MOST


def test_a_quiet_call_becomes_normal_with_the_wait_it_has() -> None:
    hall = Hall()
    hall.call("silent", now=0.0, lane="quiet", longest_wait=30.0)
    hall.call("speaks", now=10.0)
    assert hall.waiting() == ["speaks", "silent"]
    hall.later(30.0)
    assert hall.waiting() == ["silent", "speaks"]


def test_a_quiet_call_with_an_old_place_is_normal_as_soon_as_the_clock_is_asked() -> None:
    hall = Hall()
    hall.call("c", now=500.0, since=0.0, lane="quiet", longest_wait=30.0)
    assert hall.acd.next_timer() == 500.0
    hall.later(500.0)
    assert hall.view("c").lane == "normal"


def test_a_lane_changed_while_a_phone_rings_holds_when_the_ring_ends() -> None:
    hall = Hall({"ani": {}})
    hall.call("c", now=0.0)
    hall.acd.set_lane("c", "held", 1.0, "record", until=100.0)
    assert hall.view("c").offers == {"ani": 1}
    hall.acd.offer_declined("c", "ani", 2.0)
    hall.acd.effects()
    assert offers(hall.later(50.0)) == []
