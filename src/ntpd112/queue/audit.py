"""The ACD checks its own books, for the watchdog: what it finds is a mistake of ours."""

from __future__ import annotations

from collections.abc import Iterable

from .books import Books
from .records import CallRecord, OperatorRecord

LATE = 5.0
"Seconds after which a deadline that was not handled is a fault: the loop has stood still or lost its timer."


class Audit(Books):
    def audit(self, now: float) -> list[str]:
        """Everything that does not agree, one line each; empty when all is well. Looks at every call and
        operator once."""
        return self.audit_calls(self._calls) + self.audit_rest(now)

    def audit_calls(self, call_ids: Iterable[str]) -> list[str]:
        """What does not agree of these calls; those that no longer wait or ring are passed over."""
        calls = [call for call_id in call_ids if (call := self._calls.get(call_id)) is not None]
        return [fault for call in calls for fault in self._call_faults(call)]

    def audit_rest(self, now: float) -> list[str]:
        """What does not agree of operators, counts and deadlines."""
        faults = [fault for one in self._operators.values() for fault in self._operator_faults(one)]
        faults += self._count_faults()
        due = self._deadlines.next()
        if due is not None and due < now - LATE:
            faults.append(f"a deadline is {now - due:.0f} s overdue")
        return faults

    def _operator_faults(self, operator: OperatorRecord) -> list[str]:
        faults, who = [], f'operator "{operator.id}" is {operator.state}'
        call, talk = operator.call, operator.talk
        if (operator.state == "ringing") != (call is not None):
            faults.append(f"{who}, call that rings: {call.id if call else None}")
        if call is not None and (self._calls.get(call.id) is not call or operator.id not in call.out):
            faults.append(f'{who}: call "{call.id}" does not ring them')
        if (operator.state == "talking") != (talk is not None):
            faults.append(f"{who}, call they talk in: {talk.call_id if talk else None}")
        if talk is not None and operator.id not in self._talks.get(talk.call_id, ()):
            faults.append(f'{who}: not in the books of call "{talk.call_id}"')
        timed = operator.state in ("ringing", "wrap-up")
        if timed != (("operator", operator.id) in self._deadlines):
            faults.append(f"{who} {'without' if timed else 'with'} a deadline")
        if (operator.state == "ready") != operator.idle:
            faults.append(f"{who}, listed as {'idle' if operator.idle else 'busy'}")
        return faults

    def _call_faults(self, call: CallRecord) -> list[str]:
        faults, which = [], f'call "{call.id}" is {call.state} in lane {call.lane}'
        if (call.state == "ringing") != bool(call.out):
            faults.append(f"{which}, rings {sorted(call.out)}")
        for operator_id in call.out:
            operator = self._operators.get(operator_id)
            if operator is None or operator.call is not call:
                faults.append(f'{which}: "{operator_id}" does not ring for it')
        if call.state == "waiting" and call.shelf is None:
            faults.append(f"{which}, but is listed nowhere")
        if call.incident != (("incident", call.id) in self._deadlines):
            faults.append(f"{which}: about the incident {call.incident}, which its deadline denies")
        if call.lane in ("quiet", "held") and ("lane", call.id) not in self._deadlines:
            faults.append(f"{which} without a deadline")
        if (call.step < len(call.queue.ladder)) != (("step", call.id) in self._deadlines):
            faults.append(f"{which} at step {call.step} of its ladder without a deadline")
        return faults

    def _count_faults(self) -> list[str]:
        faults = []
        waiting = sum(call.state == "waiting" for call in self._calls.values())
        counted = sum(queue.count("waiting") for queue in self._queues.values())
        if waiting != counted:
            faults.append(f"{waiting} calls wait, {counted} counted")
        listed = self._matching.listed
        if listed != waiting:
            faults.append(f"{waiting} calls wait, {listed} listed")
        idle = sum(operator.idle for operator in self._operators.values())
        if idle != self._matching.idle:
            faults.append(f"{idle} operators are idle, {self._matching.idle} counted")
        return faults
