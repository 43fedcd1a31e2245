"""What is counted in a quarter of an hour, and what counts amount to. Plain data and sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from .calls import SHORT_S

INTERVAL_S = 900
"A quarter of an hour, the usual interval of call centres; aligned to UTC, so to every zone of Indonesia."
INTERVALS = 97
"A day and the interval that is going on."
MAX_NAMES = 500
"Queues, trunks or operators of one interval; those beyond share the name OTHERS."
OTHERS = "(others)"
NENA = ((15.0, 0.90), (20.0, 0.95))
"Seconds and the share of calls to be answered within them (NENA-STA-020.1-2020, call answering standard)."

By = Literal["all", "queue", "trunk", "operator"]


class Calls(msgspec.Struct, array_like=True):
    """Counts of calls that came in an interval; what became of them later is counted there too."""

    offered: int = 0
    answered: int = 0
    within_10: int = 0
    within_15: int = 0
    within_20: int = 0
    abandoned: int = 0
    short: int = 0
    "Given up within SHORT_S."
    elsewhere: int = 0
    failed: int = 0
    refused: int = 0
    wait_s: float = 0.0
    "Of the answered."
    longest_s: float = 0.0
    "Of all."
    talk_s: float = 0.0

    def answer(self, wait_s: float) -> None:
        self.answered += 1
        self.within_10 += wait_s <= 10
        self.within_15 += wait_s <= 15
        self.within_20 += wait_s <= 20
        self.wait_s += wait_s
        self.longest_s = max(self.longest_s, wait_s)

    def abandon(self, wait_s: float) -> None:
        if wait_s < SHORT_S:
            self.short += 1
        else:
            self.abandoned += 1
        self.longest_s = max(self.longest_s, wait_s)


class Work(msgspec.Struct, array_like=True):
    """What an operator did in an interval; times in seconds."""

    offers: int = 0
    rona: int = 0
    ready_s: float = 0.0
    ringing_s: float = 0.0
    talking_s: float = 0.0
    wrap_up_s: float = 0.0
    break_s: float = 0.0

    def spend(self, state: str, seconds: float) -> None:
        """Time in an operator's state; offline is none."""
        match state:
            case "ready":
                self.ready_s += seconds
            case "ringing":
                self.ringing_s += seconds
            case "talking":
                self.talking_s += seconds
            case "wrap-up":
                self.wrap_up_s += seconds
            case "break":
                self.break_s += seconds


class Interval(msgspec.Struct, array_like=True):
    all: Calls = msgspec.field(default_factory=Calls)
    queues: dict[str, Calls] = msgspec.field(default_factory=dict)
    trunks: dict[str, Calls] = msgspec.field(default_factory=dict)
    operators: dict[str, Calls] = msgspec.field(default_factory=dict)
    work: dict[str, Work] = msgspec.field(default_factory=dict)
    "By operator."

    def calls(self, by: By) -> dict[str, Calls]:
        match by:
            case "all":
                return {"": self.all}
            case "queue":
                return self.queues
            case "trunk":
                return self.trunks
            case "operator":
                return self.operators


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What a queue, trunk, operator or all of them achieved. Shares are 0 to 1, None of nothing.

    A service level is the share answered in time of all calls that are decided, short ones apart: an
    operator's answer counts, another centre's does not."""

    name: str
    "Empty for all."
    start_at: float
    "Epoch seconds: where the first interval begins."
    offered: int
    answered: int
    abandoned: int
    abandoned_short: int
    "Given up within 5 s; not in `abandoned`."
    elsewhere: int
    "Answered by another centre or agency, by the ladder."
    failed: int
    "Lost by a fault or a restart before an answer."
    refused: int
    "Never came into a queue."
    level_10: float | None
    level_15: float | None
    level_20: float | None
    meets_nena: bool | None
    mean_wait_s: float | None
    "Of the answered."
    longest_wait_s: float
    talk_s: float
    offers: int
    rona: int
    logged_in_s: float
    break_s: float
    occupancy: float | None
    "Ringing, talk and wrap-up over the time logged in and not on break."


def level(name: str, start_at: float, calls: Sequence[Calls], work: Sequence[Work]) -> Level:
    """The sum of these counts."""
    total, done = Calls(*_columns(calls)), Work(*_columns(work))
    decided = total.answered + total.abandoned + total.elsewhere + total.failed
    busy = done.ringing_s + done.talking_s + done.wrap_up_s
    level_15, level_20 = _share(total.within_15, decided), _share(total.within_20, decided)
    return Level(
        name=name,
        start_at=start_at,
        offered=total.offered,
        answered=total.answered,
        abandoned=total.abandoned,
        abandoned_short=total.short,
        elsewhere=total.elsewhere,
        failed=total.failed,
        refused=total.refused,
        level_10=_share(total.within_10, decided),
        level_15=level_15,
        level_20=level_20,
        meets_nena=_meets_nena(level_15, level_20),
        mean_wait_s=_share(total.wait_s, total.answered),
        longest_wait_s=max((counted.longest_s for counted in calls), default=0.0),
        talk_s=total.talk_s,
        offers=done.offers,
        rona=done.rona,
        logged_in_s=busy + done.ready_s + done.break_s,
        break_s=done.break_s,
        occupancy=_share(busy, busy + done.ready_s),
    )


def _columns(rows: Sequence[msgspec.Struct]) -> list[Any]:
    """The sum of each field."""
    return [sum(column) for column in zip(*map(msgspec.structs.astuple, rows), strict=True)]


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _meets_nena(level_15: float | None, level_20: float | None) -> bool | None:
    if level_15 is None or level_20 is None:
        return None
    (_, share_15), (_, share_20) = NENA
    return level_15 >= share_15 and level_20 >= share_20
