"""The ACD's books: calls, operators and queues as they stand, with views of them. `acd.py` changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import UnknownOperator, UnknownQueue
from .matching import Matching, fits, requirement_of
from .model import Call, Operator, QueueLoad, QueuePolicy
from .records import CallRecord, OperatorRecord


@dataclass(slots=True)
class QueueRecord:
    policy: QueuePolicy
    waiting: int = 0
    ringing: int = 0
    talking: int = 0
    unanswered: dict[str, CallRecord] = field(default_factory=dict)
    "In order of enqueueing, so the first has waited longest."


class Books:
    def __init__(self) -> None:
        self._queues: dict[str, QueueRecord] = {}
        self._operators: dict[str, OperatorRecord] = {}
        self._calls: dict[str, CallRecord] = {}
        self._matching = Matching()
        self._serving = 0
        "Operators in a state of `SERVING`."

    def call(self, call_id: str) -> Call | None:
        """None once the call has finished or was withdrawn."""
        call = self._calls.get(call_id)
        return call.status() if call else None

    def waiting(self) -> list[Call]:
        """Calls that ring nowhere, the next to be served first."""
        return [call.status() for call in self._matching.waiting()]

    def operators(self) -> list[Operator]:
        return [operator.status() for operator in self._operators.values()]

    def operator(self, operator_id: str) -> Operator | None:
        operator = self._operators.get(operator_id)
        return operator.status() if operator else None

    @property
    def requirements(self) -> int:
        """Different requirements in use, the cost of an event; see `matching`."""
        return self._matching.lanes

    def anyone_serving(self) -> bool:
        """Whether any operator takes calls, now or after the one they are busy with: neither offline nor on
        break."""
        return self._serving > 0

    def load(self, queue: str, now: float) -> QueueLoad:
        """Raises UnknownQueue."""
        home = self._queue(queue)
        first = next(iter(home.unanswered.values()), None)
        return QueueLoad(home.waiting, home.ringing, home.talking, now - first.since if first else 0.0)

    def operators_fit(self, skills: Mapping[str, int]) -> list[Operator]:
        """The operators with these skills, in whatever state. Looks at every operator: for views."""
        requirement = requirement_of(skills)
        return [o.status() for o in self._operators.values() if fits(o.spec.skills, requirement)]

    def _operator(self, operator_id: str) -> OperatorRecord:
        operator = self._operators.get(operator_id)
        if operator is None:
            raise UnknownOperator(f'there is no operator "{operator_id}"')
        return operator

    def _queue(self, name: str) -> QueueRecord:
        queue = self._queues.get(name)
        if queue is None:
            raise UnknownQueue(f'there is no queue "{name}"')
        return queue
