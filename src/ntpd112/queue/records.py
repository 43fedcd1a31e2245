"""What the ACD remembers of a call and of an operator: plain data, changed by `acd.py` only."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import IllegalEvent
from .model import Call, CallState, Operator, OperatorSpec, QueuePolicy
from .states import OperatorEvent, OperatorState, SettledState, next_state

Requirement = frozenset[tuple[str, int]]
"Skills with their least levels."


@dataclass(slots=True, eq=False)
class CallRecord:
    id: str
    queue: QueuePolicy
    priority: int
    requirement: Requirement
    since: float
    arrival: int
    "Counts calls in order of enqueueing: decides between calls of one instant."
    state: CallState = "waiting"
    operator: OperatorRecord | None = None
    "Who rings or talks."
    offers: int = 0
    offered: dict[str, int] = field(default_factory=dict)
    "How many times each operator was offered this call."

    def status(self) -> Call:
        return Call(
            call_id=self.id,
            queue=self.queue.name,
            state=self.state,
            priority=self.priority,
            skills=dict(self.requirement),
            since=self.since,
            operator=self.operator.id if self.operator else None,
            offers=self.offers,
            offered=dict(self.offered),
        )


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
    idle_since: float = 0.0
    "When they last became free. Kept over a ring that the caller ended, so that it costs them no place."
    turn: int = 0
    "Counts operators in order of becoming free: decides between operators of one instant."
    removed: bool = False
    "No longer in the directory; forgotten when the call they are in ends."

    @property
    def id(self) -> str:
        return self.spec.id

    def expect_call(self, call_id: str, event: OperatorEvent) -> CallRecord:
        """The operator's call. Raises IllegalEvent if it is another, or the event none of its state."""
        next_state(self.id, self.state, event)
        if self.call is None or self.call.id != call_id:
            other = f'with call "{self.call.id}"' if self.call else "without a call"
            raise IllegalEvent(
                f'operator "{self.id}" is {self.state} {other}: "{event}" of "{call_id}" cannot happen now'
            )
        return self.call

    def settles_in(self) -> tuple[SettledState, str]:
        """The state (and the reason) without a call; the reason is empty for `ready`."""
        if self.removed:
            return "offline", "removed"
        if not self.phone:
            return "offline", self.lost
        return self.wanted, "" if self.wanted == "ready" else self.wanted_reason

    def status(self) -> Operator:
        settled, _ = self.settles_in()
        return Operator(
            spec=self.spec,
            state=self.state,
            reason=self.reason,
            since=self.since,
            call_id=self.call.id if self.call else None,
            phone=self.phone,
            next_state=settled if self.call and settled != "ready" else None,
        )
