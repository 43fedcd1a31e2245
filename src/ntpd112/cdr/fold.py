"""From a call's events to its CDR. Pure: the same events give the same CDR, however often they are folded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ntpd112.cdr.record import Cdr, MediaQuality, Quality, Segment
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


@dataclass(slots=True)
class _Offer:
    """What is known of one offer; times are epoch seconds."""

    operator: str
    made: float
    ringing: float | None = None
    connected: float | None = None
    ended: OfferEnded | None = None
    leg_ended: LegEnded | None = None


@dataclass(slots=True)
class _Call:
    """What is known of the call so far."""

    started: CallStarted | None = None
    queued: CallQueued | None = None
    accepted: float | None = None
    connected: CallConnected | None = None
    last_connected: CallConnected | None = None
    ended: CallEnded | None = None
    leg_ended: LegEnded | None = None
    classification: CallClassified | None = None
    recording: RecordingStarted | None = None
    offers: dict[int, _Offer] = field(default_factory=dict)
    quality: dict[str, MediaQuality] = field(default_factory=dict)
    holders: set[str] = field(default_factory=set)
    held_since: float = 0.0
    held_s: float = 0.0


def fold(events: Iterable[JournalEvent]) -> Cdr | None:
    """The CDR of one call's events in journal order; None while the call has not ended, or when its start
    is not among the events (pruned)."""
    call = _Call()
    for event in events:
        _take(call, event)
    if call.started is None or call.ended is None:
        return None
    return _cdr(call, call.started, call.ended)


def _take(call: _Call, event: JournalEvent) -> None:
    match event:
        case CallStarted():
            call.started = call.started or event
        case CallQueued():
            call.queued = call.queued or event
        case CallAccepted():
            call.accepted = call.accepted or event.at
        case CallConnected():
            call.connected = call.connected or event
            call.last_connected = event
            _offer(call, event).connected = event.at
        case OfferMade():
            _offer(call, event)
        case OfferRinging():
            offer = _offer(call, event)
            offer.ringing = offer.ringing or event.at
        case OfferEnded():
            _offer(call, event).ended = event
        case LegEnded(party="operator"):
            _offer(call, event).leg_ended = event
        case LegEnded():
            call.leg_ended = call.leg_ended or event
        case CallEnded():
            call.ended = call.ended or event
        case CallClassified():
            call.classification = event
        case RecordingStarted():
            call.recording = call.recording or event
        case CallHeld() | CallResumed():
            _take_hold(call, event)
        case LegQuality():
            call.quality[event.party] = MediaQuality(
                packets=event.packets,
                lost=event.lost,
                jitter_ms=event.jitter_ms,
                remote_lost=event.remote_lost,
                remote_jitter_ms=event.remote_jitter_ms,
            )


def _offer(call: _Call, event: OfferMade | OfferRinging | OfferEnded | CallConnected | LegEnded) -> _Offer:
    found = call.offers.get(event.offer)
    if found is None:
        found = call.offers[event.offer] = _Offer(event.operator, event.at)
    return found


def _take_hold(call: _Call, event: CallHeld | CallResumed) -> None:
    """Time during which either side holds, counted once."""
    if isinstance(event, CallHeld):
        if not call.holders:
            call.held_since = event.at
        call.holders.add(event.by)
    elif event.by in call.holders:
        call.holders.remove(event.by)
        if not call.holders:
            call.held_s += _between(call.held_since, event.at)


def _cdr(call: _Call, started: CallStarted, ended: CallEnded) -> Cdr:
    end = max(started.at, ended.at)
    queued, connected = call.queued, call.connected
    hold = call.held_s + (_between(call.held_since, end) if call.holders else 0.0)
    talk = _between(connected.at, end) if connected else 0.0
    last = call.last_connected
    return Cdr(
        id=started.call_id,
        region=_text(started.region),
        trunk=_text(started.trunk),
        queue=_text(queued.queue) if queued else None,
        priority=queued.priority if queued else None,
        caller=_text(started.caller),
        caller_name=_text(started.caller_name),
        dialled=_text(started.dialled),
        diverted_from=_text(started.diverted_from),
        started_at=_time(started.at),
        queued_at=_time(queued.at) if queued else None,
        answered_at=_time(connected.at) if connected else None,
        ended_at=_time(end),
        ring_s=_ring_s(call, end),
        wait_s=_between(queued.at, connected.at if connected else end) if queued else 0.0,
        talk_s=talk,
        hold_s=min(hold, talk),
        operator=last.operator if last else None,
        disposition=ended.disposition,
        classification=call.classification.classification if call.classification else None,
        hangup_by=ended.hangup_by,
        sip_code=ended.sip_code,
        q850_cause=ended.q850_cause,
        reason=_text(ended.reason),
        offers=len(call.offers),
        recording=_text(call.recording.file) if call.recording else None,
        quality=Quality(caller=call.quality.get("caller"), operator=call.quality.get("operator")),
        location=_clean(started.location),
        access_network=_text(started.access_network) or None,
        parts=_clean(started.parts),
        sip_call_id=_text(started.sip_call_id),
        source=_text(started.source),
        segments=[
            _caller_segment(call, started, ended, end),
            *(_offer_segment(number, offer, end) for number, offer in sorted(call.offers.items())),
        ],
    )


def _ring_s(call: _Call, end: float) -> float:
    """Of the offer that was answered, else of the last one."""
    if not call.offers:
        return 0.0
    offer = call.offers[call.connected.offer if call.connected else max(call.offers)]
    over = offer.connected or (offer.ended.at if offer.ended else end)
    return _between(offer.made, over)


def _caller_segment(call: _Call, started: CallStarted, ended: CallEnded, end: float) -> Segment:
    answered = call.accepted or (call.connected.at if call.connected else None)
    leg = call.leg_ended
    return Segment(
        number=0,
        party="caller",
        operator=None,
        started_at=_time(started.at),
        ringing_at=None,
        answered_at=_time(answered) if answered else None,
        ended_at=_time(max(started.at, leg.at if leg else end)),
        outcome=ended.disposition,
        sip_code=leg.sip_code if leg else ended.sip_code,
        q850_cause=leg.q850_cause if leg else ended.q850_cause,
    )


def _offer_segment(number: int, offer: _Offer, end: float) -> Segment:
    over, leg = offer.ended, offer.leg_ended
    if leg is not None:
        ended = leg.at
    elif over is not None and offer.connected is None:
        ended = over.at
    else:
        ended = end
    outcome: str = over.outcome if over else "answered" if offer.connected else "interrupted"
    return Segment(
        number=number,
        party="operator",
        operator=offer.operator,
        started_at=_time(offer.made),
        ringing_at=_time(offer.ringing) if offer.ringing else None,
        answered_at=_time(offer.connected) if offer.connected else None,
        ended_at=_time(max(offer.made, ended)),
        outcome=outcome,
        sip_code=(leg.sip_code if leg else over.sip_code if over else 0) or None,
        q850_cause=leg.q850_cause if leg else None,
    )


def _between(start: float, end: float) -> float:
    """Seconds, to the millisecond; never negative, even if the clock was set back."""
    return round(max(0.0, end - start), 3)


def _time(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def _text(value: str) -> str:
    """PostgreSQL keeps no NUL."""
    return value.replace("\0", "") if "\0" in value else value


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(key): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
