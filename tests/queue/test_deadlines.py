from hypothesis import given
from hypothesis import strategies as st

from ntpd112.queue.deadlines import SLACK, Deadlines, Key

A, EARLY, LATE = ("step", "a"), ("step", "early"), ("lane", "late")


def test_the_earliest_comes_first_and_only_when_due() -> None:
    deadlines = Deadlines()
    deadlines.set(LATE, 9.0)
    deadlines.set(EARLY, 3.0)
    assert deadlines.next() == 3.0
    assert deadlines.pop_due(2.9) is None
    assert deadlines.pop_due(3.0) == EARLY
    assert deadlines.next() == 9.0


def test_a_new_deadline_replaces_the_old_and_cancelling_twice_is_harmless() -> None:
    deadlines = Deadlines()
    deadlines.set(A, 3.0)
    deadlines.set(A, 5.0)
    assert deadlines.pop_due(4.0) is None
    assert deadlines.next() == 5.0
    deadlines.cancel(A)
    deadlines.cancel(A)
    assert deadlines.next() is None


def test_cancelled_entries_do_not_pile_up() -> None:
    deadlines = Deadlines()
    for step in range(10 * SLACK):
        deadlines.set(A, 1000.0 - step)
        assert deadlines.heap_size <= 2 * len(deadlines) + SLACK
    assert deadlines.next() == 1000.0 - (10 * SLACK - 1)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(0, 20)), max_size=60))
def test_deadlines_behave_like_a_dict_sorted_by_time(steps: list[tuple[str, int | None]]) -> None:
    deadlines, model = Deadlines(), dict[Key, float]()
    for name, at in steps:
        key = ("step", name)
        if at is None:
            deadlines.cancel(key)
            model.pop(key, None)
        else:
            deadlines.set(key, float(at))
            model[key] = float(at)
        assert deadlines.next() == min(model.values(), default=None)
        assert (key in deadlines) == (key in model)
    taken = []
    while (due := deadlines.pop_due(100.0)) is not None:
        taken.append(model.pop(due))
    assert taken == sorted(taken)
    assert model == {}
