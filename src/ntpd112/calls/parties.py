"""Who is in a call beside the caller: joining, changing, leaving."""

from __future__ import annotations

from typing import Literal

from ntpd112.journal.events import CallResumed, LegEnded, PartyChanged, PartyJoined, PartyLeft, PartyMode
from ntpd112.sip.events import Cause

from .bridge import CALLER, Bridge
from .call import STAFF, Call, Party
from .context import Context, log
from .sound import Sound


def take_in(context: Context, sound: Sound, call: Call, party: Party, now: float) -> None:
    """The party is in the call from now on. Whom it hears is for `Bridge.rewire`, afterwards."""
    call.parties.append(party)
    context.own_leg(party.leg, call, party.kind)
    context.own_sound(party.media, call, party.kind)
    call.sounds[party.media.id] = party.media
    if party.leg.remote is not None:
        sound.point(party.media, party.leg.remote)
    context.write(
        PartyJoined(
            at=context.clock.wall(now),
            call_id=call.id,
            leg=party.number,
            kind=party.kind,
            name=party.name,
            mode=party.mode,
            purpose=party.purpose or "transfer",
        )
    )
    log.info("joined the call", call_id=call.id, who=party.name, kind=party.kind, purpose=party.purpose)


class Parties:
    def __init__(self, context: Context, sound: Sound, bridge: Bridge) -> None:
        self._context = context
        self._sound = sound
        self._bridge = bridge

    def change(self, call: Call, party: Party, mode: PartyMode, by: str, now: float) -> None:
        """Another mode: held, taken back, whispering, barging in."""
        if party.mode == mode:
            return
        party.mode = mode
        at = self._context.clock.wall(now)
        self._context.write(
            PartyChanged(at=at, call_id=call.id, leg=party.number, name=party.name, mode=mode, by=by)
        )
        self._bridge.rewire(call)

    def hold_caller(self, call: Call, held: bool, by: str, now: float) -> None:
        """Put the caller on hold on our side, or take them back: the others talk without them."""
        mode: Literal["talk", "hold"] = "hold" if held else "talk"
        if call.caller_mode == mode:
            return
        call.caller_mode = mode
        talks = any(party.kind == "operator" and party.mode == "talk" for party in call.parties)
        call.served = call.served or (talks and not held)
        at = self._context.clock.wall(now)
        self._context.write(PartyChanged(at=at, call_id=call.id, leg=CALLER, name="caller", mode=mode, by=by))
        self._bridge.rewire(call)

    def leave(
        self,
        call: Call,
        party: Party,
        cause: Cause,
        now: float,
        *,
        reason: str = "",
        lingers: bool = False,
    ) -> None:
        """Take the party out of the call, which goes on with the others. `lingers`: its phone is left to hang
        up by itself."""
        call.parties.remove(party)
        at = self._context.clock.wall(now)
        if call.holders.pop(party.number, None) is not None:
            self._context.write(CallResumed(at=at, call_id=call.id, by=party.kind, leg=party.number))
        if party.probe is not None:
            party.probe.cancel()
        self._context.write(
            PartyLeft(
                at=at, call_id=call.id, leg=party.number, kind=party.kind, name=party.name, reason=reason
            )
        )
        self.write_leg_end(call, party, cause, now)
        if lingers:
            self._context.let_go(party.leg, cause, now)
        else:
            self._context.drop_leg(party.leg, cause, now)
        self._bridge.rewire(call)
        self._sound.close(call, party.media)
        self.release(call, party, now)
        log.info("left the call", call_id=call.id, who=party.name, kind=party.kind, reason=reason)

    def write_leg_end(self, call: Call, party: Party, cause: Cause, now: float) -> None:
        self._context.write(
            LegEnded(
                at=self._context.clock.wall(now),
                call_id=call.id,
                party=party.kind,
                operator=party.name,
                offer=party.number,
                sip_code=200,
                q850_cause=cause.q850,
            )
        )

    def release(self, call: Call, party: Party, now: float) -> None:
        """The operator or supervisor is free again, if the ACD has them in this call. No harm for others."""
        if party.kind in STAFF and party.name in self._context.acd.operators_in(call.id):
            wrap_up = party.kind == "operator" and call.facts.direction != "internal"
            self._context.acd.disengage(party.name, now, wrap_up=wrap_up)
