"""What has happened since the start, counted from the events as they are written: for the metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ntpd112.journal.events import CallScreened, FloodChanged, JournalEvent, PartyRings, StateRepaired


@dataclass(slots=True)
class Tally:
    screened: Counter[str] = field(default_factory=Counter)
    "By result."
    climbs: int = 0
    "Destinations rung by ladders."
    floods: int = 0
    repairs: int = 0

    def take(self, event: JournalEvent) -> None:
        match event:
            case CallScreened(result=result):
                self.screened[result] += 1
            case PartyRings(purpose="ladder"):
                self.climbs += 1
            case FloodChanged(on=True):
                self.floods += 1
            case StateRepaired():
                self.repairs += 1
