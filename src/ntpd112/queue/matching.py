"""Who is offered which call: the order of calls, the order of operators, and who is fit for what.

Calls with the same requirement wait in one **lane**, which also holds the free operators fit for it, both in
order. A lane never has calls and free operators at once. So a new call looks at one lane; an operator who
becomes free compares the heads of the lanes they fit. An event costs about the number of distinct
requirements (a handful) times the logarithm of what waits there, however many calls and operators there are.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping

from .records import CallRecord, OperatorRecord, Requirement

MAX_EMPTY_LANES = 64
"Lanes kept although no call waits in them. Requirements come from the configuration, so few are ever in use."

CallOrder = tuple[int, float, int]
OperatorOrder = tuple[float, int]


def call_order(call: CallRecord) -> CallOrder:
    """Most urgent first, then longest waiting, then first come. Unique for each call."""
    return (call.priority, call.since, call.arrival)


def operator_order(operator: OperatorRecord) -> OperatorOrder:
    """Longest idle first. Unique for each operator."""
    return (operator.idle_since, operator.turn)


def requirement_of(skills: Mapping[str, int]) -> Requirement:
    """Level 0 or below asks for nothing."""
    return frozenset((skill, level) for skill, level in skills.items() if level > 0)


def fits(skills: Mapping[str, int], requirement: Requirement) -> bool:
    return all(skills.get(skill, 0) >= level for skill, level in requirement)


class Lane:
    """One requirement: who waits with it, and who is free for it."""

    __slots__ = ("idle", "requirement", "waiting")

    def __init__(self, requirement: Requirement) -> None:
        self.requirement = requirement
        self.waiting: list[tuple[CallOrder, CallRecord]] = []
        self.idle: list[tuple[OperatorOrder, OperatorRecord]] = []


class Matching:
    def __init__(self) -> None:
        self._lanes: dict[Requirement, Lane] = {}
        self._fit: dict[OperatorRecord, list[Lane]] = {}
        "Every known operator with the lanes they are fit for."
        self._idle: set[OperatorRecord] = set()

    @property
    def lanes(self) -> int:
        return len(self._lanes)

    def add_operator(self, operator: OperatorRecord) -> None:
        """A new operator, or one whose skills changed; not free while this is called."""
        skills = operator.spec.skills
        self._fit[operator] = [lane for lane in self._lanes.values() if fits(skills, lane.requirement)]

    def remove_operator(self, operator: OperatorRecord) -> None:
        self.set_busy(operator)
        del self._fit[operator]

    def set_idle(self, operator: OperatorRecord) -> None:
        """The operator is free and no waiting call is for them."""
        self._idle.add(operator)
        entry = (operator_order(operator), operator)
        for lane in self._fit[operator]:
            insort(lane.idle, entry)

    def set_busy(self, operator: OperatorRecord) -> None:
        """No harm if the operator was not idle."""
        if operator in self._idle:
            self._idle.remove(operator)
            order = operator_order(operator)
            for lane in self._fit[operator]:
                del lane.idle[bisect_left(lane.idle, (order,))]

    def set_waiting(self, call: CallRecord) -> None:
        """Nobody is free for the call."""
        insort(self._lane(call.requirement).waiting, (call_order(call), call))

    def unset_waiting(self, call: CallRecord) -> None:
        """The call waits and shall no longer."""
        waiting = self._lanes[call.requirement].waiting
        del waiting[bisect_left(waiting, (call_order(call),))]

    def operator_for(self, call: CallRecord) -> OperatorRecord | None:
        """The longest idle operator who is fit."""
        idle = self._lane(call.requirement).idle
        return idle[0][1] if idle else None

    def call_for(self, operator: OperatorRecord) -> CallRecord | None:
        """The first waiting call that the operator is fit for."""
        heads = [lane.waiting[0] for lane in self._fit[operator] if lane.waiting]
        return min(heads)[1] if heads else None

    def waiting(self) -> list[CallRecord]:
        """All waiting calls, the next to be served first."""
        return [call for _, call in sorted(entry for lane in self._lanes.values() for entry in lane.waiting)]

    def _lane(self, requirement: Requirement) -> Lane:
        return self._lanes.get(requirement) or self._open_lane(requirement)

    def _open_lane(self, requirement: Requirement) -> Lane:
        """The only step that looks at every operator: once per requirement in use."""
        if len(self._lanes) >= MAX_EMPTY_LANES:
            self._drop_empty_lanes()
        lane = self._lanes[requirement] = Lane(requirement)
        for operator, lanes in self._fit.items():
            if fits(operator.spec.skills, requirement):
                lanes.append(lane)
                if operator in self._idle:
                    lane.idle.append((operator_order(operator), operator))
        lane.idle.sort()
        return lane

    def _drop_empty_lanes(self) -> None:
        self._lanes = {requirement: lane for requirement, lane in self._lanes.items() if lane.waiting}
        for operator in self._fit:
            self.add_operator(operator)
