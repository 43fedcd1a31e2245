"""Where a call goes that no operator takes, and whether it gets to anybody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.config import (
    PBX,
    Config,
    DestinationConfig,
    LadderStep,
    QueueConfig,
    Route,
    dead_ends,
    grouped,
    routes_of,
)

POLICE = DestinationConfig(name="police", to=["sip:110@10.1.0.5"])
WIDEN = LadderStep(after=5, any=True)


def queue(name: str, *to: str, reject: bool = False, max_waiting: int = 0) -> QueueConfig:
    """With a step every 10 s."""
    return QueueConfig(
        name=name,
        ladder=[WIDEN, *(LadderStep(after=10 * number, to=each) for number, each in enumerate(to, 1))],
        no_operator="reject" if reject else "wait",
        max_waiting=max_waiting,
    )


def centre(*queues: QueueConfig) -> Config:
    return Config(queue=list(queues), destination=[POLICE])


def route(config: Config, name: str, way: str = "timed out") -> Route:
    (found,) = (each for each in routes_of(config) if (each.queue, each.way) == (name, way))
    return found


def test_a_destination_is_a_way_out_whatever_keeps_the_operators() -> None:
    config = centre(queue("112", "police", max_waiting=5))
    assert [(each.way, each.ends, each.after_s) for each in routes_of(config)] == [
        ("timed out", ("police",), 10.0),
        ("full", ("police",), 0.0),
        ("empty", ("police",), 0.0),
        ("on break", ("police",), 0.0),
    ]
    assert dead_ends(config) == []


def test_a_queue_without_limit_is_never_full() -> None:
    assert "full" not in {each.way for each in routes_of(centre(queue("112", "police")))}


def test_another_queue_s_ladder_goes_on_with_the_time_that_the_call_has_waited() -> None:
    config = centre(queue("medical", "sip:1.2.3.4", "112"), queue("112", "police"))
    assert route(config, "medical").ends == ("sip:1.2.3.4", "police")
    late = centre(queue("a", "112"), queue("112", "police", "police"))
    assert route(late, "a").after_s == 10.0
    assert route(late, "a").queues == ("a", "112")


def test_widening_alone_is_no_way_out() -> None:
    (complaint,) = dead_ends(centre(queue("112")))
    assert complaint.path == ("queue", 0, "ladder")
    assert complaint.message == (
        'queue "112": a call that no operator takes (timed out, empty, on break) waits in "112" and never '
        "gets to a person: add [[queue.ladder]] with a time in `after`, and in `to` the name of a "
        "[[destination]]"
    )


def test_without_any_destination_it_says_so() -> None:
    (complaint,) = dead_ends(Config())
    assert complaint.message.endswith("a [[destination]] (there is none yet)")


def test_queues_that_lead_to_each_other_only_are_a_loop_that_is_named() -> None:
    config = centre(queue("a", "b"), queue("b", "c"), queue("c", "b"))
    assert (route(config, "a").queues, route(config, "a").back_to) == (("a", "b", "c"), "b")
    message = dead_ends(config)[0].message
    assert 'goes round "a" -> "b" -> "c" -> "b" and never gets to a person' in message


def test_a_loop_that_passes_a_destination_is_a_way_out() -> None:
    config = centre(queue("a", "police", "b"), queue("b", "a"))
    assert (route(config, "b").ends, route(config, "b").back_to) == (("police",), "b")
    assert dead_ends(config) == []


def test_a_refused_call_goes_back_to_the_pbx_but_one_that_waits_does_not() -> None:
    config = centre(queue("112", reject=True))
    assert route(config, "112", "empty").ends == route(config, "112", "on break").ends == (PBX,)
    assert route(config, "112").ends == ()


def test_a_queue_that_another_one_s_ladder_leads_to_can_refuse_no_longer() -> None:
    """The call has been answered."""
    assert route(centre(queue("a", "112"), queue("112", reject=True)), "a", "empty").ends == ()


def test_routes_that_differ_only_in_why_are_one_row() -> None:
    config = centre(queue("112", "police", max_waiting=1))
    assert [ways for _, ways in grouped(routes_of(config))] == [["timed out"], ["full", "empty", "on break"]]


NAMES = ("a", "b", "c", "d")
TARGETS = st.sampled_from((*NAMES, "police", "sip:1.2.3.4"))
CENTRES = st.builds(
    lambda ladders, rejects: centre(
        *(
            queue(name, *ladder, reject=reject)
            for name, ladder, reject in zip(NAMES, ladders, rejects, strict=True)
        )
    ),
    st.lists(st.lists(TARGETS, max_size=3), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
HOPS = 2 * len(NAMES)
"More than there are queues: a walk that has rung nobody by then never will."


def rung_by_a_call(config: Config, name: str) -> list[str]:
    """A call that walks and walks, without looking where it has been."""
    ladders = {each.name: [step.to for step in each.ladder if step.to] for each in config.queue}
    rung, here = [], name
    for _ in range(HOPS):
        for to in ladders[here]:
            if to in ladders:
                here = to
                break
            rung.append(to)
        else:
            break
    return rung


@given(CENTRES)
def test_the_proof_says_what_a_call_would_find_that_walks_on_and_on(config: Config) -> None:
    for each in config.queue:
        rung = rung_by_a_call(config, each.name)
        ends = list(route(config, each.name).ends)
        assert bool(ends) == bool(rung)
        assert rung[: len(ends)] == ends
        assert set(rung) == set(ends)
    lost = {complaint.path[1] for complaint in dead_ends(config)}
    assert lost == {place for place, each in enumerate(config.queue) if not rung_by_a_call(config, each.name)}


@given(CENTRES)
def test_nobody_serving_or_a_limit_reached_is_no_worse_than_waiting(config: Config) -> None:
    for each in routes_of(config):
        if each.ends != (PBX,):
            assert each.ends == route(config, each.queue).ends
