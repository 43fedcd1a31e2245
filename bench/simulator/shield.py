"""The shield as call control applies it: the real memory, and what it makes of a call's place.

Mirrors `calls/needs.py` and `calls/screening.py` with the settings of ntpd112.example.toml: screening only
while nobody is free, quiet calls for LONGEST_WAIT behind the others, records with their defaults.
"""

from __future__ import annotations

from bench.simulator.people import Person
from bench.simulator.world import Kind

from ntpd112.journal.events import (
    CallClassified,
    CallConnected,
    CallEnded,
    CallQueued,
    CallStarted,
    Classification,
    Disposition,
    Lane,
)
from ntpd112.memory import FloodSettings, Memory, MemorySettings, Standing
from ntpd112.memory.settings import MAX_SEEN
from ntpd112.queue import Acd, Ask

QUEUE = "112"
PRIORITY = 5
LIFTED_PRIORITY = 0
LONGEST_WAIT = 60.0
"As `[queue.screening] longest_wait`."
FLOOD_CALLS = 10
"Calls a minute that begin flood mode, at least: below, any centre copes."
FLOOD_TIMES = 5
"And so many times the busiest minute of a usual day: thousands of ghosts every day are no incident."
KEPT_FREE = 1

_FOUND: dict[Kind, Classification] = {
    "emergency": "emergency",
    "incident": "emergency",
    "information": "information",
    "prank": "prank",
    "ghost": "ghost",
}


class Shield:
    def __init__(self, acd: Acd, busiest_minute: float) -> None:
        """`busiest_minute`: calls that come in it on a usual day, by which a centre sets its flood mode."""
        calls = min(MAX_SEEN, max(FLOOD_CALLS, round(FLOOD_TIMES * busiest_minute)))
        self._acd = acd
        self._memory = Memory(MemorySettings(flood=FloodSettings(calls=calls, window_s=60.0)))

    def enter(self, call_id: str, person: Person, now: float) -> bool:
        """The call goes into the queue. Whether the caller hears that the incident is known."""
        memory = self._memory
        standing = memory.callers.standing(person.number, now)
        place = memory.places.place(person.number, now) or 0.0
        started = _started(call_id, person, now)
        memory.take(started)
        about = self._about(started, now)
        lane: Lane = "quiet" if standing.put_back else "normal"
        priority = LIFTED_PRIORITY if standing.lift else PRIORITY
        memory.take(
            CallQueued(at=now, call_id=call_id, queue=QUEUE, priority=priority, lane=lane, waited_s=place)
        )
        ask = Ask(
            call_id=call_id,
            queue=QUEUE,
            priority=priority,
            since=now - place,
            wish=memory.callers.operator(person.number, now) or "",
            lane=lane,
            longest_wait=LONGEST_WAIT,
            incident=about,
        )
        self._acd.enqueue(ask, now)
        if not standing.put_back:
            self._screen(call_id, standing, now)
        return about

    def _screen(self, call_id: str, standing: Standing, now: float) -> None:
        """Nobody is free: who has not spoken waits behind who has. A recent emergency needs no proof."""
        waiting = self._acd.call(call_id)
        if waiting is not None and waiting.state == "waiting" and not standing.lift:
            self._acd.set_lane(call_id, "quiet", now, "asked to speak", waiting.since + LONGEST_WAIT)

    def _about(self, started: CallStarted, now: float) -> bool:
        flood = self._memory.flood
        if (change := flood.suggest(now)) is not None:
            self._memory.take(change)
            self._acd.set_kept_free(KEPT_FREE if change.on else 0, now)
        return flood.about(started)[0]

    def spoke(self, call_id: str, person: Person, now: float) -> None:
        """Out of the quiet lane, unless the caller's record put them there."""
        waiting = self._acd.call(call_id)
        if waiting is None or waiting.lane != "quiet":
            return
        if not self._memory.callers.standing(person.number, now).put_back:
            self._acd.set_lane(call_id, "normal", now, "spoke")

    def panic(self, call_id: str, now: float) -> None:
        self._acd.set_incident(call_id, False, now)
        self._acd.lift(call_id, now, "panic keys")

    def another_emergency(self, call_id: str, now: float) -> None:
        self._acd.set_incident(call_id, False, now)

    def connected(self, call_id: str, operator: str, now: float) -> None:
        self._memory.take(CallConnected(at=now, call_id=call_id, offer=1, operator=operator))

    def ended(self, call_id: str, person: Person, disposition: Disposition, now: float) -> None:
        memory = self._memory
        if disposition == "answered" and person.classified:
            found = _FOUND[person.kind]
            memory.take(CallClassified(at=now, call_id=call_id, classification=found, by="operator"))
        memory.take(
            CallEnded(
                at=now,
                call_id=call_id,
                disposition=disposition,
                hangup_by="caller",
                sip_code=200,
                q850_cause=16,
            )
        )


def _started(call_id: str, person: Person, now: float) -> CallStarted:
    spot = person.spot
    return CallStarted(
        at=now,
        call_id=call_id,
        region="33.74",
        trunk="pbx",
        dialled="112",
        caller=person.number,
        location={"latitude": spot[0], "longitude": spot[1], "radius_m": 50.0} if spot else None,
    )
