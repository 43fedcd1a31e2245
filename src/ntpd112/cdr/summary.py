"""What the calls of a day or month amount to. Plain data and sums.

docs/reports.md is the reference of the figures' meanings; a test keeps both in step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

SHORT_MS = 5_000
"Who gives up sooner hardly heard it ring: counted apart, as in the service levels of the last hours."


class Counts(msgspec.Struct, kw_only=True):
    """Of incoming calls but for the last two. `_ms`: milliseconds, whole, so that sums are exact."""

    incoming: int = 0
    answered: int = 0
    abandoned: int = 0
    abandoned_short: int = 0
    overflowed: int = 0
    rejected: int = 0
    failed: int = 0
    interrupted: int = 0
    emergency: int = 0
    information: int = 0
    ghost: int = 0
    prank: int = 0
    within_10: int = 0
    within_15: int = 0
    within_20: int = 0
    answer_ms: int = 0
    "Waits of the answered."
    queued: int = 0
    wait_ms: int = 0
    "Waits of the queued."
    longest_wait_ms: int = 0
    talk_ms: int = 0
    "Of the answered."
    outgoing: int = 0
    internal: int = 0

    def add(self, other: Counts) -> None:
        for name in SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest_wait_ms = max(self.longest_wait_ms, other.longest_wait_ms)


SUMMED = tuple(name for name in Counts.__struct_fields__ if name != "longest_wait_ms")


class AgencyCounts(msgspec.Struct, kw_only=True):
    """Legs of incoming calls to one agency or other call centre."""

    name: str
    transferred: int = 0
    conferenced: int = 0
    overflowed: int = 0
    unanswered: int = 0

    def add(self, other: AgencyCounts) -> None:
        for name in HANDED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


HANDED = tuple(name for name in AgencyCounts.__struct_fields__ if name != "name")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Of a day or month in a region. Shares are 0 to 1; shares and means are None of nothing."""

    date: str | None
    "`2026-11-01`, or a month `2026-11`, of the site's zone; None: of all that were asked for."
    region: str | None
    incoming: int
    answered: int
    abandoned: int
    abandoned_short: int
    overflowed: int
    rejected: int
    failed: int
    interrupted: int
    emergency: int
    information: int
    ghost: int
    prank: int
    unclassified: int
    within_10: int
    within_15: int
    within_20: int
    level_10: float | None
    level_15: float | None
    level_20: float | None
    answer_s: float
    mean_answer_s: float | None
    queued: int
    wait_s: float
    mean_wait_s: float | None
    longest_wait_s: float
    talk_s: float
    mean_talk_s: float | None
    outgoing: int
    internal: int
    agencies: list[AgencyCounts]


def summary(
    date: str | None, region: str | None, counts: Counts, agencies: Iterable[AgencyCounts]
) -> Summary:
    """`agencies`: in any order."""
    taken = {name: getattr(counts, name) for name in _TAKEN}
    classified = counts.emergency + counts.information + counts.ghost + counts.prank
    decided = (
        counts.answered
        + counts.abandoned
        - counts.abandoned_short
        + counts.overflowed
        + counts.failed
        + counts.interrupted
    )
    return Summary(
        date=date,
        region=region,
        **taken,
        unclassified=counts.incoming - classified,
        level_10=_share(counts.within_10, decided),
        level_15=_share(counts.within_15, decided),
        level_20=_share(counts.within_20, decided),
        answer_s=counts.answer_ms / 1000,
        mean_answer_s=_mean_s(counts.answer_ms, counts.answered),
        wait_s=counts.wait_ms / 1000,
        mean_wait_s=_mean_s(counts.wait_ms, counts.queued),
        longest_wait_s=counts.longest_wait_ms / 1000,
        talk_s=counts.talk_ms / 1000,
        mean_talk_s=_mean_s(counts.talk_ms, counts.answered),
        agencies=sorted(agencies, key=lambda agency: agency.name),
    )


_TAKEN = [name for name in Counts.__struct_fields__ if name in Summary.__struct_fields__]


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean_s(sum_ms: int, count: int) -> float | None:
    return round(sum_ms / count / 1000, 3) if count else None


class Tally:
    """Counts and agencies of one date and region, or of all."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._agencies: dict[str, AgencyCounts] = {}

    def add(self, counts: Counts, agencies: Iterable[AgencyCounts] = ()) -> None:
        self.counts.add(counts)
        for agency in agencies:
            self._agencies.setdefault(agency.name, AgencyCounts(name=agency.name)).add(agency)

    def summary(self, date: str | None, region: str | None) -> Summary:
        return summary(date, region, self.counts, self._agencies.values())


def plain(value: Summary) -> dict[str, Any]:
    """For JSON, in the order of the fields."""
    found: dict[str, Any] = msgspec.to_builtins(value)
    return found
