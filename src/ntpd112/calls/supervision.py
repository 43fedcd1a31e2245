"""Supervisors in a running call: they listen, whisper to the operator, or barge in (`talk`).

The caller never hears a whisper and never hears that somebody listens; who hears whom is in `hearing.py`. A
supervisor stays when another operator takes over by transfer, and leaves by hanging up.
"""

from __future__ import annotations

from dataclasses import replace

from ntpd112.journal.events import PartyMode
from ntpd112.media import MediaLeg
from ntpd112.queue.errors import StateConflict
from ntpd112.sip.events import Cause
from ntpd112.sip.leg import Leg

from .bridge import Bridge
from .call import Attempt, Call, Party
from .conference import expect_room
from .context import Context, log
from .dialing import Dialing
from .parties import Parties, take_in
from .sound import Sound
from .transfer import expect_connected
from .views import SupervisorMode, UnknownOperator, UnknownParty
from .whom import Whom, find

ROLE = "supervisor"
"The skill that makes an operator a supervisor."


class Supervision:
    def __init__(
        self, context: Context, sound: Sound, bridge: Bridge, dialing: Dialing, parties: Parties
    ) -> None:
        self._context = context
        self._sound = sound
        self._bridge = bridge
        self._dialing = dialing
        self._parties = parties

    def ring(self, call: Call, name: str, mode: SupervisorMode, by: str, now: float) -> None:
        """Ring the supervisor's phone. Raises UnknownOperator, Unreachable, StateConflict."""
        self.expect_possible(call, name)
        whom = find(self._context, f"operator:{name}")
        assert isinstance(whom, Whom)
        whom = replace(whom, kind="supervisor")
        self._dialing.dial(
            call,
            whom,
            "supervision",
            answered=self._answered,
            ended=self._unanswered,
            now=now,
            mode=mode,
            by=by,
        )

    def join(self, call: Call, leg: Leg, media: MediaLeg, name: str, mode: PartyMode, now: float) -> Party:
        """A supervisor who dialled in, on a leg we have answered, with media on the call's worker. They are
        engaged in the ACD for this call already. Raises as `ring`."""
        self.expect_possible(call, name)
        party = Party(call.next_dialled(), "supervisor", name, leg, media, mode, "supervision")
        take_in(self._context, self._sound, call, party, now)
        self._bridge.rewire(call)
        return party

    def change(self, call: Call, name: str, mode: SupervisorMode, by: str, now: float) -> None:
        """Raises UnknownParty, and StateConflict if nobody would talk to the caller any more."""
        party = next(
            (party for party in call.parties if party.kind == "supervisor" and party.name == name), None
        )
        if party is None:
            raise UnknownParty(f'supervisor "{name}" is not in call {call.id}')
        if mode != "talk" and not any(one.mode == "talk" for one in call.parties if one is not party):
            raise StateConflict(f'nobody but supervisor "{name}" talks to the caller of call {call.id}')
        self._parties.change(call, party, mode, by, now)

    def expect_possible(self, call: Call, name: str) -> None:
        """Raises UnknownOperator, and StateConflict for who is no supervisor or is in the call already."""
        expect_connected(call)
        expect_room(call)
        operator = self._context.acd.operator(name)
        if operator is None:
            raise UnknownOperator(f'no operator has the id "{name}"')
        if ROLE not in operator.spec.skills:
            raise StateConflict(f'operator "{name}" has no skill "{ROLE}"')
        names = {party.name for party in call.parties} | {ring.name for ring in call.rings.values()}
        if name in names:
            raise StateConflict(f'operator "{name}" is in call {call.id} already')

    def _answered(self, call: Call, party: Party, now: float) -> None:
        self._bridge.rewire(call)

    def _unanswered(self, call: Call, attempt: Attempt, cause: Cause, now: float) -> None:
        log.info("supervisor did not answer", call_id=call.id, operator=attempt.whom.name)
