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
    CallRequeued,
    CallResumed,
    CallStarted,
    JournalEvent,
    LegEnded,
    LegQuality,
    OfferEnded,
    OfferMade,
    OfferRinging,
    PartyChanged,
    PartyFailed,
    PartyJoined,
    PartyKind,
    PartyLeft,
    PartyRings,
    Purpose,
    RecordingStarted,
    TransferEnded,
    TransferStarted,
)

CALLER = 0
"Number of the caller's leg."
US, AGAIN = ("us", 0), ("again", 0)
"""Who keeps the caller waiting, besides phones that hold: call control by hand, and whoever is to have them
next, in a queue again or by a transfer."""


@dataclass(slots=True)
class _Leg:
    """What is known of a leg besides the caller's: an offer, or somebody dialled. Times are epoch seconds."""

    kind: PartyKind
    name: str
    begun: float
    purpose: Purpose | None = None
    "None: an offer of the queue."
    ringing: float | None = None
    joined: float | None = None
    failed: OfferEnded | PartyFailed | None = None
    "How the ringing ended; an answered offer has one too."
    ended: LegEnded | None = None


@dataclass(slots=True)
class _Call:
    """What is known of the call so far."""

    started: CallStarted | None = None
    queued: CallQueued | None = None
    accepted: float | None = None
    answered: float | None = None
    answered_by: int = CALLER
    "Number of the first leg that talked to the caller."
    operator: str = ""
    "The last one who did."
    consulted: tuple[int, str] | None = None
    "Leg and id of the operator who is asked while the caller is on hold."
    ended: CallEnded | None = None
    leg_ended: LegEnded | None = None
    classification: CallClassified | None = None
    recording: RecordingStarted | None = None
    legs: dict[int, _Leg] = field(default_factory=dict)
    quality: dict[str, MediaQuality] = field(default_factory=dict)
    holders: set[tuple[str, int]] = field(default_factory=set)
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
            leg = _leg(call, event.offer, "operator", event.operator, event.at)
            _take_answer(call, event.offer, leg, event.at)
        case OfferMade():
            _leg(call, event.offer, "operator", event.operator, event.at)
        case OfferRinging():
            leg = _leg(call, event.offer, "operator", event.operator, event.at)
            leg.ringing = leg.ringing or event.at
        case OfferEnded():
            _leg(call, event.offer, "operator", event.operator, event.at).failed = event
        case PartyRings() | PartyFailed() | PartyJoined():
            _take_party(call, event)
        case LegEnded(offer=number) if number != CALLER:
            _leg(call, number, event.party, event.operator, event.at).ended = event
        case LegEnded():
            call.leg_ended = call.leg_ended or event
        case CallEnded():
            call.ended = call.ended or event
        case CallClassified():
            call.classification = event
        case RecordingStarted():
            call.recording = call.recording or event
        case CallHeld() | CallResumed():
            _take_hold(call, (event.by, event.leg), isinstance(event, CallHeld), event.at)
        case PartyChanged(leg=number, mode=mode) if number == CALLER:
            _take_hold(call, US, mode == "hold", event.at)
            if mode == "talk" and call.consulted is not None:
                _, call.operator = call.consulted
                call.consulted = None
        case PartyLeft(leg=number) if call.consulted is not None and call.consulted[0] == number:
            call.consulted = None
        case CallRequeued():
            if call.answered is not None:
                _take_hold(call, AGAIN, True, event.at)
        case TransferStarted() | TransferEnded():
            _take_hold(call, AGAIN, isinstance(event, TransferStarted), event.at)
        case LegQuality():
            call.quality[event.party] = MediaQuality(
                packets=event.packets,
                lost=event.lost,
                jitter_ms=event.jitter_ms,
                remote_lost=event.remote_lost,
                remote_jitter_ms=event.remote_jitter_ms,
            )


NOT_YET: tuple[Purpose, ...] = ("supervision", "callback")
"""Who joins so talks to no caller: of a call-back the citizen is still to be dialled, and their answer is
another event."""


def _leg(call: _Call, number: int, kind: PartyKind, name: str, at: float) -> _Leg:
    found = call.legs.get(number)
    if found is None:
        found = call.legs[number] = _Leg(kind, name, at)
    return found


def _take_party(call: _Call, event: PartyRings | PartyFailed | PartyJoined) -> None:
    leg = _leg(call, event.leg, event.kind, event.name, event.at)
    if isinstance(event, PartyFailed):
        leg.failed = event
        return
    leg.purpose = event.purpose
    if isinstance(event, PartyJoined):
        leg.joined = event.at
        if event.purpose not in NOT_YET:
            _take_answer(call, event.leg, leg, event.at)


