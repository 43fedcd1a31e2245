"""What the ACD decided about a call that waits, as the journal's words for it."""

from __future__ import annotations

from ntpd112.journal.events import CallIncident, CallLane, CallRelaxed, CallWaits, JournalEvent
from ntpd112.journal.events import LastOperator as LastOperatorRang
from ntpd112.queue import IncidentWaited, LaneChanged, LastOperator, Relaxed, Waits

Decision = Waits | LaneChanged | Relaxed | IncidentWaited | LastOperator


def event_of(effect: Decision, at: float) -> JournalEvent:
    """`at`: epoch seconds."""
    call_id = effect.call_id
    match effect:
        case Waits(_, fit, unfit, reason):
            return CallWaits(at=at, call_id=call_id, fit=dict(fit.items()), unfit=unfit, reason=reason)
        case LaneChanged(_, lane, reason, by):
            return CallLane(at=at, call_id=call_id, lane=lane, reason=reason, by=by)
        case Relaxed(_, step, skills, excluded, waited_ms, reason):
            return CallRelaxed(
                at=at,
                call_id=call_id,
                step=step,
                skills=skills,
                excluded=excluded,
                waited_ms=waited_ms,
                reason=reason,
            )
        case IncidentWaited(_, reason):
            return CallIncident(at=at, call_id=call_id, about=False, reason=reason)
        case LastOperator(_, operator):
            return LastOperatorRang(at=at, call_id=call_id, operator=operator)
