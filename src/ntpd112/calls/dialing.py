"""Rings somebody other than the queue's operators for a call: ladder, transfer, conference, call-back,
supervision. One way for all of them; what they do with the answer is theirs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from ntpd112.journal.events import PartyFailed, PartyMode, PartyRings, Purpose
from ntpd112.sip.events import Cause
from ntpd112.sip.leg import Leg

from . import causes
from .call import STAFF, Attempt, Call, Party, Ring
from .context import Context, log
from .parties import take_in
from .ringing import Ringing
from .sound import Sound
from .whom import Whom

Answered = Callable[[Call, Party, float], None]
Exhausted = Callable[[Call, Attempt, Cause, float], None]
Outcome = Literal["no_answer", "declined", "failed", "withdrawn"]


class Dialing:
    def __init__(self, context: Context, sound: Sound, ringing: Ringing) -> None:
        self._context = context
        self._sound = sound
        self._ringing = ringing

    def dial(
        self,
        call: Call,
        whom: Whom,
        purpose: Purpose,
        *,
        answered: Answered,
        ended: Exhausted,
        now: float,
        mode: PartyMode = "talk",
        by: str = "",
        step: int = 0,
        engaged: bool = False,
    ) -> Attempt:
        """Ring `whom`, one round after the other. An operator is busy from now on for the ACD: raises
        StateConflict if they are so with something else. `engaged`: they are with this call already."""
        if whom.kind in STAFF and not engaged:
            self._context.acd.engage(whom.name, call.id, now, purpose)
        attempt = Attempt(whom, purpose, mode, answered, ended, by, step, list(whom.rounds))
        self._next_round(call, attempt, causes.NO_PHONE, now)
        return attempt

    def _next_round(self, call: Call, attempt: Attempt, last: Cause, now: float) -> None:
        whom = attempt.whom
        while attempt.rounds:
            targets = attempt.rounds.pop(0)
            ring = Ring(call.next_dialled(), whom.kind, whom.name, attempt)
            self._context.write(
                PartyRings(
                    at=self._context.clock.wall(now),
                    call_id=call.id,
                    leg=ring.number,
                    kind=whom.kind,
                    name=whom.name,
                    purpose=attempt.purpose,
                    target=str(targets[0].uri),
                    step=attempt.step,
                    by=attempt.by,
                )
            )
            if self._ringing.start(call, ring, targets, now):
                attempt.timer = self._context.later(
                    call, now + whom.ring_s, partial(self._no_answer, call, ring)
                )
                log.info("dialling", call_id=call.id, whom=whom.name, purpose=attempt.purpose, by=attempt.by)
                return
            last = causes.NO_PHONE
            self._write_failed(call, ring, "failed", last, now)
        self._release(call, whom, now)
        attempt.ended(call, attempt, last, now)

    def answered(self, call: Call, ring: Ring, leg: Leg, now: float) -> None:
        """The first to answer is in the call."""
        attempt = ring.attempt
        assert attempt is not None, "an offer of the ACD is not dialled"
        if call.leg.state == "ended":
            return  # the caller left in the same turn; their `Ended` follows and stops every phone
        self._stop_timer(attempt)
        media = self._ringing.win(call, ring, leg, causes.TAKEN_ELSEWHERE, now)
        party = Party(ring.number, ring.kind, ring.name, leg, media, attempt.mode, attempt.purpose)
        take_in(self._context, self._sound, call, party, now)
        attempt.answered(call, party, now)

    def failed(self, call: Call, ring: Ring, leg: Leg, cause: Cause, now: float) -> None:
        """One phone refused or failed; when it was the last of its round, the next round begins."""
        del ring.phones[leg.id]
        outcome = causes.offer_outcome(cause.sip_code)
        if ring.phones and outcome != "declined":
            return
        self._over(call, ring, outcome, cause, now)

    def _no_answer(self, call: Call, ring: Ring, now: float) -> None:
        if call.rings.get(ring.number) is ring:
            self._over(call, ring, "no_answer", causes.NO_PICK_UP, now)

    def _over(self, call: Call, ring: Ring, outcome: Outcome, cause: Cause, now: float) -> None:
        attempt = ring.attempt
        assert attempt is not None, "an offer of the ACD is not dialled"
        self._stop_timer(attempt)
        self._write_failed(call, ring, outcome, cause, now)
        self._ringing.stop(call, ring, cause, now)
        self._next_round(call, attempt, cause, now)

    def withdraw(self, call: Call, ring: Ring, cause: Cause, now: float) -> None:
        """Nobody needs it any more. `ended` is not called."""
        attempt = ring.attempt
        assert attempt is not None, "an offer of the ACD is not dialled"
        self._stop_timer(attempt)
        self._write_failed(call, ring, "withdrawn", Cause(487, cause.q850, cause.text), now)
        self._ringing.stop(call, ring, cause, now)
        self._release(call, attempt.whom, now)

    def withdraw_all(self, call: Call, cause: Cause, now: float, purpose: Purpose | None = None) -> None:
        """Every ring of this purpose; None: of any."""
        for ring in list(call.rings.values()):
            if ring.attempt is not None and purpose in (None, ring.attempt.purpose):
                self.withdraw(call, ring, cause, now)

    def _stop_timer(self, attempt: Attempt) -> None:
        if attempt.timer is not None:
            attempt.timer.cancel()
            attempt.timer = None

    def _release(self, call: Call, whom: Whom, now: float) -> None:
        if whom.kind in STAFF and whom.name in self._context.acd.operators_in(call.id):
            self._context.acd.disengage(whom.name, now, wrap_up=False)

    def _write_failed(self, call: Call, ring: Ring, outcome: Outcome, cause: Cause, now: float) -> None:
        self._context.write(
            PartyFailed(
                at=self._context.clock.wall(now),
                call_id=call.id,
                leg=ring.number,
                kind=ring.kind,
                name=ring.name,
                outcome=outcome,
                sip_code=cause.sip_code,
            )
        )
