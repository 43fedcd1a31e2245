"""Days and months of a zone in hours since 1970."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.cdr.calendar import HOUR_S, Stretch, Unit, local_date, stretches

WIB, WITA, WIT = (ZoneInfo(f"Asia/{city}") for city in ("Jakarta", "Makassar", "Jayapura"))
ZONES = st.sampled_from(
    [WIB, WITA, WIT, ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")]
)
DAYS = st.dates(date(1971, 1, 2), date(2090, 1, 1))


def hour(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp()) // HOUR_S


@pytest.mark.parametrize(("zone", "at"), [(WIB, "17:00"), (WITA, "16:00"), (WIT, "15:00")])
def test_a_day_begins_at_local_midnight(zone: tzinfo, at: str) -> None:
    (found,) = stretches("day", date(2026, 11, 1), date(2026, 11, 2), zone)
    assert found == Stretch(["2026-11-01", "2026-11-02"], hour(f"2026-10-31T{at}+00:00"), 24)


def test_months_are_as_long_as_they_are_and_whole() -> None:
    found = stretches("month", date(2026, 6, 30), date(2026, 9, 1), WIB)
    assert [(one.dates, one.length) for one in found] == [
        (["2026-06"], 720),
        (["2026-07", "2026-08"], 744),
        (["2026-09"], 720),
    ]
    assert found[0].begin == hour("2026-06-01T00:00+07:00")
    assert found[-1].end == hour("2026-10-01T00:00+07:00")


def test_the_days_when_clocks_are_changed_are_of_their_length() -> None:
    found = stretches("day", date(2026, 10, 24), date(2026, 10, 26), ZoneInfo("Europe/Berlin"))
    assert [(one.dates, one.length) for one in found] == [
        (["2026-10-24"], 24),
        (["2026-10-25"], 25),
        (["2026-10-26"], 24),
    ]


@given(st.sampled_from(["day", "month"]), DAYS, st.integers(0, 400), ZONES)
def test_each_hour_is_in_the_date_at_its_beginning_and_none_is_left_out(
    unit: Unit, first: date, days: int, zone: tzinfo
) -> None:
    last = first + timedelta(days=days)
    made = stretches(unit, first, last, zone)
    assert [one.end for one in made[:-1]] == [one.begin for one in made[1:]]
    for one in made:
        for index, name in enumerate(one.dates):
            begin = one.begin + index * one.length
            for inside in (begin, begin + one.length - 1):
                assert local_date(inside, zone).isoformat().startswith(name)
    assert made[0].dates[0] == first.isoformat()[: len(made[0].dates[0])]
    assert made[-1].dates[-1] == last.isoformat()[: len(made[0].dates[0])]


def test_a_half_hour_zone_counts_an_hour_to_the_date_it_begins_in() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    (found,) = stretches("day", date(2026, 11, 1), date(2026, 11, 1), zone)
    begin = datetime.fromtimestamp(found.begin * HOUR_S, UTC).astimezone(zone)
    assert (found.length, begin.isoformat()) == (24, "2026-11-01T00:30:00+05:30")
