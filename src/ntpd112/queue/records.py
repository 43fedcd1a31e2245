"""What the ACD remembers of a call, an operator and a queue: plain data, changed by `floor.py` and above."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .errors import IllegalEvent
from .ladder import Requirement, Skills, fits
from .model import LANES, CallState, Counters, Lane, OperatorSpec, QueuePolicy
from .states import OperatorEvent, OperatorState, SettledState, next_state
from .views import Call, Operator

if TYPE_CHECKING:
    from .matching import Pool

CallKey = tuple[int, float, int]
OperatorKey = tuple[int, float, float, int]
Shelf = list[tuple[CallKey, "CallRecord"]]
"Calls of one kind in order of service."


@dataclass(slots=True)
class QueueRecord:
    policy: QueuePolicy
    counts: Counter[tuple[CallState, Lane]] = field(default_factory=Counter)
    "Calls not answered yet, kept as they change: with thousands of them they are told by looking at none."
    talking: int = 0
    unanswered: list[tuple[float, int]] = field(default_factory=list)
    "`since` and arrival of every call not answered yet, sorted: the first has waited longest."

    def count(self, state: CallState) -> int:
        return sum(self.counts[state, lane] for lane in LANES)

    def lanes(self, *states: CallState) -> dict[Lane, int]:
        """Of calls in these states, by lane; none where there are none."""
        counted = {lane: sum(self.counts[state, lane] for state in states) for lane in LANES}
        return {lane: calls for lane, calls in counted.items() if calls}


@dataclass(slots=True, eq=False)
class CallRecord:
    id: str
    home: QueueRecord
    queue: QueuePolicy
    "As it was when the call came."
    priority: int
    requirement: Requirement
    prefer: Skills
    since: float
    arrival: int
    "Counts calls in order of enqueueing: decides between calls of one instant."
    lane: Lane
    longest_wait: float
    wish: str
    incident: bool
    offers: int
    "Made so far, the number of the last one."
    refused: dict[str, str]
    "Who did not take it, and why."
    key: CallKey = (0, 0.0, 0)
    state: CallState = "waiting"
    out: dict[str, int] = field(default_factory=dict)
    "Operators whose phones ring for it, with the offer's number, in order of ringing."
    offered: dict[str, int] = field(default_factory=dict)
    "How many times each operator was offered this call."
    step: int = 0
    "Steps of the ladder taken."
    room: int = 1
    "Operators it may ring at once."
    pulled: bool = False
    "Rings whom a supervisor chose, and nobody else."
    waits: str = ""
    "Why it rings nowhere, as last reported."
    shelf: Shelf | None = None
    "Where it is listed."

    def accepts(self, operator: OperatorRecord) -> bool:
        return fits(operator.spec.skills, self.requirement)

    def status(self) -> Call:
        return Call(
            call_id=self.id,
            queue=self.queue.name,
            state=self.state,
            lane=self.lane,
            priority=self.priority,
            must=dict(self.requirement.must),
            prefer=dict(self.prefer),
            excluded=sorted(self.requirement.excluded),
            step=self.step,
            since=self.since,
            incident=self.incident,
            offers=dict(self.out),
            made=self.offers,
            offered=dict(self.offered),
            declined=dict(self.refused),
        )


@dataclass(slots=True)
class Talk:
    """What keeps an operator busy."""

    call_id: str
    home: QueueRecord | None
    "The queue it came from; None: not offered by the ACD."
    since: float
    pause: float = 0.0
    "Seconds of wrap-up due afterwards, of what they talked in before."


@dataclass(slots=True, eq=False)
class OperatorRecord:
    spec: OperatorSpec
    since: float
    state: OperatorState = "offline"
    reason: str = ""
    phone: bool = False
    "Whether a registered, reachable phone exists; `lost` says why there is none."
    lost: str = "not registered"
    wanted: SettledState = "ready"
    "Where they settle while they have a phone and no call: what was last asked for, or `break` by RONA."
    wanted_reason: str = ""
    call: CallRecord | None = None
    "That rings."
    talk: Talk | None = None
    lines: list[str] = field(default_factory=list)
    """Calls that they made from their own phone, the first first: what else they are given to do comes before
    them, and they are free only when none is left."""
    idle: bool = False
    "Listed as free."
    idle_since: float = 0.0
    "When they last became free. Kept over a ring that the caller ended, so that it costs them no place."
    turn: int = 0
    "Counts operators in order of becoming free: decides between operators of one instant."
    last_offer: int = 0
    "Counts offers of the whole hall: who was offered a call least recently has the lowest."
    counters: Counters = field(default_factory=Counters)
    pools: list[tuple[Pool, int]] = field(default_factory=list)
    "What they fit, with the number of preferences there that they do not meet."
    removed: bool = False
    "No longer in the directory; forgotten when the call they are in ends."

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def call_id(self) -> str | None:
        if self.talk is not None:
            return self.talk.call_id
        return self.call.id if self.call is not None else None

    def expect_ring(self, call_id: str, event: OperatorEvent) -> CallRecord:
        """The call that rings. Raises IllegalEvent if it is another, or the event none of their state."""
        self._expect(call_id, event)
        assert self.call is not None, "a ringing operator has a call"
        return self.call

    def expect_talk(self, call_id: str) -> Talk:
        """What they talk in. Raises IllegalEvent if they do not, or it is another call."""
        self._expect(call_id, "finish")
        assert self.talk is not None, "a talking operator has a talk"
        return self.talk

    def _expect(self, call_id: str, event: OperatorEvent) -> None:
        next_state(self.id, self.state, event)
        if self.call_id != call_id:
            raise IllegalEvent(
                f'operator "{self.id}" is {self.state} with call "{self.call_id}": '
                f'"{event}" of "{call_id}" cannot happen now'
            )

    def settles_in(self) -> tuple[SettledState, str]:
        """The state (and the reason) without a call; the reason is empty for `ready`."""
        if self.removed:
            return "offline", "removed"
        if self.wanted == "offline":
            return "offline", self.wanted_reason
        if not self.phone:
            return "offline", self.lost
        return self.wanted, "" if self.wanted == "ready" else self.wanted_reason

    def status(self) -> Operator:
        settled, _ = self.settles_in()
        call_id = self.call_id
        return Operator(
            spec=self.spec,
            state=self.state,
            reason=self.reason,
            since=self.since,
            call_id=call_id,
            phone=self.phone,
            wanted=self.wanted,
            wanted_reason=self.wanted_reason,
            next_state=settled if call_id is not None and settled != "ready" else None,
            counters=replace(self.counters),
        )
