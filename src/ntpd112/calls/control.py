"""Hands every event to the part of call control that it concerns, until all is quiet."""

from __future__ import annotations

from collections.abc import Callable

from ntpd112.media import events as media_events
from ntpd112.media.events import MediaEvent
from ntpd112.queue import (
    CancelOffer,
    Climb,
    Effect,
    IncidentWaited,
    LaneChanged,
    LastOperator,
    Relaxed,
    StateChanged,
    Waits,
)
from ntpd112.queue import Offer as MakeOffer
from ntpd112.sip import events as sip_events
from ntpd112.sip.events import SipEvent
from ntpd112.sip.leg import Leg

from . import causes
from .announcing import Announcing
from .arrival import Arrival
from .bridge import Bridge
from .call import Call, Party
from .call_in import CallIn
from .callback import Callbacks
from .codes import Codes
from .conference import Conference
from .context import Context, log
from .desk import Desk
from .dialing import Dialing
from .early import Early
from .ending import Ending
from .flood import Flood
from .holdover import HoldOver
from .ladder import Ladder
from .lines import Lines
from .notices import Notices
from .offering import Offering
from .parties import Parties
from .queueing import Queueing
from .readiness import Readiness
from .referring import Referring
from .repairing import Repairing
from .requeue import Requeue
from .ringing import Ringing
from .screening import Screening
from .silences import Silences
from .sound import Sound
from .sound_problems import SoundProblems
from .supervision import Supervision
from .talking import Talking
from .transfer import Transfers
from .trial import Trials

MAX_ROUNDS = 10_000
"Events one turn may handle before it yields to the sockets again; a real turn has a few dozen."


