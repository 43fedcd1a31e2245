"""From journal events to what other systems are told, as docs/asyncapi.yaml describes the payloads; how a
message gets there is each sink's matter.

`Messages` holds what the fold needs of calls seen last, bounded; of others it asks the journal. One is made
for each connection, so nothing is in memory while the other side is away.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

import msgspec

from ntpd112.cdr.fold import fold
from ntpd112.cdr.localised import localised
from ntpd112.feed.messages import Writer
from ntpd112.journal import Stored
from ntpd112.journal.events import AgentStarted, CallEnded, OperatorChanged, event_type

from .states import CallState, advance

MAX_CALLS = 2_000
"Whose state is remembered, the last seen; of others the journal is asked again."
RESTARTED = "agent restarted"
CALL, CDR, OPERATOR = STATES = ("call.state", "cdr", "operator.state")
"Kinds of messages that are made of several events. Every type of the live feed is a kind too."

log = logging.getLogger(__name__)


class Message(NamedTuple):
    kind: str
    seq: int
    "Of the event that led to it."
    at: float
    "When that was, epoch seconds."
    about: str
    "Id of the call or operator; empty: the call centre."
    payload: bytes
    calls: tuple[CallState, ...] = ()
    "The call before and after the event, once if they are the same; none if it is about no call."


class Telling(NamedTuple):
    """What some events of the journal come to."""

    messages: list[Message]
    operators: dict[str, bytes]
    "Payloads of the operators' states among them, by id: what has to be kept."


class Messages:
    """`read_call`: all committed events of a call. `operators`: the payload last made of each operator's
    state. `kinds`: what is wanted. `feed`: writes the events wanted as in the live feed."""

    def __init__(
        self,
        region: str,
        zone: tzinfo,
        read_call: Callable[[str], Iterable[Stored]],
        operators: Mapping[str, bytes],
        max_calls: int = MAX_CALLS,
        *,
        kinds: AbstractSet[str] = frozenset(STATES),
        feed: Writer | None = None,
    ) -> None:
        self._region = region
        self._zone = zone
        self._read_call = read_call
        self._operators = dict(operators)
        self._max_calls = max_calls
        self._kinds = kinds
        self._feed = feed
        self._calls: dict[str, CallState | None] = {}
        "The longest unseen first."

    def of(self, events: Iterable[Stored]) -> Telling:
        """For consecutive events of the journal. Blocks for its disk: call it from a thread. Raises
        sqlite3.Error."""
        telling = Telling([], {})
        for stored in events:
            try:
                self._take(stored, telling)
            except sqlite3.Error:
                raise
            except Exception:  # one event that cannot be told must not hold up all that follow
                kind, of_call = type(stored.event).__name__, {"call_id": stored.event.call_id}
                log.exception("event %d is left out: %s", stored.seq, kind, extra=of_call)
        return telling

    def _take(self, stored: Stored, telling: Telling) -> None:
        seq, event = stored
        if event.call_id:
            telling.messages.extend(self._of_call(stored))
            return
        telling.messages.extend(self._as_in_the_feed(stored))
        if OPERATOR not in self._kinds:
            return
        if isinstance(event, OperatorChanged):
            told = self._operator(seq, event.at, event.operator, event.state, event.reason)
            self._keep(telling, seq, event.at, event.operator, told)
        elif isinstance(event, AgentStarted):
            self._nobody_there(telling, seq, event.at)

    def _of_call(self, stored: Stored) -> Iterator[Message]:
        seq, event = stored
        call_id = event.call_id
        before = self._calls.pop(call_id) if call_id in self._calls else self._looked_up(stored)
        after = self._calls[call_id] = advance(before, event)
        if len(self._calls) > self._max_calls:
            del self._calls[next(iter(self._calls))]
        calls = tuple(call for call in (before, after) if call is not None)[-1 if before is after else 0 :]
        yield from self._as_in_the_feed(stored, calls)
        if CALL in self._kinds and after is not None and after is not before:
            shown = self._shown(after)
            if before is None or shown != self._shown(before):
                payload = self._call(seq, event.at, after, shown)
                yield Message(CALL, seq, event.at, call_id, payload, calls)
        if CDR in self._kinds and isinstance(event, CallEnded) and (cdr := self._cdr(seq, call_id)):
            yield Message(CDR, seq, event.at, call_id, cdr, calls)

    def _as_in_the_feed(self, stored: Stored, calls: tuple[CallState, ...] = ()) -> Iterator[Message]:
        event = stored.event
        if self._feed is not None and (kind := event_type(event)) in self._kinds:
            text = self._feed.message(stored).text.encode()
            yield Message(kind, stored.seq, event.at, event.call_id, text, calls)

    def _looked_up(self, stored: Stored) -> CallState | None:
        state = None
        for seq, event in self._read_call(stored.event.call_id):
            if seq >= stored.seq:
                break
            state = advance(state, event)
        return state

    def _cdr(self, seq: int, call_id: str) -> bytes | None:
        """With what is known by now: media figures and classifications may have come after the end."""
        cdr = fold(stored.event for stored in self._read_call(call_id))
        if cdr is None:
            return None
        return msgspec.json.encode({"seq": seq, **localised(cdr, self._zone)})

    def _call(self, seq: int, at: float, call: CallState, shown: dict[str, Any]) -> bytes:
        told = {"id": call.id, "seq": seq, "at": self._time(at), "region": self._region}
        return msgspec.json.encode({**told, **shown, "waiting_s": call.waiting_s(at)})

    def _shown(self, call: CallState) -> dict[str, Any]:
        """What a change of makes a message."""
        return {
            "state": call.state,
            "direction": call.direction,
            "queue": call.queue or None,
            "trunk": call.trunk,
            "caller": call.caller,
            "caller_name": call.caller_name,
            "dialled": call.dialled,
            "category": call.category or None,
            "operator": call.operator,
            "ringing": [rung.name for rung in call.rings.values()],
            "parties": list(call.parties.values()),
            "created_at": self._time(call.created_at),
            "ended_at": None if call.ended_at is None else self._time(call.ended_at),
            "priority": call.priority,
            "lane": call.lane,
            "skills": call.skills,
            "classification": call.classification,
            "disposition": call.disposition,
            "hangup_by": call.hangup_by,
        }

    def _operator(self, seq: int, at: float, operator: str, state: str, reason: str) -> bytes:
        told = {"id": operator, "seq": seq, "at": self._time(at), "region": self._region}
        return msgspec.json.encode({**told, "state": state, "reason": reason})

    def _keep(self, telling: Telling, seq: int, at: float, operator: str, payload: bytes) -> None:
        self._operators[operator] = telling.operators[operator] = payload
        telling.messages.append(Message(OPERATOR, seq, at, operator, payload))

    def _nobody_there(self, telling: Telling, seq: int, at: float) -> None:
        """An agent begins without operators, and those whom it finds again are events of their own. Without
        this a killed agent's would stay ready for ever."""
        for operator, payload in list(self._operators.items()):
            if msgspec.json.decode(payload)["state"] != "offline":
                told = self._operator(seq, at, operator, "offline", RESTARTED)
                self._keep(telling, seq, at, operator, told)

    def _time(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self._zone)
