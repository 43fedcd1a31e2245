"""An operator's phones ring for a call: invite, first answer wins, the rest is told to stop."""

from __future__ import annotations

import msgspec

from ntpd112.journal.events import LegEnded, OfferEnded, OfferMade, OfferOutcome, OfferRinging
from ntpd112.queue import CancelOffer
from ntpd112.queue import Offer as MakeOffer
from ntpd112.sip.events import Answered, Cause, Failed, Progress
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.registrar import Binding
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.uri import Uri

from . import causes
from .call import Call, Offer, Talk
from .context import Context, log
from .sound import Sound, family_of, laws_of
from .talking import Talking

OK = Cause(200)
ANONYMOUS = NameAddr(Uri("sip", "anonymous.invalid", "anonymous"), "Anonymous")


class Offering:
    def __init__(self, context: Context, sound: Sound, talking: Talking) -> None:
        self._context = context
        self._sound = sound
        self._talking = talking

    def make(self, effect: MakeOffer, now: float) -> None:
        """The ACD chose an operator: ring every reachable phone of theirs."""
        context = self._context
        call = context.calls.get(effect.call_id)
        offered = context.acd.call(effect.call_id)
        if call is None or offered is None or offered.offers.get(effect.operator) != effect.number:
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
        call.enter("ringing")
        call.offer = offer = Offer(effect.number, effect.operator)
        for binding in context.registrar.contacts(effect.operator):
            try:
                self._ring(call, offer, binding, now)
            except Exception as problem:  # costs this phone, never the call
                reason = str(problem) or repr(problem)
                log.error("cannot ring phone", call_id=call.id, operator=offer.operator, reason=reason)
        if not offer.phones:
            log.warning("operator has no phone to ring", call_id=call.id, operator=offer.operator)
            self._over(call, offer, "failed", causes.NO_PHONE, now)
            context.acd.offer_declined(call.id, offer.operator, now, "failed")

    def _ring(self, call: Call, offer: Offer, binding: Binding, now: float) -> None:
        """Raises NoPorts."""
        host = binding.flow.local.host
        family = family_of(host)
        if family not in offer.media:
            offer.media[family] = self._sound.open_for_operator(call, family)
        local = LocalMedia(self._sound.address(host), offer.media[family].port, laws_of(call.leg))
        leg = self._context.ua.invite(
            binding.target,
            caller=_shown_caller(call, host),
            local=local,
            headers=self._headers(call),
            call_id=f"{call.id}-{offer.number}-{len(offer.phones)}@{host}",
            now=now,
        )
        offer.phones[leg.id] = leg
        self._context.own_leg(leg, call, "operator")

    def _headers(self, call: Call) -> dict[str, str]:
        """What a console needs to find the call, and the mark of an emergency (RFC 3261 §20.26)."""
        return {"X-NTPD112-Call": call.id, "X-NTPD112-Queue": call.queue.name, "Priority": "emergency"}

    # --- what the phones say

    def progress(self, call: Call, event: Progress, now: float) -> None:
        offer = call.offer
        if offer is None or offer.rang or event.leg.id not in offer.phones or event.code == 181:
            return
        offer.rang = True
        at = self._context.clock.wall(now)
        ringing = OfferRinging(at=at, call_id=call.id, offer=offer.number, operator=offer.operator)
        self._context.write(ringing)

    def answered(self, call: Call, event: Answered, now: float) -> None:
        offer = call.offer
        if offer is None or event.leg.id not in offer.phones:
            event.leg.hang_up(now, causes.TAKEN_ELSEWHERE)
            return
        if call.leg.state == "ended":
            return  # the caller left in the same turn; their `Ended` follows and stops every phone
        winner = offer.phones.pop(event.leg.id)
        media = offer.media.pop(family_of(winner.flow.local.host))
        call.offer = None
        self._context.acd.offer_accepted(call.id, offer.operator, now)
        self._write_ended(call, offer, "answered", OK, now)
        self._stop_phones(call, offer, causes.TAKEN_ELSEWHERE, now)
        self._talking.begin(call, Talk(offer.operator, offer.number, winner, media), now)

    def failed(self, call: Call, event: Failed, now: float) -> None:
        """One phone refused or failed; when it was the last, the offer is over: the next operator's turn."""
        offer = call.offer
        self._context.forget_leg(event.leg)
        if offer is None or offer.phones.pop(event.leg.id, None) is None:
            return
        outcome = causes.offer_outcome(event.cause.sip_code)
        if outcome == "declined":
            self._stop_phones(call, offer, causes.TAKEN_ELSEWHERE, now)
        if offer.phones:
            return
        log.info(
            "operator's phone refused",
            call_id=call.id,
            operator=offer.operator,
            sip_code=event.cause.sip_code,
            outcome=outcome,
        )
        self._over(call, offer, outcome, event.cause, now)
        self._context.acd.offer_declined(call.id, offer.operator, now, outcome)

    # --- what the ACD says

    def cancel(self, effect: CancelOffer, now: float) -> None:
        """Ring time over (RONA), or the operator's phone or the operator gone; the caller waits on."""
        call = self._context.calls.get(effect.call_id)
        offer = call.offer if call else None
        if call is None or offer is None or offer.number != effect.number:
            return
        if effect.outcome == "rona":
            log.warning("operator did not pick up: on break", call_id=call.id, operator=offer.operator)
        self._over(call, offer, effect.outcome, causes.STOP_RINGING[effect.outcome], now)

    def withdraw(self, call: Call, cause: Cause, now: float) -> None:
        """The call ends while phones ring for it."""
        if (offer := call.offer) is not None:
            self._over(call, offer, "withdrawn", Cause(487, cause.q850, cause.text), now)

    def _over(self, call: Call, offer: Offer, outcome: OfferOutcome, cause: Cause, now: float) -> None:
        """The offer ended without an answer: `cause` is how its INVITE ended."""
        call.offer = None
        if call.state == "ringing":
            call.enter("waiting")
        self._write_ended(call, offer, outcome, cause, now)
        self._stop_phones(call, offer, cause, now)

    def _stop_phones(self, call: Call, offer: Offer, cause: Cause, now: float) -> None:
        for leg in offer.phones.values():
            self._context.drop_leg(leg, cause, now)
        offer.phones.clear()
        for media in offer.media.values():
            self._sound.close(call, media)
        offer.media.clear()

    def _write_ended(self, call: Call, offer: Offer, outcome: OfferOutcome, cause: Cause, now: float) -> None:
        at = self._context.clock.wall(now)
        self._context.write(
            OfferEnded(
                at=at,
                call_id=call.id,
                offer=offer.number,
                operator=offer.operator,
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
                    operator=offer.operator,
                    offer=offer.number,
                    sip_code=cause.sip_code,
                    q850_cause=cause.q850,
                )
            )


def _shown_caller(call: Call, host: str) -> NameAddr:
    """The caller as the operator's phone shows it."""
    number = call.facts.caller
    return NameAddr(Uri("sip", host, number), call.facts.caller_name) if number else ANONYMOUS
