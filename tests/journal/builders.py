"""Events of calls, short to write."""

from ntpd112.journal.events import CallEnded, CallQueued, CallStarted, Disposition


def started(call_id: str, at: float = 1000.0) -> CallStarted:
    return CallStarted(
        at=at, call_id=call_id, region="35.78", trunk="pbx", dialled="112", caller="+628123456789"
    )


def queued(call_id: str, at: float = 1000.0) -> CallQueued:
    return CallQueued(at=at, call_id=call_id, queue="112", priority=5)


def ended(call_id: str, at: float = 1010.0, disposition: Disposition = "answered") -> CallEnded:
    return CallEnded(
        at=at, call_id=call_id, disposition=disposition, hangup_by="caller", sip_code=200, q850_cause=16
    )
