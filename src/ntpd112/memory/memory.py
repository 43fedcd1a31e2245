"""What the centre remembers, as one object: each journal event is taken once, live and when read again.

The same events give the same memory, so a restart loses nothing. State changes by events only; what depends
on the time is computed when it is asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec

from ntpd112.journal.events import (
    AgentStarted,
    CallbackClosed,
    CallbackTried,
    CallClassified,
    CallConnected,
    CallEnded,
    CallerCorrected,
    CallQueued,
    CallRequeued,
    CallScreened,
    CallStarted,
    FloodChanged,
    JournalEvent,
    OfferEnded,
    OperatorChanged,
    PartyJoined,
    TrunkMaintenance,
)

from .bounded import drop_oldest
from .callbacks import Callbacks, Lost
from .callers import MAX_NUMBER, Callers
from .calls import LOST, OpenCall
from .flood import Flood, FloodState
from .lasts import LastCall, Lasts
from .levels import Duty, Levels
from .maintenance import Maintained, Maintenance
from .places import Place, Places
from .record import Record
from .settings import MemorySettings
from .tallies import Interval

MAX_OPEN = 10_000
"Calls in progress; ten times what one machine carries. Of older ones no end was seen."
MAX_ENDED = 20_000
"Ended calls that may still be classified, or differently: weeks of a busy centre's calls, 2 MB."

log = logging.getLogger(__name__)


class State(msgspec.Struct):
    """All that is remembered, as plain data."""

    records: dict[str, Record] = msgspec.field(default_factory=dict)
    places: dict[str, Place] = msgspec.field(default_factory=dict)
    lost: dict[str, Lost] = msgspec.field(default_factory=dict)
    flood: FloodState = msgspec.field(default_factory=FloodState)
    maintenance: dict[str, Maintained] = msgspec.field(default_factory=dict)
    "Trunks out of service."
    intervals: dict[int, Interval] = msgspec.field(default_factory=dict)
    duty: dict[str, Duty] = msgspec.field(default_factory=dict)
    open: dict[str, OpenCall] = msgspec.field(default_factory=dict)
    "Calls in progress by id."
    lasts: dict[str, LastCall] = msgspec.field(default_factory=dict)
    "By operator."
    ended: dict[str, str] = msgspec.field(default_factory=dict)
    "Ended calls that had a number: id to number."
    last_at: float = 0.0
    "Of the last event that counted."


class Memory:
    def __init__(self, settings: MemorySettings | None = None, state: State | None = None) -> None:
        self.state = state or State()
        self._open, self._ended = self.state.open, self.state.ended
        self.use(settings or MemorySettings())

    def use(self, settings: MemorySettings) -> None:
        """Other settings from now on. What is remembered stays."""
        state = self.state
        self.callers = Callers(settings.shield, state.records)
        self.places = Places(settings.shield, state.places)
        self.callbacks = Callbacks(settings.callbacks, self.callers.standing, state.lost)
        self.flood = Flood(settings.flood, state.flood)
        self.maintenance = Maintenance(state.maintenance)
        self.levels = Levels(state.intervals, state.duty)
        self.lasts = Lasts(state.lasts)
        self._takers: dict[type, Callable[[Any], None]] = {
            CallStarted: self._started,
            CallQueued: self._queued,
            CallScreened: self._screened,
            CallRequeued: self._requeued,
            CallConnected: self._connected,
            PartyJoined: self._joined,
            CallClassified: self._classified,
            CallEnded: self._call_ended,
            OfferEnded: self.levels.offer_ended,
            OperatorChanged: self.levels.operator_changed,
            CallbackTried: self.callbacks.tried,
            CallbackClosed: self.callbacks.closed,
            CallerCorrected: self.callers.corrected,
            FloodChanged: self.flood.changed,
            TrunkMaintenance: self.maintenance.changed,
            AgentStarted: self._agent_started,
        }

    def take(self, event: JournalEvent) -> None:
        """For every event that is appended, and at the start for those of before. Never raises; most events
        are of no interest here."""
        taker = self._takers.get(type(event))
        if taker is None:
            return
        try:
            taker(event)
        except Exception:
            kind, of_call = type(event).__name__, {"call_id": event.call_id}
            log.exception("memory: event is left out: %s", kind, extra=of_call)
        self.state.last_at = event.at

    def _started(self, event: CallStarted) -> None:
        number = event.caller if len(event.caller) <= MAX_NUMBER else ""
        incoming = event.direction == "in"
        drop_oldest(self._open, MAX_OPEN - 1)
        self._open[event.call_id] = OpenCall(number, event.trunk, event.category, incoming)
        if incoming:
            self.callers.called(number, event.at)
            self.flood.called(event)

    def _queued(self, event: CallQueued) -> None:
        call = self._open.get(event.call_id)
        if call is None or not call.incoming:
            return
        first = call.queued_at is None
        call.queue_up(event)
        if first:
            self.places.taken(call.number)
            self.levels.offered(call, event.at)

    def _screened(self, event: CallScreened) -> None:
        if (call := self._open.get(event.call_id)) is not None:
            call.screened = event.result

    def _requeued(self, event: CallRequeued) -> None:
        if (call := self._open.get(event.call_id)) is not None:
            call.wait_again(event.at)

    def _connected(self, event: CallConnected) -> None:
        call = self._open.get(event.call_id)
        if call is None:
            return
        self._spoke(event.call_id, call, event.operator, event.at)
        if not call.incoming:
            return
        call.stop_waiting(event.at)
        if not call.answered:
            call.connected_at = event.at
            self.levels.answered(call, event.operator, event.at)
        self._helped(call)

    def _joined(self, event: PartyJoined) -> None:
        """The ladder's destination answered, or somebody else speaks with the caller from now on."""
        call = self._open.get(event.call_id)
        if call is None:
            return
        # Who calls back has not reached anybody yet: that is a `CallConnected`.
        if event.kind == "operator" and event.mode == "talk" and event.purpose != "callback":
            self._spoke(event.call_id, call, event.name, event.at)
        if event.purpose == "ladder" and call.incoming:
            call.stop_waiting(event.at)
            call.elsewhere = True
            self._helped(call)

    def _spoke(self, call_id: str, call: OpenCall, operator: str, at: float) -> None:
        if call.incoming or call.number:
            self.lasts.spoke(operator, LastCall(call_id, call.number, call.queue, at))
        if call.number:
            self.callers.spoke(call.number, operator, at)

    def _helped(self, call: OpenCall) -> None:
        self.places.taken(call.number)
        self.callbacks.helped(call.number)

    def _classified(self, event: CallClassified) -> None:
        call = self._open.get(event.call_id)
        if call is not None:
            call.classification = event.classification
        number = call.number if call is not None else self._ended.get(event.call_id)
        if number:
            self.callers.classified(number, event)
            self.callbacks.classified(number, event.call_id, event.classification)

    def _call_ended(self, event: CallEnded) -> None:
        call = self._open.pop(event.call_id, None)
        if call is None:
            return
        if call.number:
            drop_oldest(self._ended, MAX_ENDED - 1)
            self._ended[event.call_id] = call.number
        if not call.incoming:
            if call.number and event.disposition == "interrupted":
                # A call-back that broke: what it took off the list comes back.
                self.callbacks.add(event.call_id, call, event.at)
            return
        self.levels.ended(call, event.at, abandoned=event.disposition == "abandoned")
        if call.number and event.disposition in LOST:
            self.places.left(call.number, call.wait_until(event.at), event.at)
            self.callbacks.add(event.call_id, call, event.at)

    def _agent_started(self, event: AgentStarted) -> None:
        self.levels.agent_started(self.state.last_at)
