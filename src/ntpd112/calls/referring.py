"""What a phone asks by REFER (RFC 3515): to transfer its caller, blind or after talking to the target.

An attended transfer names the target's call by Replaces (RFC 3891): the operator's second line, an internal
call of its own, whose other end moves into the first call. The phone is told how it went by NOTIFY.
"""

from __future__ import annotations

from ntpd112.journal.events import PartyLeft, TransferEnded, TransferStarted
from ntpd112.queue.errors import StateConflict
from ntpd112.sip.events import Referred
from ntpd112.sip.replaces import Replaces

from . import causes
from .bridge import Bridge
from .call import Call, Party, Transfer
from .context import Context, log
from .ending import Ending
from .parties import Parties, take_in
from .sound import Sound
from .transfer import Transfers, title
from .whom import Unreachable

NO_SUCH_TARGET = 404
NOT_NOW = 480


class Referring:
    def __init__(
        self,
        context: Context,
        sound: Sound,
        bridge: Bridge,
        parties: Parties,
        transfers: Transfers,
        ending: Ending,
    ) -> None:
        self._context = context
        self._sound = sound
        self._bridge = bridge
        self._parties = parties
        self._transfers = transfers
        self._ending = ending

    def referred(self, call: Call, event: Referred, now: float) -> None:
        """What cannot be done leaves everything as it is; the phone learns why by the code of its NOTIFY."""
        try:
            if event.replaces is not None:
                self._attended(call, event, event.replaces, now)
                return
            party = call.party_of(event.leg)
            if party is None:
                raise StateConflict("only somebody who talks to a caller can transfer")
            dialled = event.target.uri.user or event.target.uri.host
            self._transfers.begin(call, party, dialled, now, by=party.name, refer=event.leg)
        except Unreachable as problem:
            self._refuse(call, event, NO_SUCH_TARGET, problem, now)
        except StateConflict as problem:
            self._refuse(call, event, NOT_NOW, problem, now)

    def _refuse(self, call: Call, event: Referred, code: int, problem: Exception, now: float) -> None:
        log.warning("transfer refused", call_id=call.id, to=str(event.target), reason=str(problem))
        event.leg.refer_progress(now, code)

    def _attended(self, call: Call, event: Referred, replaces: Replaces, now: float) -> None:
        leg = self._context.ua.leg_of(replaces)
        found = self._context.legs.get(leg.id) if leg is not None else None
        if leg is None or found is None:
            raise Unreachable("the call that Replaces names is not here")
        lines = {event.leg.id: call, leg.id: found[0]}
        call, party, second = _sort(lines)
        self._transfers.expect_free(call)
        talking = [other for other in second.parties if other.mode == "talk"]
        if not talking:
            self._before_answer(call, party, second, event, now)
            return
        if any(other.media.worker != call.media.worker for other in talking):
            raise StateConflict("both calls have their sound in different media workers")
        to = talking[0].name
        at = self._context.clock.wall(now)
        self._context.write(TransferStarted(at=at, call_id=call.id, to=to, attended=True, by=party.name))
        for other in talking:
            self._move(other, second, call, now)
        self._context.write(TransferEnded(at=at, call_id=call.id, outcome="completed", to=to))
        event.leg.refer_progress(now, 200)
        self._parties.leave(call, party, causes.TRANSFERRED, now, reason="transferred", lingers=True)
        self._context.let_go(second.leg, causes.TRANSFERRED, now)
        self._ending.call_over(second, "answered", "operator", causes.TRANSFERRED, now)

    def _before_answer(self, call: Call, party: Party, second: Call, event: Referred, now: float) -> None:
        """The target still rings: ring it for the caller instead. A colleague stays busy meanwhile, or the
        next waiting call would have them."""
        attempt = next((ring.attempt for ring in second.rings.values() if ring.attempt), None)
        if attempt is None:
            raise StateConflict(f"nobody is there in call {second.id}")
        whom = attempt.whom
        colleague = whom.kind == "operator"
        if colleague:
            self._context.acd.move(whom.name, call.id)
        self._ending.call_over(second, "abandoned", "operator", causes.TRANSFERRED, now)
        transfer = Transfer(party, title(whom), False, event.leg)
        self._transfers.to_person(call, transfer, whom, party.name, now, engaged=colleague)

    def _move(self, party: Party, second: Call, call: Call, now: float) -> None:
        """From the second line into the call, with leg and media; its operator stays busy in the ACD."""
        second.parties.remove(party)
        at = self._context.clock.wall(now)
        self._context.write(
            PartyLeft(
                at=at,
                call_id=second.id,
                leg=party.number,
                kind=party.kind,
                name=party.name,
                reason=f"transferred into {call.id}",
            )
        )
        self._parties.write_leg_end(second, party, causes.TRANSFERRED, now)
        self._context.forget_leg(party.leg)
        second.sounds.pop(party.media.id, None)
        moved = Party(call.next_dialled(), party.kind, party.name, party.leg, party.media, "talk", "transfer")
        take_in(self._context, self._sound, call, moved, now)
        call.served = call.served or party.kind == "operator"
        if party.kind == "operator":
            self._context.acd.move(party.name, call.id)


def _sort(lines: dict[int, Call]) -> tuple[Call, Party, Call]:
    """Of the two lines of one phone, by the id of their legs: the caller's call, who transfers in it, and the
    call to the target. Phones send their REFER on either. Raises StateConflict if they are no such two."""
    first = {leg: call for leg, call in lines.items() if call.facts.direction != "internal"}
    second = {leg: call for leg, call in lines.items() if call.facts.direction == "internal"}
    if len(first) == len(second) == 1:
        (leg, call), (other, internal) = *first.items(), *second.items()
        party = next((party for party in call.parties if party.leg.id == leg), None)
        if party is not None and internal.leg.id == other:
            return call, party, internal
    raise StateConflict("these are not a caller's call and the same operator's second line")
