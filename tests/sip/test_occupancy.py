"""How full a trunk's line group is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.sip.events import TrunkFilling
from ntpd112.sip.occupancy import Occupancy
from ntpd112.sip.trunks import Trunks, TrunkSpec

SPEC = TrunkSpec("pbx", ["127.0.0.1"], max_calls=10, options_s=0, alarm_at=0.8)


def test_the_alarm_begins_at_its_share_and_ends_a_tenth_of_the_lines_below() -> None:
    trunks = Trunks([SPEC])
    (trunk,) = trunks
    for _ in range(8):
        trunk.admit(0.0)
    assert trunks.events() == [TrunkFilling(trunk, nearly_full=True)]
    trunk.admit(0.0)
    trunk.release()
    assert trunks.events() == []
    trunk.release()
    assert trunks.events() == [TrunkFilling(trunk, nearly_full=False)]


def test_more_lines_by_a_reload_end_the_alarm() -> None:
    trunks = Trunks([SPEC])
    (trunk,) = trunks
    for _ in range(9):
        trunk.admit(0.0)
    trunks.events()
    trunks.configure([TrunkSpec("pbx", SPEC.networks, max_calls=60, options_s=0, alarm_at=0.8)])
    assert trunks.events() == [TrunkFilling(trunk, nearly_full=False)]


@pytest.mark.parametrize(("lines", "begins", "ends"), [(1, 1, 0), (2, 2, 1), (4, 4, 2), (60, 48, 42)])
def test_small_line_groups_have_an_alarm_that_ends_too(lines: int, begins: int, ends: int) -> None:
    occupancy = Occupancy(0.8)
    assert [calls for calls in range(lines + 1) if occupancy.look(calls, lines)] == [begins]
    assert [calls for calls in range(lines, -1, -1) if occupancy.look(calls, lines)] == [ends]


@given(st.floats(0.01, 1.0), st.integers(1, 100), st.lists(st.integers(0, 100)))
def test_an_empty_trunk_is_never_nearly_full_and_a_full_one_always(
    share: float, lines: int, calls: list[int]
) -> None:
    occupancy = Occupancy(share)
    for count in calls:
        before = occupancy.nearly_full
        assert occupancy.look(min(count, lines), lines) == (occupancy.nearly_full != before)
    occupancy.look(lines, lines)
    assert occupancy.nearly_full
    occupancy.look(0, lines)
    assert not occupancy.nearly_full


def test_without_a_share_there_is_no_alarm() -> None:
    assert not Occupancy(0.0).look(10, 10)


def test_the_peak_of_the_hour_forgets_and_that_since_the_start_does_not() -> None:
    occupancy = Occupancy()
    for minute, calls in enumerate([3, 9, 4]):
        occupancy.began(calls, 60.0 * minute)
    assert (occupancy.peak, occupancy.peak_of_hour(1, 3600.0)) == (9, 9)
    assert (occupancy.peak, occupancy.peak_of_hour(1, 3660.0)) == (9, 4)
    assert (occupancy.peak, occupancy.peak_of_hour(7, 9_000.0)) == (9, 7)
