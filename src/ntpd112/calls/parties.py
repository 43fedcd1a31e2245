"""Who is in a call beside the caller: joining, changing, leaving."""

from __future__ import annotations

from ntpd112.journal.events import LegEnded, PartyChanged, PartyLeft, PartyMode
from ntpd112.sip.events import Cause

from .bridge import Bridge
from .call import Call, Party
from .context import Context, log
from .sound import Sound


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

    def leave(self, call: Call, party: Party, cause: Cause, now: float, *, reason: str = "") -> None:
        """Take the party out of the call, which goes on with the others."""
        call.parties.remove(party)
        call.holders.pop(party.number, None)
        at = self._context.clock.wall(now)
        self._context.write(
            PartyLeft(
                at=at, call_id=call.id, leg=party.number, kind=party.kind, name=party.name, reason=reason
            )
        )
        self.write_leg_end(call, party, cause, now)
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
        if party.name in self._context.acd.operators_in(call.id):
            wrap_up = party.kind == "operator" and call.facts.direction != "internal"
            self._context.acd.disengage(party.name, now, wrap_up=wrap_up)
