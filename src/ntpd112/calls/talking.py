"""Caller and operator are joined, and stay so through holds and changes of their phones' media."""

from __future__ import annotations

from ntpd112.journal.events import CallConnected
from ntpd112.sip.leg import Leg
from ntpd112.sip.sdp import RemoteMedia

from . import causes
from .announcing import Announcing
from .bridge import CALLER, Bridge
from .call import Call, Party
from .context import Context, log
from .dialing import Dialing
from .sound import Sound


class Talking:
    def __init__(
        self, context: Context, sound: Sound, bridge: Bridge, dialing: Dialing, announcing: Announcing
    ) -> None:
        self._context = context
        self._sound = sound
        self._bridge = bridge
        self._dialing = dialing
        self._announcing = announcing

    def begin(self, call: Call, party: Party, now: float) -> None:
        """An operator, or a destination of the ladder, picked up and is in `call.parties`. A caller who was
        only ringing is answered now; what else was tried or asked while waiting is over."""
        call.enter("talking")
        call.note, call.held_over = "", False
        call.wait.over()
        self._dialing.withdraw_all(call, causes.TAKEN_ELSEWHERE, now, "ladder")
        if call.wait.asked_at is not None:
            call.media.watch_voice(False)
        self._context.own_sound(party.media, call, party.kind)
        if party.leg.remote is not None:
            self._sound.point(party.media, party.leg.remote)
        call.media.stop_playing()
        if not call.accepted:
            call.leg.answer(now, self._sound.local_of(call.leg, call.media))
            call.accepted = call.leg.state != "ended"
        self.connect(call, now)

    def connect(self, call: Call, now: float) -> None:
        """Let both hear each other, once, as soon as both have said where. A caller who left the offer to us
        says so only in its ACK."""
        if not call.parties or call.connected_at is not None or call.leg.remote is None:
            return
        first = call.parties[0]
        call.connected_at, call.reached = now, True
        self._bridge.rewire(call)
        self._sound.record(call, now)
        if first.kind == "operator" or call.facts.direction == "internal":
            self.served(call, first, now)
        self._bridge.hold(call, CALLER, "caller", call.leg.remote, now)
        if first.leg.remote is not None:
            self._bridge.hold(call, first.number, first.kind, first.leg.remote, now)
        waited = now - call.queued_at
        log.info("connected", call_id=call.id, waited_s=round(waited, 1), **{first.kind: first.name})

    def served(self, call: Call, party: Party, now: float) -> None:
        """An operator and the caller hear each other. A call among operators is that of who made it."""
        call.served = True
        operator = call.facts.operator if call.facts.direction == "internal" else party.name
        at = self._context.clock.wall(now)
        self._context.write(CallConnected(at=at, call_id=call.id, offer=party.number, operator=operator))

    def media_changed(self, call: Call, leg: Leg, remote: RemoteMedia, now: float) -> None:
        """A leg's offer/answer completed: send there; the first time, start what the caller hears."""
        if leg is call.leg:
            if not leg.audible:
                return
            self._sound.point(call.media, remote)
            begins = call.accepted or call.wait.opened
            if begins and not call.announced and not call.parties:
                self._announcing.begin(call, now)
            if call.connected_at is not None:
                self._bridge.hold(call, CALLER, "caller", remote, now)
            elif call.accepted:
                self.connect(call, now)
            elif not leg.inbound:
                self._bridge.rewire(call)  # early media of somebody who is called
        elif (party := call.party_of(leg)) is not None:
            self._sound.point(party.media, remote)
            if call.connected_at is not None:
                self._bridge.hold(call, party.number, party.kind, remote, now)
