"""What a call was about, as an operator or a person at a console says."""

from __future__ import annotations

from ntpd112.journal.events import CallClassified, Classification

from .context import Context
from .views import UnknownCall


def classify(context: Context, call_id: str, classification: Classification, by: str, now: float) -> None:
    """Also after the call has ended. Raises UnknownCall."""
    live = context.calls.get(call_id)
    if live is not None:
        live.classification = classification
    elif not context.journal.has_call(call_id):
        raise UnknownCall(f"no call has the id {call_id}")
    at = context.clock.wall(now)
    context.write(CallClassified(at=at, call_id=call_id, classification=classification, by=by))


def call_of(context: Context, operator: str, now: float) -> str | None:
    """The call the operator is in, else their last one."""
    known = context.acd.operator(operator)
    call_id = known.call_id if known is not None else None
    if call_id in context.calls:
        return call_id
    last = context.memory.lasts.of(operator, context.clock.wall(now))
    return last.call_id if last is not None else None
