"""An operator's phones ring for a call: invite, first answer wins, the rest is told to stop."""

from __future__ import annotations

import msgspec

from ntpd112.journal.events import LegEnded, OfferEnded, OfferMade, OfferOutcome, OfferRinging
from ntpd112.queue import CancelOffer
from ntpd112.queue import Offer as MakeOffer
from ntpd112.sip.events import Cause, Failed, Progress
from ntpd112.sip.leg import Leg

from . import causes
from .call import Call, Party, Ring
from .context import Context, log
from .ringing import Ringing
from .talking import Talking

OK = Cause(200)


class Offering:
    def __init__(self, context: Context, ringing: Ringing, talking: Talking) -> None:
        self._context = context
        self._ringing = ringing
        self._talking = talking

    def make(self, effect: MakeOffer, now: float) -> None:
        """The ACD chose an operator: ring every reachable phone of theirs."""
        context = self._context
        call = context.calls.get(effect.call_id)
        if call is None or not self._stands(effect):
            return  # overtaken by events of the same turn; its CancelOffer follows
        context.write(
            OfferMade(
                at=context.clock.wall(now),
                call_id=call.id,
                offer=effect.number,
                operator=effect.operator,
                why=msgspec.to_builtins(effect.why),
            )
        )
        call.offers = effect.number
        ring = Ring(effect.number, "operator", effect.operator)
        targets = [binding.target for binding in context.registrar.contacts(effect.operator)]
        if not self._ringing.start(call, ring, targets, now):
            self._over(call, ring, "failed", causes.NO_PHONE, now)
            context.acd.offer_declined(call.id, ring.name, now, "failed")

    def _stands(self, effect: MakeOffer) -> bool:
        offered = self._context.acd.call(effect.call_id)
        return offered is not None and offered.offers.get(effect.operator) == effect.number

    # --- what the phones say

    def progress(self, call: Call, ring: Ring, event: Progress, now: float) -> None:
        if ring.rang or event.code == 181:
            return
        ring.rang = True
        at = self._context.clock.wall(now)
        self._context.write(OfferRinging(at=at, call_id=call.id, offer=ring.number, operator=ring.name))

    def answered(self, call: Call, ring: Ring, leg: Leg, now: float) -> None:
        """The operator picked up. If the caller left in the same turn, their `Ended` follows and stops every
        phone."""
        if call.leg.state == "ended":
            return
        self._write_ended(call, ring, "answered", OK, now)
        media = self._ringing.win(call, ring, leg, causes.TAKEN_ELSEWHERE, now)
        party = Party(ring.number, "operator", ring.name, leg, media)
        call.parties.append(party)
        self._context.acd.offer_accepted(call.id, ring.name, now)
        self._talking.begin(call, party, now)

    def failed(self, call: Call, ring: Ring, event: Failed, now: float) -> None:
        """One phone refused or failed; when it was the last, the offer is over: the next operator's turn."""
        del ring.phones[event.leg.id]
        outcome = causes.offer_outcome(event.cause.sip_code)
        if ring.phones and outcome != "declined":
            return
        say = log.info if outcome == "declined" else log.warning
        say(
            "operator's phone refused",
            call_id=call.id,
            operator=ring.name,
            sip_code=event.cause.sip_code,
            reason=event.cause.text,
            outcome=outcome,
        )
        self._over(call, ring, outcome, event.cause, now)
        self._context.acd.offer_declined(call.id, ring.name, now, outcome)

    # --- what the ACD says

    def cancel(self, effect: CancelOffer, now: float) -> None:
        """Ring time over (RONA), taken by another, or the operator or their phone gone."""
        call = self._context.calls.get(effect.call_id)
        ring = call.rings.get(effect.number) if call else None
        if call is None or ring is None or ring.attempt is not None:
            return
        if effect.outcome == "rona":
            log.warning("operator did not pick up", call_id=call.id, operator=ring.name)
        taken = effect.outcome == "withdrawn" and call.parties
        cause = causes.TAKEN_ELSEWHERE if taken else causes.STOP_RINGING[effect.outcome]
        self._over(call, ring, effect.outcome, cause, now)

    def drop(self, call: Call, ring: Ring, now: float) -> None:
        """The ACD knows nothing of it."""
        self._over(call, ring, "withdrawn", Cause(487, 16, "Not offered"), now)

    def withdraw_all(self, call: Call, cause: Cause, now: float) -> None:
        """The call ends, or goes elsewhere, while operators' phones ring for it."""
        for ring in [ring for ring in call.rings.values() if ring.attempt is None]:
            self._over(call, ring, "withdrawn", Cause(487, cause.q850, cause.text), now)

    def _over(self, call: Call, ring: Ring, outcome: OfferOutcome, cause: Cause, now: float) -> None:
        """The offer ended without an answer: `cause` is how its INVITE ended, or what its phones are told,
        whose INVITEs then end with 487."""
        ended = Cause(487, cause.q850, cause.text) if cause.sip_code == 200 else cause
        self._write_ended(call, ring, outcome, ended, now)
        self._ringing.stop(call, ring, cause, now)

    def _write_ended(self, call: Call, ring: Ring, outcome: OfferOutcome, cause: Cause, now: float) -> None:
        at = self._context.clock.wall(now)
        self._context.write(
            OfferEnded(
                at=at,
                call_id=call.id,
                offer=ring.number,
                operator=ring.name,
                outcome=outcome,
                sip_code=cause.sip_code,
            )
        )
        if outcome != "answered":
            self._context.write(
                LegEnded(
                    at=at,
                    call_id=call.id,
                    party="operator",
                    operator=ring.name,
                    offer=ring.number,
                    sip_code=cause.sip_code,
                    q850_cause=cause.q850,
                )
            )
