"""Who hears whom in a live call, told to the media worker; holds; and what is heard in place of dead air."""

from __future__ import annotations

from ntpd112.journal.events import CallHeld, CallResumed, PartyKind
from ntpd112.media import MediaLeg
from ntpd112.sip.sdp import RemoteMedia

from .call import Call
from .context import Context
from .hearing import Member, forsaken, hearing
from .sound import HOLD, RINGBACK
from .views import CallState

CALLER = 0
"The number of the caller's leg."


class Bridge:
    def __init__(self, context: Context) -> None:
        self._context = context

    def rewire(self, call: Call) -> None:
        """Make the worker let everyone hear whom they should. Called after anything about the parties, their
        modes or holds has changed, once caller and operator are connected."""
        away = CALLER in call.holders or not call.leg.audible
        members = [Member(call.media.id, "caller", call.caller_mode, away)]
        legs = {call.media.id: call.media}
        for party in call.parties:
            legs[party.media.id] = party.media
            members.append(Member(party.media.id, party.kind, party.mode, party.number in call.holders))
        heard = hearing(members)
        self._tell(call, legs, heard)
        self._comfort(call, legs, set(forsaken(members, heard)))
        self._enter_state(call, alone=not heard[call.media.id])

    def _tell(self, call: Call, legs: dict[int, MediaLeg], heard: dict[int, tuple[int, ...]]) -> None:
        changed = {one for one, sources in heard.items() if call.wiring.get(one, ()) != sources}
        for one in sorted(changed):
            self._context.media.hear(legs[one], [legs[source] for source in heard[one]])
        if changed:
            others = [party.media for party in call.parties if party.mode == "talk"]
            self._context.media.attach(call.media, others)
        call.wiring = heard

    def _comfort(self, call: Call, legs: dict[int, MediaLeg], alone: set[int]) -> None:
        """Who would hear dead air hears an announcement; who dials somebody hears it ring."""
        for one, leg in legs.items():
            wanted = ""
            if one in alone:
                rings = not call.accepted or any(ring.attempt for ring in call.rings.values())
                wanted = RINGBACK if rings and one != call.media.id else HOLD
            if call.comfort.get(one, "") != wanted:
                call.comfort[one] = wanted
                if wanted:
                    leg.play(wanted, loop=True)
                else:
                    leg.stop_playing()

    def _enter_state(self, call: Call, alone: bool) -> None:
        """Held: the caller hears nobody, whoever put whom on hold."""
        state: CallState = "held" if alone else "talking"
        if call.state in ("talking", "held") and call.state != state:
            call.enter(state)

    def hold(self, call: Call, number: int, kind: PartyKind, remote: RemoteMedia, now: float) -> None:
        """Whether the leg with this number holds us now, as its session description says."""
        at = self._context.clock.wall(now)
        if remote.held and number not in call.holders:
            call.holders[number] = kind
            self._context.write(CallHeld(at=at, call_id=call.id, by=kind, leg=number))
        elif not remote.held and number in call.holders:
            del call.holders[number]
            self._context.write(CallResumed(at=at, call_id=call.id, by=kind, leg=number))
        else:
            return
        self.rewire(call)
