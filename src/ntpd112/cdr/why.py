"""Why a call went as it did, in words: a plain account of its journal events. Pure.

`why did this call wait 40 s` is answered by reading it from top to bottom: what it asked for, who was free
or what those who fit were doing, who was passed over and for what reason, what the ladder changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ntpd112.journal import events as e
from ntpd112.journal.events import JournalEvent, PartyMode


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `at`: epoch seconds; `ms` since the call's start."""

    at: float
    ms: int
    what: str
    "The event's type, `offer.made`."
    text: str


def account(events: Iterable[JournalEvent]) -> list[Line]:
    """The lines of one call's events in journal order; events that explain nothing are left out."""
    lines: list[Line] = []
    start: float | None = None
    for event in events:
        start = event.at if start is None else start
        text = _said(event)
        if text:
            tag = str(type(event).__struct_config__.tag)
            lines.append(Line(at=event.at, ms=round((event.at - start) * 1000), what=tag, text=text))
    return lines


def _said(event: JournalEvent) -> str:
    match event:
        case e.CallStarted() | e.CallQueued() | e.CallWaits() | e.CallRelaxed() | e.CallEnded():
            return _of_the_call(event)
        case e.OfferMade() | e.OfferRinging() | e.OfferEnded() | e.CallConnected():
            return _of_an_offer(event)
        case e.PartyRings() | e.PartyFailed() | e.PartyJoined() | e.PartyChanged() | e.PartyLeft():
            return _of_a_party(event)
        case e.TransferStarted(to=to, attended=attended, by=by):
            return f"{by} transfers the call to {to}" + (", speaking to them first" if attended else "")
        case e.TransferEnded(outcome=outcome, to=to, reason=reason):
            return f"transfer to {to}: {outcome}{_because(reason)}"
        case _:
            return _of_a_change(event)


def _of_the_call(event: JournalEvent) -> str:
    match event:
        case e.CallStarted(direction="in"):
            who = event.caller or "an anonymous caller"
            about = f" ({event.category})" if event.category else ""
            taken = f", taken as {event.number}" if event.number else ""
            return f"{who} dials {event.dialled}{about}, by trunk {event.trunk}{taken}"
        case e.CallStarted():
            return f"{event.operator} calls {event.caller or event.dialled}"
        case e.CallQueued():
            kept = f", with {event.waited_s:.0f} s of an earlier attempt" if event.waited_s else ""
            asks = _asks(event.skills, event.prefer)
            place = f"queue {event.queue}, priority {event.priority}, {event.lane} lane{kept}{asks}"
            return f"waits in {place}{_because('; '.join(event.reasons))}"
        case e.CallWaits():
            return f"rings nowhere: {event.reason or 'nobody free'}; {_hall(event.fit, event.unfit)}"
        case e.CallRelaxed():
            left = _asks(event.skills, {}) or ", no skill is required any more"
            out = f"; still kept out: {', '.join(event.excluded)}" if event.excluded else ""
            return f"ladder step {event.step} after {_s(event.waited_ms)}{left}{out}{_because(event.reason)}"
        case e.CallEnded():
            cause = f"SIP {event.sip_code}, Q.850 {event.q850_cause}"
            return f"ends: {event.disposition}, by {event.hangup_by} ({cause}){_because(event.reason)}"
    raise AssertionError(event)


def _of_an_offer(event: JournalEvent) -> str:
    match event:
        case e.OfferMade():
            return f"offer {event.offer} to {event.operator}{_how(event.why)}"
        case e.OfferRinging():
            return f"the phone of {event.operator} rings"
        case e.OfferEnded(outcome=outcome):
            code = f" (SIP {event.sip_code})" if event.sip_code else ""
            return f"offer {event.offer}: {event.operator} {_OUTCOMES.get(outcome, outcome)}{code}"
        case e.CallConnected():
            return f"{event.operator} and the caller hear each other"
    raise AssertionError(event)


_OUTCOMES = {
    "answered": "picked up",
    "rona": "let it ring",
    "declined": "declined",
    "failed": "could not be reached",
    "withdrawn": "is no longer rung",
}


_CHOSEN = {
    "pulled": "chosen by a person",
    "sticky": "chosen as the one who spoke to the caller before",
    "freed": "the first to be free",
}
"The choices that are not a strategy's."


def _how(why: Mapping[str, Any]) -> str:
    """The ACD's reasoning, as it stands in `OfferMade.why`."""
    if not why:
        return ""
    chosen_by = why.get("chosen_by", "")
    parts = [_CHOSEN.get(chosen_by, f"chosen by {chosen_by} of {why.get('free', 0)} free")]
    if why.get("candidates") and chosen_by not in _CHOSEN:
        parts.append(f"candidates {', '.join(why['candidates'])}")
    for skipped in why.get("skipped", []):
        parts.append(f"{skipped['operator']} passed over ({skipped['reason']})")
    parts.append(_hall(why.get("fit", {}), why.get("unfit", 0)))
    return f" after {_s(why.get('waited_ms', 0))}: " + "; ".join(parts)


