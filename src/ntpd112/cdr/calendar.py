"""Days and months of a zone as stretches of hours. Pure.

An hour belongs to the date at its beginning: exact where midnight is a full hour of UTC, as in all of
Indonesia.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

HOUR_S = 3600
Unit = Literal["day", "month"]


class Stretch(NamedTuple):
    """Dates that follow one another and have as many hours each."""

    dates: list[str]
    "`2026-11-01`, or of months `2026-11`."
    begin: int
    "The first hour of the first, since 1970."
    length: int
    "Hours of each."

    @property
    def end(self) -> int:
        """The first hour behind the last."""
        return self.begin + self.length * len(self.dates)


def stretches(unit: Unit, first: date, last: date, zone: tzinfo) -> list[Stretch]:
    """From the date of `first` to that of `last`, both included; of months, the whole months. Times when
    clocks are changed, and months of other lengths, begin a stretch of their own."""
    named = [(_NAMES[unit](day), _begin(day, zone)) for day in _beginnings(unit, first, last)]
    lengths = [following - begin for (_, begin), (_, following) in pairwise(named)]
    made = []
    for length, some in groupby(zip(named, lengths, strict=False), key=lambda one: one[1]):
        dates = [one for one, _ in some]
        made.append(Stretch([name for name, _ in dates], dates[0][1], length))
    return made


def local_date(hour: int, zone: tzinfo) -> date:
    """Of the beginning of an hour since 1970."""
    return datetime.fromtimestamp(hour * HOUR_S, UTC).astimezone(zone).date()


_NAMES: dict[Unit, Callable[[date], str]] = {"day": date.isoformat, "month": lambda day: f"{day:%Y-%m}"}


def _beginnings(unit: Unit, first: date, last: date) -> Iterator[date]:
    """Of each, and of the one behind the last."""
    day = first if unit == "day" else first.replace(day=1)
    while day <= last:
        yield day
        day = following(unit, day)
    yield day


def following(unit: Unit, day: date) -> date:
    """The next day, or the first day of the next month."""
    if unit == "day":
        return day + timedelta(days=1)
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _begin(day: date, zone: tzinfo) -> int:
    """The first hour that begins on or after local midnight."""
    return -int(-datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() // HOUR_S)
