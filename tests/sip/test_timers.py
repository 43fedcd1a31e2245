"""The timer heap and the durations of RFC 3261."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ntpd112.sip.timers import MIN_GARBAGE, Durations, Timers


def test_durations_are_those_of_the_rfc() -> None:
    d = Durations()
    assert (d.a, d.b, d.d, d.e, d.f, d.g, d.h, d.i, d.j, d.k, d.l, d.m) == (
        0.5, 32, 32, 0.5, 32, 0.5, 32, 5, 32, 5, 32, 32,
    )  # fmt: skip
    assert d.c == 180


def test_durations_scale_with_t1_and_t4() -> None:
    d = Durations(t1=0.1, t4=1.0)
    assert (d.b, d.k) == (6.4, 1.0)


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans())))
def test_timers_fire_in_order_unless_cancelled(plans: list[tuple[float, bool]]) -> None:
    timers = Timers()
    fired: list[float] = []
    started = [(timers.start(at, lambda now, at=at: fired.append(at)), cancel) for at, cancel in plans]  # type: ignore[misc]
    for timer, cancel in started:
        if cancel:
            timer.cancel()
            timer.cancel()
    kept = sorted(at for at, cancel in plans if not cancel)
    assert len(timers) == len(kept)
    assert timers.next() == (kept[0] if kept else None)
    timers.fire(50)
    assert fired == [at for at in kept if at <= 50]
    timers.fire(100)
    assert fired == kept
    assert len(timers) == 0


def test_a_timer_may_start_and_cancel_others() -> None:
    timers = Timers()
    fired: list[str] = []
    other = timers.start(2, lambda now: fired.append("other"))

    def first(now: float) -> None:
        other.cancel()
        timers.start(now, lambda now: fired.append("at once"))

    timers.start(1, first)
    timers.fire(3)
    assert fired == ["at once"]


def test_cancelled_timers_do_not_pile_up() -> None:
    timers = Timers()
    for _ in range(100 * MIN_GARBAGE):
        timers.start(1e9, print).cancel()
    assert len(timers._heap) <= 2 * MIN_GARBAGE
    assert len(timers) == 0