class CallControl:
    """Feed the ports (user agent, ACD, media client), then `settle`. `next_timer` and `handle_timer` carry
    the clocks of the ACD and of call control; legs and registrations have theirs in the user agent."""

    def __init__(self, context: Context) -> None:
        self._context = context
        sound = Sound(context)
        announcing = Announcing(context, sound)
        self._early = early = Early(context, sound, announcing)
        ringing = Ringing(context, sound, early)
        bridge = Bridge(context)
        dialing = Dialing(context, sound, ringing)
        screening = Screening(context)
        self._call_in = CallIn(context, sound)
        self.trials = Trials(context, sound)
        self.flood = Flood(context, self._call_in)
        queueing = Queueing(context, announcing, screening, self.flood)
        talking = Talking(context, sound, bridge, dialing, announcing)
        self.parties = parties = Parties(context, sound, bridge)
        self._sound = sound
        self._dialing = dialing
        self._announcing = announcing
        self._screening = screening
        self._talking = talking
        self._offering = Offering(context, ringing, talking)
        self._ladder = Ladder(context, dialing, talking, announcing, queueing)
        requeue = Requeue(context, dialing, parties, queueing)
        self.transfers = Transfers(context, bridge, dialing, parties, requeue)
        self.conference = Conference(context, bridge, dialing, parties, requeue)
        self.supervision = Supervision(context, sound, bridge, dialing, parties)
        self._hold_over = HoldOver(context, self.transfers, parties, requeue)
        self.ending = Ending(context, sound, self._offering, dialing, parties, self._hold_over)
        self._referring = Referring(context, sound, bridge, parties, self.transfers, self.ending)
        self._arrival = Arrival(context, sound, early, self.ending, queueing)
        self._lines = Lines(context, sound)
        self.callbacks = Callbacks(context, sound, bridge, talking, dialing, self.ending)
        codes = Codes(context, sound, self._lines, self.callbacks, self.supervision)
        self._desk = Desk(context, sound, talking, dialing, self.ending, self._arrival, codes)
        self._readiness = Readiness(context)
        self._sound_problems = SoundProblems(context)
        self._silences = Silences(context)
        self._notices = Notices(context)
        self._repairing = Repairing(context, self.ending, self._offering, queueing, self._lines)
        context.guard = self._guarded_action

    def next_timer(self) -> float | None:
        ours, acds = self._context.timers.next(), self._context.acd.next_timer()
        return acds if ours is None else ours if acds is None else min(ours, acds)

    def handle_timer(self, now: float) -> None:
        self._context.acd.handle_timer(now)
        self._context.timers.fire(now)

    def start(self, now: float) -> None:
        """Once, before the first call: look after the books and the flood from now on."""
        self._repairing.start(now)
        self.flood.resume(now)

    def settle(self, now: float) -> bool:
        """Handle what the ports have to say, and what that causes, until nobody says anything. False if there
        is no end of it: the sockets shall have a turn, then it goes on."""
        context = self._context
        for _ in range(MAX_ROUNDS):
            self._carry_out(now)
            sip, media = context.ua.events(), context.media.events()
            if not (sip or media):
                if self._repairing.look(now):
                    continue
                return True
            for event in sip:
                self._guarded(self._on_sip, event, now)
                self._carry_out(now)
            for sound in media:
                self._guarded(self._on_media, sound, now)
                self._carry_out(now)
        log.error("call control did not settle; going on in the next turn", rounds=MAX_ROUNDS)
        return False

    def _carry_out(self, now: float) -> None:
        """What the ACD has decided comes before any other event, so that none meets an offer that the ACD
        has given up already, as a phone does that answers in the very turn of its RONA."""
        for _ in range(MAX_ROUNDS):
            effects = self._context.acd.effects()
            if not effects:
                return
            for effect in effects:
                self._guarded(self._on_acd, effect, now)
            self._notices.say()

    def stop(self, now: float) -> None:
        """End every live call: the agent stops and will not come back for them."""
        self._call_in.stop(now)
        self.trials.stop(now)
        for call in list(self._context.calls.values()):
            self.ending.call_over(call, "interrupted", "system", causes.STOPPING, now)
        self._lines.stop(now)
        self._context.drop_lingering(causes.STOPPING, now)
        self.settle(now)

    def _guarded(self, handle: object, event: object, now: float) -> None:
        """A mistake of ours in one call must not take the others with it: log it, end that call, go on."""
        try:
            handle(event, now)  # type: ignore[operator]
        except Exception:
            call = self._call_of(event)
            log.exception(
                "OUR MISTAKE: call control failed on an event; its call is ended, please report this",
                call_id=call.id if call else "",
                failed_event=repr(event)[:500],
            )
            self._end_after_failure(event, now)

    def _guarded_action(self, action: Callable[[float], None], call: Call, now: float) -> None:
        """As `_guarded`, for what time or a person asks to be done about one call."""
        try:
            action(now)
        except Exception:
            log.exception("OUR MISTAKE: its call is ended, please report this", call_id=call.id)
            self._end_broken(call, now)

    def _end_after_failure(self, event: object, now: float) -> None:
        call = self._call_of(event)
        if call is None:
            if isinstance(event, sip_events.IncomingCall | sip_events.PhoneCall):
                self._context.drop_leg(event.leg, causes.FAULT, now)
            return
        self._end_broken(call, now)

    def _end_broken(self, call: Call, now: float) -> None:
        try:
            self.ending.call_over(call, "failed", "system", causes.FAULT, now, reason="internal error")
        except Exception:
            log.exception("could not end the call after a failure", call_id=call.id)

    def _call_of(self, event: object) -> Call | None:
        """The call an event of any port is about. `leg` is a SIP leg, or a media leg's number."""
        leg = getattr(event, "leg", None)
        if isinstance(leg, int):
            found = self._context.call_of_sound(leg)
        elif leg is not None:
            found = self._context.legs.get(leg.id)
        else:
            return self._context.calls.get(getattr(event, "call_id", ""))
        return found[0] if found else None

    # --- SIP

    def _on_sip(self, event: SipEvent, now: float) -> None:
        match event:
            case sip_events.IncomingCall():
                self._arrival.incoming(event, now)
            case sip_events.PhoneCall():
                self._desk.phone_call(event, now)
            case sip_events.Registered(user):
                if self._context.acd.operator(user) is not None:
                    self._context.acd.phone_available(user, now)
            case sip_events.Unregistered(user, reason):
                if self._context.acd.operator(user) is not None:
                    self._context.acd.phone_lost(user, now, reason)
                    self._hold_over.unreachable(user, now)
            case sip_events.TrunkState(trunk, up, reason):
                self._notices.trunk(trunk.name, up, reason, now)
            case sip_events.TrunkFilling():
                self._notices.trunk_filling(event, now)
            case sip_events.RegistrationState(trunk, registered, reason):
                self._notices.registration(trunk, registered, reason)
            case sip_events.GatewayState() | sip_events.GatewayPassed():
                self._notices.gateway(event)
            case sip_events.Refused():
                self._notices.refused(event)
            case sip_events.TrunkRefused():
                self._notices.trunk_refused(event, now)
            case sip_events.UnknownUser():
                self._context.on_unknown_user()
            case _:
                self._on_leg(event, now)

    def _on_leg(self, event: SipEvent, now: float) -> None:
        found = self._context.legs.get(event.leg.id)  # type: ignore[union-attr]
        if found is None:
            self._lines.on_leg(event, now)
            self._call_in.on_leg(event, now)
            self.trials.on_leg(event, now)
            return
        call, leg = found[0], event.leg  # type: ignore[union-attr]
        match event:
            case sip_events.Progress():
                if (ring := call.ring_of(leg)) is not None and ring.attempt is None:
                    self._offering.progress(call, ring, event, now)
            case sip_events.Answered():
                self._answered(call, leg, now)
            case sip_events.Failed():
                self._failed(call, event, now)
            case sip_events.MediaChanged(_, remote):
                if (ring := call.ring_of(leg)) is not None:
                    self._early.described(call, ring, leg, remote)
                else:
                    self._talking.media_changed(call, leg, remote, now)
            case sip_events.InfoDtmf(_, digit):
                self._screening.pressed(*found, digit, "info", now)
            case sip_events.Ended():
                self.ending.leg_ended(call, event, now)
            case sip_events.Referred():
                self._referring.referred(call, event, now)
            case sip_events.Probed(_, alive=True):
                self._hold_over.probed(call, leg, now)
            case _:
                pass

    def _answered(self, call: Call, leg: Leg, now: float) -> None:
        ring = call.ring_of(leg)
        if leg is call.leg:
            self.callbacks.reached(call, now)
        elif ring is None:
            leg.hang_up(now, causes.TAKEN_ELSEWHERE)
        elif ring.attempt is None:
            self._offering.answered(call, ring, leg, now)
        else:
            self._dialing.answered(call, ring, leg, now)

    def _failed(self, call: Call, event: sip_events.Failed, now: float) -> None:
        ring = call.ring_of(event.leg)
        self._context.forget_leg(event.leg)
        if event.leg is call.leg:
            self.callbacks.not_reached(call, event.cause, now)
        elif ring is None:
            return
        elif ring.attempt is None:
            self._offering.failed(call, ring, event, now)
        else:
            self._dialing.failed(call, ring, event.leg, event.cause, now)

    # --- ACD

    def _on_acd(self, effect: Effect, now: float) -> None:
        match effect:
            case MakeOffer():
                self._offering.make(effect, now)
            case CancelOffer():
                self._offering.cancel(effect, now)
            case StateChanged():
                self._notices.operator(effect, now)
            case Climb():
                self._ladder.climb(effect, now)
            case Waits() | LaneChanged() | Relaxed() | IncidentWaited() | LastOperator():
                self._notices.decided(effect, now)
                call = self._context.calls.get(effect.call_id)
                if call is not None and isinstance(effect, LaneChanged) and effect.lane == "lifted":
                    self._screening.lifted(call, effect.reason, now)

    # --- media

    def _on_media(self, event: MediaEvent, now: float) -> None:
        self._call_in.on_media(event, now)
        self.trials.on_media(event, now)
        self._sound_problems.on_media(event, now)
        self._silences.on_media(event, now)
        match event:
            case media_events.Learned():
                self._sound.learned(event)
                self._early.heard(event.leg, now)
            case media_events.Dtmf():
                if (found := self._context.call_of_sound(event.leg)) is not None:
                    self._screening.pressed(*found, event.digit, "rtp", now)
            case media_events.PlayEnded():
                if (call := self._waiting(event.leg)) is not None:
                    self._announcing.ended(call, event.prompt, now)
                self._lines.media_over(event.leg, now)
            case media_events.Voice():
                if (call := self._waiting(event.leg)) is not None:
                    self._screening.voice(call, now)
            case media_events.NoAudio():
                self._early.silent(event.leg, now)
                if (speaker := self._speaker(event.leg)) is not None:
                    self._hold_over.silent(*speaker, now)
                    if event.never:
                        self._readiness.mute(*speaker, now)
            case media_events.AudioBack():
                self._early.heard(event.leg, now)
                if (speaker := self._speaker(event.leg)) is not None:
                    self._hold_over.heard(speaker[1])
                    self._readiness.heard(*speaker, now)
            case media_events.Closed():
                self._media_closed(event, now)
            case media_events.RecordingFailed():
                self._sound.recording_broke(event, now)
            case media_events.WorkerLost():
                self._worker_lost(event, now)
            case _:
                pass

    def _waiting(self, media_id: int) -> Call | None:
        """The call that nobody has answered yet and whose caller's sound this is."""
        found = self._context.call_of_sound(media_id)
        return found[0] if found and found[1] == "caller" and not found[0].parties else None

    def _speaker(self, media_id: int) -> tuple[Call, Party] | None:
        """The party of a live call whose sound this is."""
        found = self._context.call_of_sound(media_id)
        parties = found[0].parties if found else []
        party = next((one for one in parties if one.media.id == media_id), None)
        return (found[0], party) if found and party else None

    def _media_closed(self, event: media_events.Closed, now: float) -> None:
        """After we closed it, as a rule. Otherwise the worker had no such port: somebody hears nothing."""
        found = self._context.call_of_sound(event.leg)
        if found is not None and event.leg in found[0].sounds:
            self._port_lost(found[0], event.leg, now)
        self._lines.media_over(event.leg, now)
        self._sound.closed(event, now)

    def _port_lost(self, call: Call, media_id: int, now: float) -> None:
        """Without the caller's there is no call any more; a party's is as good as its phone lost."""
        party = next((one for one in call.parties if one.media.id == media_id), None)
        who = party.name if party is not None else "caller"
        log.error("MEDIA PORT LOST IN MID-CALL", call_id=call.id, who=who)
        if party is None:
            self.ending.call_over(call, "interrupted", "system", causes.MEDIA_LOST, now)
        else:
            self.ending.leg_ended(call, sip_events.Ended(party.leg, "lost", causes.MEDIA_LOST), now)

    def _worker_lost(self, event: media_events.WorkerLost, now: float) -> None:
        """Its calls have no sound any more: end them, so that the PBX can place them again."""
        lost = [found[0] for leg in event.legs if (found := self._context.call_of_sound(leg))]
        calls = len({call.id for call in lost})
        log.error("MEDIA WORKER LOST: its calls are ended, another starts", worker=event.worker, calls=calls)
        for call in lost:
            self.ending.call_over(call, "interrupted", "system", causes.MEDIA_LOST, now)
        for leg in event.legs:
            self._lines.media_over(leg, now)
            self._context.sounds.pop(leg, None)
