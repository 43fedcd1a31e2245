"""Service levels of the last 24 hours by quarter of an hour: of all calls, by queue, trunk and operator.

A call counts in the quarter in which it came, whenever it ends; an operator's answers, offers and time count
when they happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import msgspec

from ntpd112.journal.events import OfferEnded, OperatorChanged

from .bounded import drop_oldest
from .calls import OpenCall
from .settings import DAY_S
from .tallies import INTERVAL_S, INTERVALS, MAX_NAMES, OTHERS, By, Calls, Interval, Level, Work, level

MAX_ON_DUTY = 5_000
"Operators logged in at the same time."
NEAR_INTERVALS = 2
"`live` looks at the quarter that is going on and the one before: a wallboard's last 15 to 30 minutes."

_Counts = TypeVar("_Counts", Calls, Work)


class Duty(msgspec.Struct, frozen=True, array_like=True):
    """An operator who is logged in. `since`: epoch seconds."""

    state: str
    since: float


class Counters(NamedTuple):
    """Of one operator in the last 24 hours: what an ACD needs to go on fairly after a restart."""

    calls: int
    talk_s: float
    offers: int
    rona: int


class Levels:
    def __init__(
        self, intervals: dict[int, Interval] | None = None, duty: dict[str, Duty] | None = None
    ) -> None:
        self.intervals: dict[int, Interval] = {} if intervals is None else intervals
        "By number: epoch seconds over INTERVAL_S. For the snapshot."
        self.duty: dict[str, Duty] = {} if duty is None else duty
        "By operator. For the snapshot."

    # --- what happens to calls

    def offered(self, call: OpenCall, at: float) -> None:
        for calls in self._of(call, at):
            calls.offered += 1

    def answered(self, call: OpenCall, operator: str, at: float) -> None:
        """By an operator, for the first time."""
        if call.queued_at is None:
            return
        wait = max(0.0, at - call.queued_at)
        for calls in self._of(call, call.queued_at):
            calls.answer(wait)
        _named(self._interval(at).operators, operator, Calls).answer(wait)

    def ended(self, call: OpenCall, at: float, *, abandoned: bool) -> None:
        if call.queued_at is None:
            for calls in self._of(call, at):
                calls.refused += 1
            return
        wait = max(0.0, at - call.queued_at)
        for calls in self._of(call, call.queued_at):
            if call.connected_at is not None:
                calls.talk_s += max(0.0, at - call.connected_at)
            elif call.elsewhere:
                calls.elsewhere += 1
            elif abandoned:
                calls.abandon(wait)
            else:
                calls.failed += 1

    def _of(self, call: OpenCall, at: float) -> list[Calls]:
        """The counts that a call of this time belongs to."""
        interval = self._interval(at)
        found = [interval.all, _named(interval.trunks, call.trunk, Calls)]
        if call.queue:
            found.append(_named(interval.queues, call.queue, Calls))
        return found

    # --- what operators do

    def offer_ended(self, event: OfferEnded) -> None:
        work = _named(self._interval(event.at).work, event.operator, Work)
        work.offers += 1
        work.rona += event.outcome == "rona"

    def operator_changed(self, event: OperatorChanged) -> None:
        self._book(event.operator, event.at)
        if event.state != "offline":
            drop_oldest(self.duty, MAX_ON_DUTY - 1)
            self.duty[event.operator] = Duty(event.state, event.at)

    def agent_started(self, died_at: float) -> None:
        """Nobody is logged in at a start; whoever was is off duty since the agent before ended."""
        for operator in list(self.duty):
            self._book(operator, died_at)

    def _book(self, operator: str, until: float) -> None:
        """Their present state ends."""
        if (duty := self.duty.pop(operator, None)) is None:
            return
        for number, seconds in _spread(duty.since, until):
            work = _named(self._interval(number * INTERVAL_S).work, operator, Work)
            work.spend(duty.state, seconds)
            if duty.state == "talking":
                calls = _named(self._interval(number * INTERVAL_S).operators, operator, Calls)
                calls.talk_s += seconds

    def _interval(self, at: float) -> Interval:
        number = int(at // INTERVAL_S)
        interval = self.intervals.get(number)
        if interval is None:
            interval = self.intervals[number] = Interval()
            while len(self.intervals) > INTERVALS:
                del self.intervals[min(self.intervals)]
        return interval

    # --- what is asked

    def report(self, now: float, since: float, by: By = "all") -> list[Level]:
        """From the interval of `since` (at most 24 hours ago) to now, by name."""
        chosen = self._between(since, now)
        start_at = min(chosen, default=int(now // INTERVAL_S)) * INTERVAL_S
        return _levels([interval for parts in chosen.values() for interval in parts], start_at, by)

    def series(self, now: float, since: float, by: By = "all") -> list[Level]:
        """The same, interval by interval in order of time."""
        return [
            found
            for number, parts in sorted(self._between(since, now).items())
            for found in _levels(parts, number * INTERVAL_S, by)
        ]

    def live(self, now: float, by: By = "all") -> list[Level]:
        """Of the last NEAR_INTERVALS."""
        return self.report(now, now - (NEAR_INTERVALS - 1) * INTERVAL_S, by)

    def counters(self, now: float) -> dict[str, Counters]:
        """By operator, of the last 24 hours."""
        return {
            found.name: Counters(found.answered, found.talk_s, found.offers, found.rona)
            for found in self.report(now, now - DAY_S, "operator")
        }

    def _between(self, since: float, now: float) -> dict[int, list[Interval]]:
        """The intervals asked for, by number: what is booked, and what operators do since they began it."""
        going_on = Levels()
        for operator, duty in self.duty.items():
            going_on.duty[operator] = duty
            going_on._book(operator, now)
        first, last = int(max(since, now - DAY_S) // INTERVAL_S), int(now // INTERVAL_S)
        chosen: dict[int, list[Interval]] = {}
        for number, interval in [*self.intervals.items(), *going_on.intervals.items()]:
            if first <= number <= last:
                chosen.setdefault(number, []).append(interval)
        return chosen


def _levels(intervals: list[Interval], start_at: float, by: By) -> list[Level]:
    """One for each name."""
    names = {name for interval in intervals for name in interval.calls(by)}
    if by == "operator":
        names |= {name for interval in intervals for name in interval.work}
    return [_level(name, intervals, start_at, by) for name in sorted(names)]


def _level(name: str, intervals: list[Interval], start_at: float, by: By) -> Level:
    calls = [table[name] for interval in intervals if name in (table := interval.calls(by))]
    work: list[Work] = []
    if by == "all":
        work = [spent for interval in intervals for spent in interval.work.values()]
    elif by == "operator":
        work = [interval.work[name] for interval in intervals if name in interval.work]
    return level(name, start_at, calls, work)


def _named(table: dict[str, _Counts], name: str, kind: type[_Counts]) -> _Counts:
    """The entry of this name; beyond MAX_NAMES that of all others."""
    found = table.get(name)
    if found is None:
        name = name if len(table) < MAX_NAMES else OTHERS
        found = table.setdefault(name, kind())
    return found


def _spread(start: float, end: float) -> Iterator[tuple[int, float]]:
    """Seconds in each interval of the time between, of 24 hours at most."""
    start = max(start, end - DAY_S)
    while start < end:
        number = int(start // INTERVAL_S)
        stop = min(end, float((number + 1) * INTERVAL_S))
        yield number, stop - start
        start = stop
