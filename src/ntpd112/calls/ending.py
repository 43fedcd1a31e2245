"""A call ends: once, for everyone, with one disposition. Every path out leads through `call_over`."""

from __future__ import annotations

from ntpd112.journal.events import CallEnded, CallStarted, Disposition, HangupBy, LegEnded
from ntpd112.queue.errors import StateConflict
from ntpd112.sip.events import Cause, Ended
from ntpd112.sip.leg import Leg

from . import causes
from .call import Call
from .context import Context, log
from .dialing import Dialing
from .holdover import HoldOver, vanished
from .offering import Offering
from .parties import Parties
from .sound import Sound


class Ending:
    def __init__(
        self,
        context: Context,
        sound: Sound,
        offering: Offering,
        dialing: Dialing,
        parties: Parties,
        hold_over: HoldOver,
    ) -> None:
        self._context = context
        self._sound = sound
        self._offering = offering
        self._dialing = dialing
        self._parties = parties
        self._hold_over = hold_over

    def refuse(self, leg: Leg, facts: CallStarted, cause: Cause, now: float) -> None:
        """A call that could not even be given a media port."""
        self._write_end(facts.call_id, "rejected", "system", cause, now, reason=cause.text)
        leg.reject(now, cause.sip_code, {"Retry-After": str(causes.RETRY_AFTER_S)})

    def leg_ended(self, call: Call, event: Ended, now: float) -> None:
        """A leg of a live call is over by itself: the caller's ends the call, and so does the last one that
        the caller could talk to, if its end was meant."""
        self._context.forget_leg(event.leg)
        cause, by_hand = event.cause, event.by == "remote"
        if event.leg is call.leg:
            if by_hand and not call.leg.answered:
                # A CANCEL's Reason may name any code: its INVITE was answered with 487.
                cause = Cause(487, cause.q850, cause.text)
            self._end(call, "caller", event.by == "remote", cause, now)
            return
        party = call.party_of(event.leg)
        if party is None:
            return
        if not self._hold_over.party_gone(call, party, cause, vanished(event), now):
            self._end(call, "operator", by_hand, cause, now)

    def hang_up(self, call: Call, by: str, now: float) -> None:
        """A person at a console ends the call for everyone, as an operator does by hanging up. Raises
        StateConflict while the caller waits for somebody: they are answered, never sent away."""
        if call.state not in ("talking", "held") or call.connected_at is None:
            raise StateConflict(f"call {call.id} is {call.state}: only one that is talked on can be hung up")
        if call.transfer is not None:
            raise StateConflict(
                f"call {call.id} is being transferred to {call.transfer.to}: cancel that first"
            )
        self._end(call, "operator", True, Cause(200, causes.NORMAL, f"hung up by {by}"), now)

    def _end(self, call: Call, party: HangupBy, by_hand: bool, cause: Cause, now: float) -> None:
        disposition: Disposition = "failed"
        if call.held_over:
            disposition = "interrupted"
        elif call.reached:
            disposition = "answered" if call.served else "overflowed"
        elif by_hand and party == "caller":
            disposition = "abandoned"
        reason = "" if by_hand else cause.text or "signalling lost"
        self.call_over(call, disposition, party if by_hand else "system", cause, now, reason=reason)

    def call_over(
        self, call: Call, disposition: Disposition, by: HangupBy, cause: Cause, now: float, reason: str = ""
    ) -> None:
        """End every leg, the offer, the media and the place in the queue; write the end down. Leans on
        nothing that an earlier failure may have left half done, so it is also the way out of that."""
        if call.state == "ending":
            return
        context = self._context
        reason_to_stop = causes.CALLER_LEFT if disposition == "abandoned" else cause
        self._offering.withdraw_all(call, reason_to_stop, now)
        self._dialing.withdraw_all(call, reason_to_stop, now)
        call.wait.over()
        call.enter("ending")
        context.end(call)
        context.acd.close_line(call.facts.operator, call.id)
        failure = cause.sip_code if cause.sip_code >= 300 else causes.UNANSWERED
        sip_code = 200 if call.leg.answered else failure
        self._write_leg_ends(call, sip_code, cause, now)
        self._write_end(call.id, disposition, by, cause, now, sip_code=sip_code, reason=reason or cause.text)
        self._end_legs(call, cause, now)
        self._leave_queue(call, now)
        talked = call.talked_s + (now - call.connected_at if call.connected_at is not None else 0.0)
        log.info(
            "call over",
            call_id=call.id,
            disposition=disposition,
            by=by,
            q850=cause.q850,
            talked_s=round(talked, 1),
            total_s=round(now - call.started_at, 1),
            reason=reason or cause.text,
        )

    def _end_legs(self, call: Call, cause: Cause, now: float) -> None:
        context = self._context
        unanswered = call.leg.inbound and not call.leg.answered and call.leg.id in call.legs
        if unanswered and cause.sip_code == 503:
            context.forget_leg(call.leg)
            call.leg.reject(now, 503, {"Retry-After": str(causes.RETRY_AFTER_S)})
        self.let_go(call, cause, now)

    def let_go(self, call: Call, cause: Cause, now: float) -> None:
        """Nobody is in the call any more, and nothing sounds for it."""
        for leg in list(call.legs.values()):
            self._context.drop_leg(leg, cause, now)
        for media in list(call.sounds.values()):
            self._sound.close(call, media)

    def _leave_queue(self, call: Call, now: float) -> None:
        """The ACD's own books say what to take back: ours may be a step behind or ahead after a failure."""
        acd = self._context.acd
        supervisors = {party.name for party in call.parties if party.kind == "supervisor"}
        for operator in acd.operators_in(call.id):
            wrap_up = operator not in supervisors and call.facts.direction != "internal"
            self._context.acd.disengage(operator, now, wrap_up=wrap_up)
        if acd.call(call.id) is not None:
            acd.withdraw(call.id, now)

    def _write_leg_ends(self, call: Call, sip_code: int, cause: Cause, now: float) -> None:
        for party in call.parties:
            self._parties.write_leg_end(call, party, cause, now)
        at = self._context.clock.wall(now)
        self._context.write(
            LegEnded(at=at, call_id=call.id, party="caller", sip_code=sip_code, q850_cause=cause.q850)
        )

    def _write_end(
        self,
        call_id: str,
        disposition: Disposition,
        by: HangupBy,
        cause: Cause,
        now: float,
        *,
        sip_code: int | None = None,
        reason: str = "",
    ) -> None:
        self._context.write(
            CallEnded(
                at=self._context.clock.wall(now),
                call_id=call_id,
                disposition=disposition,
                hangup_by=by,
                sip_code=cause.sip_code if sip_code is None else sip_code,
                q850_cause=cause.q850,
                reason=reason,
            )
        )
