"""A call ends: once, for everyone, with one disposition. Every path out leads through `call_over`."""

from __future__ import annotations

from ntpd112.journal.events import CallEnded, CallStarted, Disposition, HangupBy, LegEnded
from ntpd112.sip.events import Cause, Ended
from ntpd112.sip.leg import Leg

from . import causes
from .call import Call
from .context import Context, Party, log
from .offering import Offering


class Ending:
    def __init__(self, context: Context, offering: Offering) -> None:
        self._context = context
        self._offering = offering

    def refuse(self, leg: Leg, facts: CallStarted, cause: Cause, now: float) -> None:
        """A call that could not even be given a media port."""
        leg.reject(now, cause.sip_code, {"Retry-After": str(causes.RETRY_AFTER_S)})
        self._write_end(facts.call_id, "rejected", "system", cause, now, reason=cause.text)

    def leg_ended(self, call: Call, party: Party, event: Ended, now: float) -> None:
        """A leg of a live call is over by itself: so is the call."""
        self._context.legs.pop(event.leg.id, None)
        if call.state == "ending":
            return
        if party == "operator" and (call.talk is None or call.talk.leg is not event.leg):
            return
        reason = "" if event.by == "remote" else event.cause.text or "signalling lost"
        by: HangupBy = party if event.by == "remote" else "system"
        disposition: Disposition = "answered" if call.talk is not None else "abandoned"
        if event.by == "lost" and call.talk is None:
            disposition = "failed"
        self.call_over(call, disposition, by, event.cause, now, reason=reason)

    def call_over(
        self, call: Call, disposition: Disposition, by: HangupBy, cause: Cause, now: float, reason: str = ""
    ) -> None:
        """End both legs, the offer, the media and the place in the queue; write the end down."""
        if call.state == "ending":
            return
        context = self._context
        abandoned = disposition == "abandoned"
        self._offering.withdraw(call, causes.CALLER_LEFT if abandoned else cause, now)
        queued = call.state != "arriving"
        call.enter("ending")
        context.calls.pop(call.id, None)
        self._end_legs(call, cause, now)
        sip_code = 200 if call.accepted else cause.sip_code or 487
        self._write_end(call.id, disposition, by, cause, now, sip_code=sip_code, reason=reason or cause.text)
        if call.talk is not None:
            context.acd.call_finished(call.id, call.talk.operator, now)
        elif queued:
            context.acd.withdraw(call.id, now)
        talked = now - call.connected_at if call.connected_at is not None else 0.0
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
        at = context.clock.wall(now)
        if call.talk is not None:
            talk = call.talk
            context.legs.pop(talk.leg.id, None)
            talk.leg.hang_up(now, cause)
            talk.media.close()
            context.write(
                LegEnded(
                    at=at,
                    call_id=call.id,
                    party="operator",
                    operator=talk.operator,
                    offer=talk.offer,
                    sip_code=200,
                    q850_cause=cause.q850,
                )
            )
        context.legs.pop(call.leg.id, None)
        if not call.accepted and cause.sip_code == 503:
            call.leg.reject(now, 503, {"Retry-After": str(causes.RETRY_AFTER_S)})
        else:
            call.leg.hang_up(now, cause)
        call.media.close()
        sip_code = 200 if call.accepted else cause.sip_code or 487
        context.write(
            LegEnded(
                at=at,
                call_id=call.id,
                party="caller",
                sip_code=sip_code,
                q850_cause=cause.q850,
            )
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
