"""From journal events to MQTT messages: topics and payloads, as docs/asyncapi.yaml describes them.

`Messages` holds what the fold needs of calls seen last, bounded; of others it asks the journal. One is made
for each connection to the broker, so nothing is in memory while the broker is away.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

import msgspec

from ntpd112.cdr.fold import fold
from ntpd112.cdr.localised import localised
from ntpd112.journal import Stored
from ntpd112.journal.events import AgentStarted, CallEnded, OperatorChanged

from .states import CallState, advance

MAX_CALLS = 2_000
"Whose state is remembered, the last seen; of others the journal is asked again."
RESTARTED = "agent restarted"

log = logging.getLogger(__name__)


class Message(NamedTuple):
    topic: str
    payload: bytes
    retain: bool = False


class Topics:
    """Of one region."""

    def __init__(self, region: str) -> None:
        self._base = f"ntpd112/{region}"
        self.cdr = f"{self._base}/cdr"
        self.status = f"{self._base}/status"

    def call(self, call_id: str) -> str:
        return f"{self._base}/calls/{call_id}"

    def operator(self, operator: str) -> str:
        return f"{self._base}/operators/{operator}"


class Telling(NamedTuple):
    """What some events of the journal come to."""

    messages: list[Message]
    operators: dict[str, bytes]
    "Payloads of the operators' states among them, by id: what has to be kept."


class Messages:
    """`read_call`: all committed events of a call. `operators`: the payload last made of each operator's
    state."""

    def __init__(
        self,
        region: str,
        zone: tzinfo,
        read_call: Callable[[str], Iterable[Stored]],
        operators: Mapping[str, bytes],
        max_calls: int = MAX_CALLS,
    ) -> None:
        self._region = region
        self._zone = zone
        self._topics = Topics(region)
        self._read_call = read_call
        self._operators = dict(operators)
        self._max_calls = max_calls
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
                log.exception("MQTT: event %d is left out: %r", stored.seq, stored.event)
        return telling

    def retained(self) -> list[Message]:
        """Operators' states, for a broker that has lost them."""
        return [
            Message(self._topics.operator(operator), payload, retain=True)
            for operator, payload in self._operators.items()
        ]

    def status(self, state: str, **more: str) -> Message:
        return status(self._region, state, **more)

    def _take(self, stored: Stored, telling: Telling) -> None:
        seq, event = stored
        if event.call_id:
            telling.messages.extend(self._of_call(stored))
        elif isinstance(event, OperatorChanged):
            told = self._operator(seq, event.at, event.operator, event.state, event.reason)
            self._keep(telling, event.operator, told)
        elif isinstance(event, AgentStarted):
            self._nobody_there(telling, seq, event.at)

    def _of_call(self, stored: Stored) -> Iterator[Message]:
        seq, event = stored
        call_id = event.call_id
        before = self._calls.pop(call_id) if call_id in self._calls else self._looked_up(stored)
        after = self._calls[call_id] = advance(before, event)
        if len(self._calls) > self._max_calls:
            del self._calls[next(iter(self._calls))]
        if after is not None and after is not before:
            shown = self._shown(after)
            if before is None or shown != self._shown(before):
                yield Message(self._topics.call(call_id), self._call(seq, event.at, after, shown))
        if isinstance(event, CallEnded) and (cdr := self._cdr(seq, call_id)):
            yield Message(self._topics.cdr, cdr)

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

    def _keep(self, telling: Telling, operator: str, payload: bytes) -> None:
        self._operators[operator] = telling.operators[operator] = payload
        telling.messages.append(Message(self._topics.operator(operator), payload, retain=True))

    def _nobody_there(self, telling: Telling, seq: int, at: float) -> None:
        """An agent begins without operators, and those whom it finds again are events of their own. Without
        this a killed agent's would be retained as ready for ever."""
        for operator, payload in list(self._operators.items()):
            if msgspec.json.decode(payload)["state"] != "offline":
                self._keep(telling, operator, self._operator(seq, at, operator, "offline", RESTARTED))

    def _time(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self._zone)


def status(region: str, state: str, **more: Any) -> Message:
    """Whether the agent is there; `offline` is also the last will."""
    payload = msgspec.json.encode({"id": region, "region": region, "state": state, **more})
    return Message(Topics(region).status, payload, retain=True)
