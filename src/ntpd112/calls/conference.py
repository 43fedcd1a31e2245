"""More than two with the caller: an agency or a psychologist joins while the operator goes on talking."""

from __future__ import annotations

from ntpd112.journal.events import Purpose
from ntpd112.queue.errors import StateConflict
from ntpd112.sip.events import Cause

from . import causes
from .bridge import Bridge
from .call import Attempt, Call, Party
from .context import Context, log
from .dialing import Dialing
from .parties import Parties
from .requeue import Requeue
from .transfer import TRANSFER_PROMPT, expect_connected
from .views import UnknownParty
from .whom import Whom, find

MAX_PARTIES = 8
"Beside the caller, also ringing: nobody understands more voices, and each is mixed for all others."
INVITED: tuple[Purpose, ...] = ("conference", "supervision")
"Whoever is rung so can be taken back by anybody; a ladder, transfer or call-back goes its own way."


class Conference:
    def __init__(
        self, context: Context, bridge: Bridge, dialing: Dialing, parties: Parties, requeue: Requeue
    ) -> None:
        self._context = context
        self._bridge = bridge
        self._dialing = dialing
        self._parties = parties
        self._requeue = requeue

    def add(self, call: Call, to: str, by: str, now: float) -> None:
        """Ring somebody who then talks with all. Raises Unreachable, StateConflict."""
        expect_connected(call)
        expect_room(call)
        whom = find(self._context, to)
        if not isinstance(whom, Whom):
            raise StateConflict(f'queue "{whom.name}" cannot join a call: name an operator or a destination')
        before, call.note = call.note, f"conference with {by}"
        try:
            self._dialing.dial(
                call, whom, "conference", answered=self._answered, ended=self._unanswered, now=now, by=by
            )
        finally:
            call.note = before  # of a transfer that rings

    def remove(self, call: Call, number: int, by: str, now: float) -> None:
        """Take a party out, or stop ringing it. Raises UnknownParty, and StateConflict for the last one whom
        the caller can talk to."""
        ring = call.rings.get(number)
        if ring is not None and ring.attempt is not None and ring.attempt.purpose in INVITED:
            if not call.anybody(but=ring):
                raise StateConflict(f"{ring.name} is to talk with the caller, and nobody else does: wait")
            self._dialing.withdraw(call, ring, causes.NOT_NEEDED, now)
            return
        party = next((party for party in call.parties if party.number == number), None)
        if party is None:
            raise UnknownParty(f"call {call.id} has no party {number} to take out")
        transfer = call.transfer
        if transfer is not None and party in (transfer.by, transfer.target):
            raise StateConflict(f"{party.name} is in a transfer: complete or cancel it")
        if party.mode == "talk" and not any(
            other.mode == "talk" for other in call.parties if other is not party
        ):
            raise StateConflict(f"{party.name} is the last to talk with the caller: transfer the call")
        self._parties.leave(call, party, causes.TRANSFERRED, now, reason=f"taken out by {by}")

    def _answered(self, call: Call, party: Party, now: float) -> None:
        hears_caller = call.caller_mode == "talk"
        call.served = call.served or (party.kind == "operator" and hears_caller)
        self._bridge.rewire(call)

    def _unanswered(self, call: Call, attempt: Attempt, cause: Cause, now: float) -> None:
        """Usually the operator is there to hear of it. Who invited and hung up has left the caller alone, or
        with those who only listen."""
        name = attempt.whom.name
        log.warning("invited, but did not join", call_id=call.id, whom=name, sip_code=cause.sip_code)
        if not call.anybody():
            self._requeue.front(call, call.queue, now, reason=f"{name} did not join", prompt=TRANSFER_PROMPT)


def expect_room(call: Call) -> None:
    """Raises StateConflict."""
    if len(call.parties) + len(call.rings) >= MAX_PARTIES:
        raise StateConflict(f"call {call.id} has {MAX_PARTIES} parties already: take one out first")
