"""Transfers: somebody in the call hands the caller over to another operator, a destination or a queue.

| | blind | attended |
|---|---|---|
| the target rings | who transfers is on hold, may have left | they hear it ring, the caller is on hold |
| it answers | takes the place of who transferred | talks with them until `complete`, `cancel` or `join` |
| it does not | the caller is back with who transferred | the same |
| who transfers leaves | it goes on ringing | before its answer: the queue; after it: completed |

Whenever nobody is left for the caller, they go to the front of the queue. A caller who leaves ends all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ntpd112.config import QueueConfig
from ntpd112.journal.events import PartyKind, TransferEnded, TransferStarted
from ntpd112.queue.errors import StateConflict
from ntpd112.sip.events import Cause
from ntpd112.sip.leg import Leg

from . import causes
from .bridge import Bridge
from .call import Attempt, Call, Party, Transfer
from .context import Context, log
from .dialing import Dialing
from .parties import Parties
from .requeue import Requeue
from .whom import Whom, find

TRANSFER_PROMPT = "transfer"


class Transfers:
    def __init__(
        self, context: Context, bridge: Bridge, dialing: Dialing, parties: Parties, requeue: Requeue
    ) -> None:
        self._context = context
        self._bridge = bridge
        self._dialing = dialing
        self._parties = parties
        self._requeue = requeue

    # --- as asked by a phone or over REST

    def begin(
        self,
        call: Call,
        party: Party,
        to: str,
        now: float,
        *,
        by: str,
        attended: bool = False,
        refer: Leg | None = None,
        skills: Mapping[str, int] | None = None,
    ) -> None:
        """`skills`: what the next operator must have besides what the queue asks for. Raises Unreachable, and
        StateConflict when the call or the target is not free for it."""
        self.expect_free(call)
        found = find(self._context, to)
        if isinstance(found, Whom) and skills:
            raise StateConflict(f"skills choose among a queue's operators, and {title(found)} is no queue")
        if isinstance(found, Whom):
            self.to_person(call, Transfer(party, title(found), attended, refer), found, by, now)
        elif attended:
            raise StateConflict(f'queue "{found.name}" cannot be talked to first: transfer without attended')
        else:
            self._to_queue(call, party, found, by, refer, now, skills or {})

    def expect_free(self, call: Call) -> None:
        """Raises StateConflict."""
        expect_connected(call)
        if call.transfer is not None:
            raise StateConflict(f"call {call.id} is being transferred to {call.transfer.to} already")

    def to_person(
        self, call: Call, transfer: Transfer, whom: Whom, by: str, now: float, *, engaged: bool = False
    ) -> None:
        """Raises StateConflict when the operator `whom` is busy (`engaged`: with this call already): nothing
        has changed then."""
        self._write_started(call, transfer.to, transfer.attended, by, now)
        call.transfer, call.note = transfer, f"transferred by {by}"
        try:
            self._dialing.dial(
                call,
                whom,
                "transfer",
                answered=self._answered,
                ended=self._unanswered,
                now=now,
                by=by,
                engaged=engaged,
            )
        except StateConflict as busy:
            transfer.refer = None  # who asked is told by the exception
            self._end(call, transfer, "failed", str(busy), now)
            raise
        if call.transfer is not transfer:
            return  # no phone of theirs could be rung
        if transfer.attended:
            self._parties.hold_caller(call, True, by, now)
        else:
            self._parties.change(call, transfer.by, "hold", by, now)

    def _to_queue(
        self,
        call: Call,
        party: Party,
        queue: QueueConfig,
        by: str,
        refer: Leg | None,
        now: float,
        skills: Mapping[str, int],
    ) -> None:
        others = [other.name for other in call.parties if other is not party and other.mode == "talk"]
        if others:
            raise StateConflict(f"{', '.join(others)} would be cut off: take them out of the call first")
        to = f"queue:{queue.name}"
        self._write_started(call, to, False, by, now)
        transfer = Transfer(party, to, False, refer)
        self._end(call, transfer, "completed", "", now)
        self._leave(call, transfer, now)
        avoid = party.name if party.kind == "operator" else ""
        self._requeue.front(
            call,
            queue,
            now,
            reason=f"transferred by {by}",
            prompt=TRANSFER_PROMPT,
            by=by,
            avoid=avoid,
            skills=skills,
        )

    # --- how the target's phone takes it

    def _answered(self, call: Call, party: Party, now: float) -> None:
        transfer = call.transfer
        assert transfer is not None, "what is dialled for a transfer is withdrawn with it"
        call.note = ""
        if transfer.attended:
            transfer.target = party
            self._bridge.rewire(call)
        else:
            call.served = call.served or party.kind == "operator"
            self._finish(call, transfer, now)

    def _unanswered(self, call: Call, attempt: Attempt, cause: Cause, now: float) -> None:
        transfer = call.transfer
        assert transfer is not None, "what is dialled for a transfer is withdrawn with it"
        self._end(call, transfer, "failed", cause.text or f"SIP {cause.sip_code}", now, cause.sip_code)
        self._back(call, transfer, now)

    def _back(self, call: Call, transfer: Transfer, now: float) -> None:
        """The caller is with who transferred again; without them, with the next free operator."""
        if transfer.by in call.parties:
            self._parties.change(call, transfer.by, "talk", "", now)
            self._parties.hold_caller(call, False, "", now)
        elif not any(party.mode == "talk" for party in call.parties):
            self._requeue.front(
                call, call.queue, now, reason=f"transfer to {transfer.to} failed", prompt=TRANSFER_PROMPT
            )

    def _finish(self, call: Call, transfer: Transfer, now: float) -> None:
        """The target has taken over."""
        self._end(call, transfer, "completed", "", now)
        self._parties.hold_caller(call, False, "", now)
        if transfer.by in call.parties:
            self._leave(call, transfer, now)
        self._bridge.rewire(call)

    def _leave(self, call: Call, transfer: Transfer, now: float) -> None:
        lingers = transfer.refer is transfer.by.leg
        self._parties.leave(call, transfer.by, causes.TRANSFERRED, now, reason="transferred", lingers=lingers)

    # --- an attended one goes on

    def complete(self, call: Call, now: float) -> None:
        """Who transfers leaves. If the target still rings, it is a blind transfer from now on. Raises
        StateConflict, as do `cancel` and `join`."""
        transfer = self._attended(call)
        if transfer.target is not None:
            self._finish(call, transfer, now)
            return
        transfer.attended = False
        self._leave(call, transfer, now)
        self._parties.hold_caller(call, False, "", now)

    def cancel(self, call: Call, now: float) -> None:
        """The caller is back with who wanted to transfer, also while a blind transfer rings."""
        transfer = call.transfer
        if transfer is None:
            raise StateConflict(f"call {call.id} is not being transferred")
        self._end(call, transfer, "cancelled", "", now)
        self._dialing.withdraw_all(call, causes.NOT_NEEDED, now, "transfer")
        if transfer.target is not None:
            self._parties.leave(call, transfer.target, causes.NOT_NEEDED, now, reason="cancelled")
        self._back(call, transfer, now)

    def join(self, call: Call, now: float) -> None:
        """Caller, who wanted to transfer, and the target talk together."""
        transfer = self._attended(call)
        if transfer.target is None:
            raise StateConflict(f"{transfer.to} has not answered yet")
        self._end(call, transfer, "completed", "joined", now)
        self._parties.hold_caller(call, False, "", now)

    def _attended(self, call: Call) -> Transfer:
        if call.transfer is None or not call.transfer.attended:
            raise StateConflict(f"call {call.id} is in no attended transfer")
        return call.transfer

    # --- somebody leaves meanwhile

    def party_gone(self, call: Call, party: Party, cause: Cause, reason: str, now: float) -> None:
        """Who transfers, or the target, has hung up or vanished (`reason`)."""
        transfer = call.transfer
        assert transfer is not None
        if party is transfer.target:
            self._end(call, transfer, "failed", reason or "hung up", now)
            self._parties.leave(call, party, cause, now, reason=reason)
            self._back(call, transfer, now)
            return
        self._parties.leave(call, party, cause, now, reason=reason)
        if transfer.target is not None:
            self._finish(call, transfer, now)
        elif transfer.attended:
            self.cancel(call, now)

    # --- the record

    def _end(
        self,
        call: Call,
        transfer: Transfer,
        outcome: Literal["completed", "failed", "cancelled"],
        reason: str,
        now: float,
        code: int = 0,
    ) -> None:
        """The phone that asked by REFER learns it too."""
        call.transfer, call.note = None, ""
        if transfer.refer is not None:
            code = 200 if outcome == "completed" else code if code >= 300 else causes.NO_PHONE.sip_code
            transfer.refer.refer_progress(now, code)
        at = self._context.clock.wall(now)
        self._context.write(
            TransferEnded(at=at, call_id=call.id, outcome=outcome, to=transfer.to, reason=reason)
        )
        log.info("transfer over", call_id=call.id, to=transfer.to, outcome=outcome, reason=reason)

    def _write_started(self, call: Call, to: str, attended: bool, by: str, now: float) -> None:
        at = self._context.clock.wall(now)
        self._context.write(TransferStarted(at=at, call_id=call.id, to=to, attended=attended, by=by))


def expect_connected(call: Call) -> None:
    """Raises StateConflict unless there is a caller who has been put through to somebody."""
    if call.facts.direction == "internal":
        raise StateConflict(f"call {call.id} is one among operators, without a caller")
    if call.state not in ("talking", "held") or call.connected_at is None:
        raise StateConflict(f"call {call.id} is {call.state}: nobody talks to the caller yet")


def title(whom: Whom) -> str:
    """As `whom.find` reads it."""
    destination: tuple[PartyKind, ...] = ("agency", "centre")
    if whom.kind in ("operator", "supervisor"):
        return f"operator:{whom.name}"
    return f"destination:{whom.name}" if whom.kind in destination else whom.name
