"""A call centre's day as journal events, told with a clock carried by hand; the memory takes each one."""

from __future__ import annotations

from typing import Any

from ntpd112.journal.events import (
    CallClassified,
    CallConnected,
    CallEnded,
    CallQueued,
    CallScreened,
    CallStarted,
    Classification,
    Disposition,
    JournalEvent,
    OperatorChanged,
)
from ntpd112.memory import Memory, MemorySettings

T0 = 1_760_000_400.0
"Epoch seconds; a quarter of an hour begins."
DAY = 86_400.0
BUDI, SITI = "+628111111111", "+628222222222"


def started(call_id: str, at: float, caller: str = BUDI, **more: Any) -> CallStarted:
    fields = {"region": "35.78", "trunk": "pbx", "dialled": "112", **more}
    return CallStarted(at=at, call_id=call_id, caller=caller, **fields)


def queued(call_id: str, at: float, waited_s: float = 0.0, queue: str = "112") -> CallQueued:
    return CallQueued(at=at, call_id=call_id, queue=queue, priority=5, waited_s=waited_s)


def connected(call_id: str, at: float, operator: str = "ani") -> CallConnected:
    return CallConnected(at=at, call_id=call_id, offer=1, operator=operator)


def ended(call_id: str, at: float, disposition: Disposition = "answered") -> CallEnded:
    return CallEnded(
        at=at, call_id=call_id, disposition=disposition, hangup_by="caller", sip_code=200, q850_cause=16
    )


def classified(call_id: str, at: float, classification: Classification) -> CallClassified:
    return CallClassified(at=at, call_id=call_id, classification=classification, by="ani")


def operator_is(operator: str, state: str, at: float, previous: str = "offline") -> OperatorChanged:
    return OperatorChanged(at=at, operator=operator, state=state, previous=previous)


class Story:
    """Call ids are given in order: `c1`, `c2`, ... ; `now` is epoch seconds."""

    def __init__(self, settings: MemorySettings | None = None) -> None:
        self.memory = Memory(settings)
        self.now = T0
        self.events: list[JournalEvent] = []
        self._calls = 0

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def take(self, *events: JournalEvent) -> None:
        for event in events:
            self.events.append(event)
            self.memory.take(event)

    def comes(self, caller: str = BUDI, queue: str = "112", **more: Any) -> str:
        """A call comes into the queue, with the place its caller had."""
        self._calls += 1
        call_id = f"c{self._calls}"
        place = self.memory.places.place(caller, self.now) or 0.0
        self.take(started(call_id, self.now, caller, **more), queued(call_id, self.now, place, queue))
        return call_id

    def answered(self, call_id: str, operator: str = "ani") -> None:
        self.take(connected(call_id, self.now, operator))

    def ends(self, call_id: str, disposition: Disposition = "answered") -> None:
        self.take(ended(call_id, self.now, disposition))

    def screened(self, call_id: str, result: Any) -> None:
        self.take(CallScreened(at=self.now, call_id=call_id, result=result))

    def gives_up(self, caller: str = BUDI, after: float = 30.0, **more: Any) -> str:
        """A call is abandoned in the queue."""
        call_id = self.comes(caller, **more)
        self.wait(after)
        self.ends(call_id, "abandoned")
        return call_id

    def was(self, classification: Classification, caller: str = BUDI, operator: str = "ani") -> str:
        """A call is answered at once, found to be something, and over."""
        call_id = self.comes(caller)
        self.answered(call_id, operator)
        self.take(classified(call_id, self.now, classification))
        self.ends(call_id)
        return call_id
