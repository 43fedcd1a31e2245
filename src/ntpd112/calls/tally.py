"""What has happened since the start, counted from the events as they are written: for the metrics."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from ntpd112.histogram import Histogram
from ntpd112.journal.events import (
    CallConnected,
    CallEnded,
    CallQueued,
    CallScreened,
    CallStarted,
    FloodChanged,
    JournalEvent,
    MediaProblem,
    OfferEnded,
    OfferMade,
    OperatorChanged,
    PartyRings,
    SoundKind,
    StateRepaired,
)

ANSWER_BUCKETS_S = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"Seconds; 10, 15 and 20 are those that service levels are told for."
DISPATCH_BUCKETS_S = (0.000_5, 0.001, 0.002, 0.003, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.5)
"Seconds; 5 ms is the median aimed at, 15 ms the longest of a hundred."

Trigger = Literal["call", "operator", "other"]
"""What made an offer possible: a call came in, an operator became free, or something else (the one before was
not taken, a step of the ladder, the end of a screening)."""


@dataclass(slots=True)
class Tally:
    screened: Counter[str] = field(default_factory=Counter)
    "By result."
    climbs: int = 0
    "Destinations rung by ladders."
    floods: int = 0
    repairs: int = 0
    media_problems: Counter[SoundKind] = field(default_factory=Counter)
    started: Counter[tuple[str, str]] = field(default_factory=Counter)
    "Calls, by direction and trunk."
    ended: Counter[str] = field(default_factory=Counter)
    "Calls, by disposition."
    offers: Counter[str] = field(default_factory=Counter)
    "That are over, by outcome."
    answered: defaultdict[str, Histogram] = field(
        default_factory=partial(defaultdict, partial(Histogram, *ANSWER_BUCKETS_S))
    )
    "Seconds from the INVITE of a call that came in until an operator answered, by the call's first queue."
    dispatched: dict[Trigger, Histogram] = field(
        default_factory=lambda: {
            trigger: Histogram(*DISPATCH_BUCKETS_S) for trigger in ("call", "operator", "other")
        }
    )
    "Seconds from what made an offer possible until its INVITEs were on the wire."
    _came: dict[str, tuple[str, float]] = field(default_factory=dict)
    "Of calls that came in and were not answered yet: the first queue, and epoch seconds of the INVITE."
    _fresh: set[str] = field(default_factory=set)
    "Calls that came and operators that became free in this turn."
    _made: list[Trigger] = field(default_factory=list)
    "What made the offers of this turn possible."

    def take(self, event: JournalEvent) -> None:
        match event:
            case OfferMade():
                self._made.append(self._trigger(event))
            case OfferEnded(outcome=outcome):
                self.offers[outcome] += 1
            case OperatorChanged(state="ready"):
                self._fresh.add(_key(event.operator))
            case CallStarted(direction=direction):
                self.started[direction, event.trunk] += 1
                self._fresh.add(event.call_id)
                if direction == "in":
                    self._came[event.call_id] = "", event.at
            case CallQueued(queue=queue) if event.call_id in self._came:
                first, at = self._came[event.call_id]
                self._came[event.call_id] = first or queue, at
            case CallConnected() if (came := self._came.pop(event.call_id, None)) is not None:
                queue, at = came
                self.answered[queue].observe(max(0.0, event.at - at))
            case CallEnded(disposition=disposition):
                self.ended[disposition] += 1
                self._came.pop(event.call_id, None)
            case CallScreened(result=result):
                self.screened[result] += 1
            case PartyRings(purpose="ladder"):
                self.climbs += 1
            case FloodChanged(on=True):
                self.floods += 1
            case MediaProblem(kind=kind):
                self.media_problems[kind] += 1
            case StateRepaired():
                self.repairs += 1

    def turn_over(self, took_s: float) -> None:
        """What was decided since the last time is on the wire, `took_s` after it was heard of."""
        for trigger in self._made:
            self.dispatched[trigger].observe(took_s)
        self._made.clear()
        self._fresh.clear()

    def _trigger(self, offer: OfferMade) -> Trigger:
        if offer.call_id in self._fresh:
            return "call"
        return "operator" if _key(offer.operator) in self._fresh else "other"


def _key(operator: str) -> str:
    """Of an operator among ids of calls."""
    return f"operator {operator}"
