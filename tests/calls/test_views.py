"""Live calls and queues as people see them, while calls come and go."""

from __future__ import annotations

from collections import Counter

from tests.calls.test_steering import Console

from ntpd112.queue import Ask, OperatorSpec


def test_a_call_that_ends_while_the_calls_are_looked_at_is_left_out_and_a_new_one_is_not_in_yet() -> None:
    console = Console()
    first, gone, last = (console.desk.call() for _ in range(3))
    ids = list(console.desk.context.calls)
    looked_at = iter(console.centre.calls())
    seen = [next(looked_at).id]
    console.desk.hang_up(gone, 487)
    console.desk.call()
    seen += [view.id for view in looked_at]
    assert seen == [ids[0], ids[2]]
    assert not first.over
    assert not last.over


def test_each_call_is_shown_as_it_is_when_its_turn_comes() -> None:
    console = Console()
    console.desk.call()
    console.desk.call()
    looked_at = iter(console.centre.calls())
    first = next(looked_at)
    console.desk.register("budi")
    console.desk.register("sari")
    assert (first.state, next(looked_at).state) == ("waiting", "ringing")


def test_an_operator_who_is_removed_while_they_are_looked_at_is_left_out() -> None:
    console = Console()
    for name in ("budi", "sari"):
        console.desk.acd.set_operator(OperatorSpec(name, name), console.desk.now)
    looked_at = iter(console.centre.operators())
    seen = [next(looked_at).id]
    console.desk.acd.remove_operator("sari", console.desk.now)
    assert seen + [view.id for view in looked_at] == ["budi"]


def test_a_queue_counts_its_calls_by_state_and_lane_and_knows_the_longest_wait() -> None:
    console = Console()
    desk = console.desk
    desk.talk("budi")
    desk.register("sari")
    desk.call()
    desk.pass_time(2.0)
    desk.call()
    desk.acd.enqueue(Ask(call_id="screened", queue="112", priority=5, lane="held"), desk.now)
    queue = next(queue for queue in console.centre.queues() if queue.name == "112")
    assert (queue.talking, queue.ringing, queue.waiting) == (1, 1, 3)
    assert queue.lanes == {"normal": 2, "held": 1}
    assert queue.longest_wait_s == 2.0
    counted = {("talking", "112"): 1, ("ringing", "112"): 1, ("waiting", "112"): 1}
    assert +desk.context.census == counted
    assert desk.acd.lanes() == {("112", "normal"): 1, ("112", "held"): 1}


def test_a_call_that_is_over_is_counted_no_more() -> None:
    console = Console()
    caller, _ = console.desk.talk("budi")
    assert +console.desk.context.census == {("talking", "112"): 1}
    console.desk.hang_up(caller)
    assert console.desk.context.census == Counter()
