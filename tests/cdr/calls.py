"""Event lists of whole calls, at T0 plus seconds."""

from __future__ import annotations

from ntpd112.journal.events import (
    CallAccepted,
    CallClassified,
    CallConnected,
    CallEnded,
    CallHeld,
    CallQueued,
    CallResumed,
    CallStarted,
    JournalEvent,
    LegEnded,
    LegQuality,
    OfferEnded,
    OfferMade,
    OfferRinging,
    RecordingStarted,
)

T0 = 1_760_000_000.0


def started(call_id: str = "A", at: float = 0.0, **more: object) -> CallStarted:
    fields = {"region": "35.78", "trunk": "pbx", "dialled": "112", "caller": "+628123456789", **more}
    return CallStarted(at=T0 + at, call_id=call_id, **fields)  # type: ignore[arg-type]


def answered(call_id: str = "A", at: float = 0.0, operator: str = "siti") -> list[JournalEvent]:
    """Waits 2 s, first operator does not pick up for 15 s, second answers after 3 s, talk of 60 s with 10
    s on hold, hung up by the caller."""
    t = T0 + at
    return [
        started(call_id, at, location={"latitude": -7.25}, access_network="3GPP-E-UTRAN"),
        CallAccepted(at=t + 0.5, call_id=call_id),
        CallQueued(at=t + 1, call_id=call_id, queue="112", priority=5),
        OfferMade(at=t + 3, call_id=call_id, offer=1, operator="budi"),
        OfferRinging(at=t + 3.5, call_id=call_id, offer=1, operator="budi"),
        OfferEnded(at=t + 18, call_id=call_id, offer=1, operator="budi", outcome="rona", sip_code=487),
        OfferMade(at=t + 18, call_id=call_id, offer=2, operator=operator),
        OfferRinging(at=t + 18.2, call_id=call_id, offer=2, operator=operator),
        OfferEnded(at=t + 21, call_id=call_id, offer=2, operator=operator, outcome="answered", sip_code=200),
        CallConnected(at=t + 21, call_id=call_id, offer=2, operator=operator),
        RecordingStarted(at=t + 21, call_id=call_id, file=f"2025/{call_id}.wav"),
        CallHeld(at=t + 30, call_id=call_id, by="operator"),
        CallHeld(at=t + 32, call_id=call_id, by="caller"),
        CallResumed(at=t + 35, call_id=call_id, by="operator"),
        CallResumed(at=t + 40, call_id=call_id, by="caller"),
        CallClassified(at=t + 50, call_id=call_id, classification="emergency", by=operator),
        LegEnded(at=t + 81, call_id=call_id, party="caller", sip_code=200, q850_cause=16),
        LegEnded(at=t + 81.1, call_id=call_id, party="operator", operator=operator, offer=2, sip_code=200),
        CallEnded(
            at=t + 81,
            call_id=call_id,
            disposition="answered",
            hangup_by="caller",
            sip_code=200,
            q850_cause=16,
        ),
        LegQuality(at=t + 81.2, call_id=call_id, party="caller", packets=4000, lost=3, jitter_ms=1.5),
        LegQuality(
            at=t + 81.2,
            call_id=call_id,
            party="operator",
            packets=3000,
            lost=0,
            jitter_ms=0.5,
            remote_lost=1,
            remote_jitter_ms=2.5,
        ),
    ]


def abandoned(call_id: str = "A", at: float = 0.0) -> list[JournalEvent]:
    """Given up by the caller while the first operator's phone rings."""
    t = T0 + at
    return [
        started(call_id, at),
        CallQueued(at=t, call_id=call_id, queue="112", priority=5),
        OfferMade(at=t + 4, call_id=call_id, offer=1, operator="budi"),
        OfferEnded(at=t + 9, call_id=call_id, offer=1, operator="budi", outcome="withdrawn", sip_code=487),
        CallEnded(
            at=t + 9,
            call_id=call_id,
            disposition="abandoned",
            hangup_by="caller",
            sip_code=487,
            q850_cause=16,
        ),
    ]