def _take_answer(call: _Call, number: int, leg: _Leg, at: float) -> None:
    """Somebody talks to the caller."""
    leg.joined = at
    if call.answered is None:
        call.answered, call.answered_by = at, number
    if leg.kind == "operator" and US in call.holders:
        call.consulted = number, leg.name
    elif leg.kind == "operator":
        call.operator = leg.name
    _take_hold(call, AGAIN, False, at)


def _take_hold(call: _Call, who: tuple[str, int], held: bool, at: float) -> None:
    """Time during which anybody holds, counted once."""
    before = bool(call.holders)
    if held:
        call.holders.add(who)
    else:
        call.holders.discard(who)
    if before and not call.holders:
        call.held_s += _between(call.held_since, at)
    elif call.holders and not before:
        call.held_since = at


def _cdr(call: _Call, started: CallStarted, ended: CallEnded) -> Cdr:
    end = max(started.at, ended.at)
    queued, answered = call.queued, call.answered
    hold = call.held_s + (_between(call.held_since, end) if call.holders else 0.0)
    talk = _between(answered, end) if answered is not None else 0.0
    return Cdr(
        id=started.call_id,
        region=_text(started.region),
        direction=started.direction,
        trunk=_text(started.trunk),
        queue=_text(queued.queue) if queued else None,
        priority=queued.priority if queued else None,
        caller=_text(started.caller),
        caller_name=_text(started.caller_name),
        dialled=_text(started.dialled),
        diverted_from=_text(started.diverted_from),
        category=_text(started.category) or None,
        callback_of=started.callback_of or None,
        started_at=_time(started.at),
        queued_at=_time(queued.at) if queued else None,
        answered_at=_time(answered) if answered is not None else None,
        ended_at=_time(end),
        ring_s=_ring_s(call, end),
        wait_s=_between(queued.at, end if answered is None else answered) if queued else 0.0,
        talk_s=talk,
        hold_s=min(hold, talk),
        operator=_text(_operator(call, started)) or None,
        disposition=ended.disposition,
        classification=call.classification.classification if call.classification else None,
        hangup_by=ended.hangup_by,
        sip_code=ended.sip_code,
        q850_cause=ended.q850_cause,
        reason=_text(ended.reason),
        offers=sum(leg.purpose is None for leg in call.legs.values()),
        recording=_text(call.recording.file) if call.recording else None,
        quality=Quality(caller=call.quality.get("caller"), operator=call.quality.get("operator")),
        location=_clean(started.location),
        access_network=_text(started.access_network) or None,
        parts=_clean(started.parts),
        sip_call_id=_text(started.sip_call_id),
        source=_text(started.source),
        segments=[
            _caller_segment(call, started, ended, end),
            *(_segment(number, leg, end) for number, leg in sorted(call.legs.items())),
        ],
    )


def _operator(call: _Call, started: CallStarted) -> str:
    """The last who talked to the caller; of a call among operators, and of a call-back that reached nobody,
    who made it."""
    return call.operator if call.operator and started.direction != "internal" else started.operator


def _ring_s(call: _Call, end: float) -> float:
    """Of the phone that was answered first, else of the last one."""
    if not call.legs:
        return 0.0
    leg = call.legs[call.answered_by or max(call.legs)]
    return _between(leg.begun, leg.joined or (leg.failed.at if leg.failed else end))


def _caller_segment(call: _Call, started: CallStarted, ended: CallEnded, end: float) -> Segment:
    answered = call.accepted or call.answered
    leg = call.leg_ended
    return Segment(
        number=CALLER,
        party="caller",
        name=None,
        operator=None,
        purpose=None,
        started_at=_time(started.at),
        ringing_at=None,
        answered_at=_time(answered) if answered else None,
        ended_at=_time(max(started.at, leg.at if leg else end)),
        outcome=ended.disposition,
        sip_code=leg.sip_code if leg else ended.sip_code,
        q850_cause=leg.q850_cause if leg else ended.q850_cause,
    )


def _segment(number: int, leg: _Leg, end: float) -> Segment:
    failed = leg.failed
    if leg.ended is not None:
        ended = leg.ended.at
    else:
        ended = failed.at if failed is not None and leg.joined is None else end
    answered = leg.joined is not None or (failed is not None and failed.outcome == "answered")
    outcome = "answered" if answered else failed.outcome if failed is not None else "interrupted"
    code = leg.ended.sip_code if leg.ended else failed.sip_code if failed else 0
    name = _text(leg.name)
    return Segment(
        number=number,
        party=leg.kind,
        name=name,
        operator=name if leg.kind in ("operator", "supervisor") else None,
        purpose=leg.purpose,
        started_at=_time(leg.begun),
        ringing_at=_time(leg.ringing) if leg.ringing else None,
        answered_at=_time(leg.joined) if leg.joined else None,
        ended_at=_time(max(leg.begun, ended)),
        outcome=outcome,
        sip_code=code or None,
        q850_cause=leg.ended.q850_cause if leg.ended else None,
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