def _of_a_party(event: JournalEvent) -> str:
    match event:
        case e.PartyRings():
            step = f", ladder step {event.step}" if event.step else ""
            by = f", by {event.by}" if event.by else ""
            return f"rings {event.kind} {event.name} ({event.purpose}{step}{by}) {event.target}".rstrip()
        case e.PartyFailed():
            code = f" (SIP {event.sip_code})" if event.sip_code else ""
            return f"{event.kind} {event.name}: {event.outcome.replace('_', ' ')}{code}"
        case e.PartyJoined():
            return f"{event.kind} {event.name} is in the call ({event.mode})"
        case e.PartyChanged():
            who = "the caller" if event.name == "caller" else event.name
            return f"{who} {_MODES[event.mode]}{_who(event.by)}"
        case e.PartyLeft():
            return f"{event.kind} {event.name} left the call{_because(event.reason)}"
    raise AssertionError(event)


_MODES: dict[PartyMode, str] = {
    "talk": "talks to all",
    "listen": "listens only",
    "whisper": "is heard by operators only",
    "hold": "is on hold",
}


def _of_a_change(event: JournalEvent) -> str:
    match event:
        case e.CallLane(lane=lane, reason=reason, by=by):
            return f"moves to the {lane} lane{_because(reason)}{_who(by)}"
        case e.CallPriority(priority=priority, reason=reason, by=by):
            return f"has priority {priority} now{_because(reason)}{_who(by)}"
        case e.CallNeeds(skills=skills, prefer=prefer, reason=reason, by=by):
            asked = _asks(skills, prefer).removeprefix(", ") or "needs no skill"
            return f"{asked} from now on{_because(reason)}{_who(by)}"
        case e.CallPulled(operator=operator, by=by):
            return f"given to {operator}{_who(by)}"
        case e.CallHurried(by=by):
            return f"takes the rest of its ladder at once{_who(by)}"
        case e.CallScreened(result=result, after_ms=after):
            return f"screened: {result} after {_s(after)}"
        case e.CallIncident(about=about, reason=reason):
            return f"{'about' if about else 'not about'} the known incident{_because(reason)}"
        case e.CallAnnounced(prompts=prompts):
            return f"the caller hears {', '.join(prompts)}"
        case e.CallRequeued(queue=queue, reason=reason, by=by):
            who = "" if by in reason else _who(by)
            return f"waits again in queue {queue}, at the front{_because(reason)}{who}"
        case e.LastOperator(operator=operator):
            return f"{operator} let it ring and stays in rotation: nobody else who fits serves"
        case e.CallHeld(by=by):
            return f"held by the {by}"
        case e.CallResumed(by=by):
            return f"no longer held by the {by}"
        case e.CallClassified(classification=classification, by=by):
            return f"classified as {classification}{_who(by)}"
        case e.StateRepaired(subject=subject, found=found, repaired=repaired):
            return f"the watchdog found {subject}: {found}; {repaired}"
        case e.MediaProblem():
            return _of_sound(event)
        case e.RecordingFailed(reason=reason):
            return f"recording stopped{_because(reason)}"
        case _:
            return ""


def _of_sound(event: e.MediaProblem) -> str:
    who = event.name or f"the {event.party}"
    match event.kind:
        case "one_way":
            return f"one-way audio: not one packet of sound came from {who}"
        case "no_rtp":
            return f"no sound: not one packet came from {who}, nor from anybody else in the call"
        case "silence":
            return f"no sound comes from {who} any more"
        case "nat":
            return f"the sound of {who} comes from {event.source}, where the SDP said {event.expected}"
        case "stranger":
            return f"a second source, {event.source}, sends sound to the port of {who}: it is thrown away"
        case "loss":
            return f"{event.percent} % of the sound of {who} is lost"
        case "wrong_key":
            return f"sound to the port of {who} has not the SRTP key that was agreed on: it is thrown away"
        case "replay":
            return f"sound to the port of {who} came before, or has numbers that were used: it is thrown away"


def _asks(skills: Mapping[str, int], prefer: Mapping[str, int]) -> str:
    needs = f", needs {_levels(skills)}" if skills else ""
    return needs + (f", better {_levels(prefer)}" if prefer else "")


def _levels(skills: Mapping[str, int]) -> str:
    return " ".join(f"{skill}={level}" for skill, level in sorted(skills.items()))


def _hall(fit: Mapping[str, int], unfit: int) -> str:
    """What the operators who fit are doing."""
    doing = ", ".join(f"{count} {state}" for state, count in sorted(fit.items()) if count)
    return f"of those who fit: {doing or 'nobody'}" + (f"; {unfit} do not fit" if unfit else "")


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _who(by: str) -> str:
    return f", by {by}" if by else ""


def _s(ms: float) -> str:
    return f"{ms / 1000:.1f} s"
