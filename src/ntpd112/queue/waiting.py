"""What changes for a call while it waits: its lane, its place, its step of the ladder."""

from __future__ import annotations

from .effects import NOBODY_FITS, Climb, IncidentWaited, LaneChanged, Relaxed, milliseconds
from .floor import Floor
from .ladder import relaxed
from .model import HELD_AT_MOST, LadderStep, Lane
from .order import call_key, room_for
from .records import CallRecord, OperatorRecord
from .states import SERVING

NOBODY_SERVING = "nobody serving"
LAST_LET_IT_RING = "last operator let it ring"
QUEUE_FULL = "queue full"


class Waiting(Floor):
    # --- the ladder

    def _climb(self, call: CallRecord, now: float, hurry: str = "") -> None:
        """Take the steps that are due, all that remain for a reason to hurry, in order. The caller lets the
        call seek afterwards."""
        while self._take_next(call, now, hurry):
            pass
        self._set_step_deadline(call)

    def _climb_past(self, call: CallRecord, operator: OperatorRecord, now: float) -> None:
        """The operator let it ring, and nobody else may be rung: as many steps as it takes until somebody
        who serves may, without waiting for their time."""
        while not self._others_serve(call, operator) and self._take_next(call, now, LAST_LET_IT_RING):
            pass
        self._set_step_deadline(call)

    def _hurry_to_somebody(self, call: CallRecord, now: float) -> None:
        """It keeps out all who serve, by skill or role: as many steps as it takes until somebody may be rung,
        or a destination is tried."""
        ladder, before = call.queue.ladder, call.step
        while not self._matching.pool(call).serving() and self._take_next(call, now, NOBODY_FITS):
            if ladder[call.step - 1].to:
                break
        if call.step > before:
            self._set_step_deadline(call)
            self._seek(call, now)

    def _others_serve(self, call: CallRecord, operator: OperatorRecord) -> bool:
        """Whether somebody besides the operator serves who may be rung for the call. Whom it keeps out, by
        skill or role, is no help to it."""
        fits = call.accepts(operator) and operator.state in SERVING
        return self._matching.pool(call).serving() > fits

    def _take_next(self, call: CallRecord, now: float, hurry: str) -> bool:
        """The next step of the ladder, if it is due or there is a reason to hurry."""
        ladder = call.queue.ladder
        if call.step == len(ladder):
            return False
        step = ladder[call.step]
        due = call.since + step.after <= now
        if not due and not hurry:
            return False
        call.step += 1
        self._take_step(call, step, now, "" if due else hurry)
        return True

    def _set_step_deadline(self, call: CallRecord) -> None:
        ladder = call.queue.ladder
        if call.step < len(ladder):
            self._deadlines.set(("step", call.id), call.since + ladder[call.step].after)
        else:
            self._deadlines.cancel(("step", call.id))

    def _take_step(self, call: CallRecord, step: LadderStep, now: float, reason: str) -> None:
        wider = relaxed(call.requirement, step)
        if wider != call.requirement:
            call.requirement = wider
            skills, excluded = dict(wider.must), sorted(wider.excluded)
            waited_ms = milliseconds(now - call.since)
            self._effects.append(Relaxed(call.id, call.step, skills, excluded, waited_ms, reason))
        if step.to:
            self._effects.append(Climb(call.id, call.step, reason, call.queue.name))

    def _hurry(self, call: CallRecord, now: float, reason: str) -> None:
        if call.step < len(call.queue.ladder):
            self._climb(call, now, reason)
            self._seek(call, now)

    def _deserted(self, now: float) -> None:
        """Costs what it has to say: the steps of all calls that wait."""
        for call in self._calls.values():
            self._hurry(call, now, NOBODY_SERVING)

    # --- lanes

    def _change_lane(
        self,
        call: CallRecord,
        lane: Lane,
        now: float,
        reason: str,
        until: float | None = None,
        by: str = "",
    ) -> None:
        """A ring goes on whatever the new lane."""
        if lane != call.lane:
            call.home.counts[call.state, call.lane] -= 1
            call.home.counts[call.state, lane] += 1
            call.lane = lane
            self._effects.append(LaneChanged(call.id, lane, reason, by))
        self._set_lane_deadline(call, now, until)
        self._reorder(call)
        self._seek(call, now)

    def _set_lane_deadline(self, call: CallRecord, now: float, until: float | None) -> None:
        key = ("lane", call.id)
        if call.lane not in ("quiet", "held"):
            self._deadlines.cancel(key)
            return
        if until is None:
            until = now + HELD_AT_MOST if call.lane == "held" else call.since + call.longest_wait
        self._deadlines.set(key, max(now, until))

    def _lane_over(self, call: CallRecord, now: float) -> None:
        if call.lane == "held":
            self._change_lane(call, "quiet", now, "not screened in time")
        else:
            self._change_lane(call, "normal", now, "longest wait reached")

    # --- the known incident

    def _change_incident(self, call: CallRecord, about: bool, now: float) -> None:
        call.incident = about
        if not call.pulled:
            call.room = room_for(call)
        self._set_incident_deadline(call, now)
        self._seek(call, now)

    def _set_incident_deadline(self, call: CallRecord, now: float) -> None:
        key = ("incident", call.id)
        if call.incident:
            self._deadlines.set(key, max(now, call.since + call.queue.incident_wait))
        else:
            self._deadlines.cancel(key)

    def _incident_waited(self, call: CallRecord, now: float) -> None:
        """Its place is the one it has by its wait: before all who came later."""
        reason = f"waited {call.queue.incident_wait:g} s for the sake of others"
        self._effects.append(IncidentWaited(call.id, reason))
        self._change_incident(call, False, now)

    def _reorder(self, call: CallRecord) -> None:
        """The caller lets the call seek, and so be listed, afterwards."""
        self._matching.take(call)
        call.key = call_key(call)
