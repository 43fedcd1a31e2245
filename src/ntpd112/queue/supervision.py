"""What a supervisor, or call control on somebody's behalf, may change about a call that waits or rings.

Each raises UnknownCall for a call that no longer waits. A ring goes on unless the text says otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import StateConflict
from .ladder import requirement_of, skills_of
from .model import Lane
from .waiting import Waiting


class Supervision(Waiting):
    def lift(self, call_id: str, now: float, reason: str = "supervisor", by: str = "") -> None:
        """Before all calls that were not lifted. `by`: the person who wants it."""
        self._change_lane(self._call(call_id), "lifted", now, reason, by=by)

    def set_lane(self, call_id: str, lane: Lane, now: float, reason: str, until: float | None = None) -> None:
        """`until`: when a held call becomes quiet, or a quiet one normal, in place of the usual time."""
        self._change_lane(self._call(call_id), lane, now, reason, until)

    def set_priority(self, call_id: str, priority: int, now: float) -> None:
        """0 is most urgent. The waiting time stays."""
        call = self._call(call_id)
        call.priority = priority
        self._reorder(call)
        self._seek(call, now)

    def set_requirement(
        self, call_id: str, skills: Mapping[str, int], prefer: Mapping[str, int], now: float
    ) -> None:
        """In place of what was asked for. Roles that the ladder has included stay so; steps to come relax the
        new requirement."""
        call = self._call(call_id)
        call.requirement = requirement_of(skills, call.requirement.excluded)
        call.prefer = skills_of(prefer)
        self._seek(call, now)

    def pull(self, call_id: str, operator_id: str, now: float) -> None:
        """Ring this operator now, whatever their skills and the call's lane; other phones that ring for the
        call stop. Raises UnknownOperator, and StateConflict if they are not ready."""
        call, operator = self._call(call_id), self._operator(operator_id)
        if operator.state != "ready":
            raise StateConflict(
                f'operator "{operator_id}" is {operator.state}, not ready: choose one who is, or wait'
            )
        call.pulled, call.room = True, 1
        self._offer(call, operator, now, "pulled")
        self._list(call, now)
        self._stop_rings(call, now, "pulled", but=operator_id)

    def hurry(self, call_id: str, now: float, reason: str) -> None:
        """All steps of the ladder that remain are due at once."""
        self._hurry(self._call(call_id), now, reason)

    def set_incident(self, call_id: str, about: bool, now: float) -> None:
        """Whether the call is about the known incident: such calls ring one operator at a time, and only
        while more than `set_kept_free` are idle, for the queue's `incident_wait` at most."""
        self._change_incident(self._call(call_id), about, now)

    def set_kept_free(self, count: int, now: float) -> None:
        """Keep so many operators idle for calls that are not about the known incident. 0: none."""
        self._matching.kept_free = max(0, count)
        self._serve_kept_back(now)
