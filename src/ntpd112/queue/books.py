"""The ACD's books: calls, operators and queues as they stand, with views of them. `floor.py` changes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random

from .deadlines import Deadlines
from .errors import UnknownCall, UnknownOperator, UnknownQueue
from .ladder import fits, requirement_of
from .matching import Matching
from .model import Lane
from .records import CallRecord, OperatorRecord, QueueRecord
from .states import OperatorState
from .views import Call, Operator, QueueLoad


class Books:
    def __init__(self, rng: Random | None = None) -> None:
        self._queues: dict[str, QueueRecord] = {}
        self._operators: dict[str, OperatorRecord] = {}
        self._calls: dict[str, CallRecord] = {}
        "Not answered yet."
        self._talks: dict[str, dict[str, OperatorRecord]] = {}
        "Call to the operators who talk in it."
        self._matching = Matching(rng or Random(112))
        self._deadlines = Deadlines()
        self._serving = 0
        "Operators in a state of `SERVING`."

    # --- calls

    def call(self, call_id: str) -> Call | None:
        """None once the call was answered or withdrawn."""
        call = self._calls.get(call_id)
        return call.status() if call else None

    def known(self) -> frozenset[str]:
        """The calls that no operator has answered yet."""
        return frozenset(self._calls)

    def waiting(self) -> list[Call]:
        """Calls that ring nowhere, the next to be served first; held ones at the end."""
        return [call.status() for call in self._matching.waiting()]

    def ringing(self) -> dict[str, dict[str, int]]:
        """Call to the operators who ring for it, with the offers' numbers."""
        return {call.id: dict(call.out) for call in self._calls.values() if call.out}

    def talking(self) -> dict[str, str]:
        """Operator to the call they talk in."""
        return {operator: call_id for call_id, those in self._talks.items() for operator in those}

    def operators_in(self, call_id: str) -> list[str]:
        """Who talks in the call."""
        return list(self._talks.get(call_id, ()))

    # --- operators and queues

    def operators(self) -> list[Operator]:
        return [operator.status() for operator in self._operators.values()]

    def operator_ids(self) -> list[str]:
        return list(self._operators)

    def operator(self, operator_id: str) -> Operator | None:
        operator = self._operators.get(operator_id)
        return operator.status() if operator else None

    @property
    def needs(self) -> int:
        """Different needs in use, the cost of an event; see `matching`."""
        return self._matching.pools

    def anyone_serving(self) -> bool:
        """Whether any operator takes calls, now or after the one they are busy with: neither offline nor on
        break."""
        return self._serving > 0

    def load(self, queue: str, now: float) -> QueueLoad:
        """Raises UnknownQueue."""
        home = self._queue(queue)
        longest = max(0.0, now - home.unanswered[0][0]) if home.unanswered else 0.0
        lanes = home.lanes("waiting", "ringing")
        return QueueLoad(home.count("waiting"), home.count("ringing"), home.talking, longest, lanes)

    def lanes(self) -> Counter[tuple[str, Lane]]:
        """Calls that ring nowhere, by queue and lane."""
        return Counter(
            {
                (name, lane): calls
                for name, home in self._queues.items()
                for lane, calls in home.lanes("waiting").items()
            }
        )

    def quiet(self) -> set[str]:
        """Calls in the quiet lane."""
        return {call.id for call in self._calls.values() if call.lane == "quiet"}

    def states(self) -> Counter[OperatorState]:
        """Operators by state."""
        return Counter(operator.state for operator in self._operators.values())

    def ready(self, skills: Mapping[str, int]) -> int:
        """How many operators could take a call that asks for these skills, in whatever role."""
        requirement = requirement_of(skills)
        ready = (operator for operator in self._operators.values() if operator.state == "ready")
        return sum(fits(operator.spec.skills, requirement) for operator in ready)

    def operators_fit(self, skills: Mapping[str, int]) -> list[Operator]:
        """The operators with these skills, in whatever state and role. Looks at every operator: for views."""
        requirement = requirement_of(skills)
        return [o.status() for o in self._operators.values() if fits(o.spec.skills, requirement)]

    def lines_of(self, operator_id: str) -> int:
        """Calls that the operator has made from their phone and that are not over."""
        return len(self._operator(operator_id).lines)

    # --- records

    def _call(self, call_id: str) -> CallRecord:
        call = self._calls.get(call_id)
        if call is None:
            raise UnknownCall(f'no call "{call_id}" waits or rings')
        return call

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
