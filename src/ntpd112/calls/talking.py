"""Caller and operator are joined."""

from __future__ import annotations

from ntpd112.journal.events import CallConnected

from .call import Call, Talk
from .context import Context, log
from .sound import Sound


class Talking:
    def __init__(self, context: Context, sound: Sound) -> None:
        self._context = context
        self._sound = sound

    def begin(self, call: Call, talk: Talk, now: float) -> None:
        """An operator picked up. A caller who was only ringing is answered now."""
        call.talk = talk
        call.enter("talking")
        self._context.own_sound(talk.media.id, call, "operator")
        if talk.leg.remote is not None:
            self._sound.point(talk.media, talk.leg.remote)
        call.media.stop_playing()
        if not call.accepted:
            call.leg.answer(now, self._sound.local_of(call.leg, call.media))
            call.accepted = call.leg.state != "ended"
        self.connect(call, now)

    def connect(self, call: Call, now: float) -> None:
        """Let both hear each other, once, as soon as both have said where. A caller who left the offer to us
        says so only in its ACK."""
        talk = call.talk
        if talk is None or call.connected_at is not None or call.leg.remote is None:
            return
        context = self._context
        self._sound.connect(call, talk, now)
        call.connected_at = now
        context.write(
            CallConnected(
                at=context.clock.wall(now), call_id=call.id, offer=talk.offer, operator=talk.operator
            )
        )
        self._sound.hold(call, "caller", call.leg.remote, now)
        if talk.leg.remote is not None:
            self._sound.hold(call, "operator", talk.leg.remote, now)
        waited = now - call.queued_at
        log.info("connected", call_id=call.id, operator=talk.operator, waited_s=round(waited, 1))
