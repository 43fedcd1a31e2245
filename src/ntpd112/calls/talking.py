"""Caller and operator are joined."""

from __future__ import annotations

from ntpd112.journal.events import CallConnected
from ntpd112.sip.leg import Leg

from .call import Call, Offer, Talk
from .context import Context, log
from .sound import Sound


class Talking:
    def __init__(self, context: Context, sound: Sound) -> None:
        self._context = context
        self._sound = sound

    def begin(self, call: Call, offer: Offer, leg: Leg, now: float) -> None:
        """An operator picked up. A caller who was only ringing is answered now; then both hear each other."""
        call.talk = talk = Talk(offer.operator, offer.number, leg, offer.media)
        call.enter("talking")
        call.connected_at = now
        if not call.accepted:
            call.accepted = True
            call.leg.answer(now, self._sound.local_of(call.leg, call.media))
        if leg.remote is not None:
            self._sound.point(talk.media, leg.remote)
        self._context.own_sound(talk.media.id, call, "operator")
        self._sound.connect(call, talk, now)
        context = self._context
        context.write(
            CallConnected(
                at=context.clock.wall(now), call_id=call.id, offer=talk.offer, operator=talk.operator
            )
        )
        waited = now - call.queued_at
        log.info("connected", call_id=call.id, operator=talk.operator, waited_s=round(waited, 1))
