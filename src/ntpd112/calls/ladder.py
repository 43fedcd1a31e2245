"""What a call tries when nobody answers: the destinations of its queue's ladder, one after the other, for
ever. The call keeps its place in the queue meanwhile, and the first to answer wins.

When a step is due is the ACD's to say (`Climb`). One destination rings at a time: later steps wait for their
turn. One that cannot be reached, or by a trunk in maintenance only, gives its turn to the next at once. After
the last step those with a destination begin again, so a ladder never ends in a hang-up; queues whose ladders
lead into each other are gone round once in each such round.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import inf

from ntpd112.config import LadderStep
from ntpd112.queue import Climb
from ntpd112.queue.errors import StateConflict
from ntpd112.sip.events import Cause

from .announcing import Announcing
from .call import Attempt, Call, Party
from .context import Context, log
from .dialing import Dialing
from .queueing import Queueing
from .talking import Talking
from .whom import Unreachable, Whom, climbs_to

ROUND_PAUSE_S = 5.0
"Seconds between the last destination of a ladder and the first one again: one cadence of ring-back, and no\
 storm of INVITEs at a centre that refuses each at once."


class Ladder:
    def __init__(
        self,
        context: Context,
        dialing: Dialing,
        talking: Talking,
        announcing: Announcing,
        queueing: Queueing,
    ) -> None:
        self._context = context
        self._dialing = dialing
        self._talking = talking
        self._announcing = announcing
        self._queueing = queueing

    def climb(self, effect: Climb, now: float) -> None:
        """A step's destination is due. One of a queue that an earlier step led out of is so no more."""
        call = self._context.calls.get(effect.call_id)
        if call is None or not self._waits(call) or call.queue.name != effect.queue:
            return
        log.warning(
            "the call climbs its ladder",
            call_id=call.id,
            step=effect.step,
            to=self._step(call, effect.step).to,
            reason=effect.reason or "its time has come",
        )
        call.wait.climbed = max(call.wait.climbed, effect.step)
        call.wait.steps.append(effect.step)
        self._announcing.say(call, [self._step(call, effect.step).announce], now)
        self._next(call, now)

    def _next(self, call: Call, now: float) -> None:
        """Ring the next destination, unless one rings. After the last: the next round, later."""
        wait = call.wait
        while wait.attempt is None and wait.steps and self._waits(call):
            self._try(call, wait.steps.pop(0), now)
        if wait.attempt is None and self._waits(call) and wait.climbed >= max(self._to(call), default=inf):
            at = now + ROUND_PAUSE_S
            wait.start("ladder", self._context.later(call, at, partial(self._again, call)))

    def _again(self, call: Call, now: float) -> None:
        """The next round, in which the call may come back into queues that it has waited in."""
        if call.wait.attempt is None and not call.wait.steps and self._waits(call):
            call.wait.queues = {call.queue.name}
            call.wait.steps = self._to(call)
            self._next(call, now)

    def _try(self, call: Call, number: int, now: float) -> None:
        step = self._step(call, number)
        try:
            whom = climbs_to(self._context, step.to)
            if not isinstance(whom, Whom):
                reason = f"ladder of {call.queue.name}, step {number}"
                self._queueing.move(call, whom, reason, now)
            elif whom.last_resort and self._another_way(call, number):
                self._pass_over(call, number, "its trunk is in maintenance")
            else:
                self._dial(call, whom, step, number, now)
        except (Unreachable, StateConflict) as problem:
            self._pass_over(call, number, str(problem))

    def _pass_over(self, call: Call, number: int, reason: str) -> None:
        """The next destination need not wait for its time: nobody is rung meanwhile. A queue is nothing to
        hurry to: in its own the call is further on."""
        log.error("LADDER: a destination is passed over", call_id=call.id, step=number, reason=reason)
        wait = call.wait
        following = next((one for one in self._to(call) if one > wait.climbed), None)
        if not wait.steps and following is not None and self._rung(call, following) is not None:
            wait.climbed = following
            wait.steps.append(following)

    def _another_way(self, call: Call, number: int) -> bool:
        """Whether a step rings somebody whom no trunk in maintenance has to reach."""
        others = (self._rung(call, other) for other in self._to(call) if other != number)
        return any(whom is not None and not whom.last_resort for whom in others)

    def _rung(self, call: Call, number: int) -> Whom | None:
        """Whom the step rings; None: it leads to a queue, or to nobody who can be reached."""
        try:
            whom = climbs_to(self._context, self._step(call, number).to)
        except Unreachable:
            return None
        return whom if isinstance(whom, Whom) else None

    def _dial(self, call: Call, whom: Whom, step: LadderStep, number: int, now: float) -> None:
        if whom.last_resort:
            log.warning("its trunk is in maintenance, but is the only way", call_id=call.id, step=number)
        if step.ring is not None:
            whom = replace(whom, ring_s=step.ring)
        attempt = self._dialing.dial(
            call, whom, "ladder", answered=self._answered, ended=self._ended, now=now, step=number
        )
        if attempt.timer is not None:
            call.wait.attempt = attempt

    def _answered(self, call: Call, party: Party, now: float) -> None:
        if self._context.acd.call(call.id) is not None:
            self._context.acd.withdraw(call.id, now)
        self._talking.begin(call, party, now)

    def _ended(self, call: Call, attempt: Attempt, cause: Cause, now: float) -> None:
        """Nobody there answered. While `dial` is still at work it goes on by itself."""
        log.warning(
            "a destination did not answer",
            call_id=call.id,
            whom=attempt.whom.name,
            step=attempt.step,
            sip_code=cause.sip_code,
        )
        if call.wait.attempt is attempt:
            call.wait.attempt = None
            self._next(call, now)

    def _waits(self, call: Call) -> bool:
        """Not answered yet, in whatever queue."""
        return self._context.acd.call(call.id) is not None

    def _step(self, call: Call, number: int) -> LadderStep:
        return call.queue.ladder[number - 1]

    def _to(self, call: Call) -> list[int]:
        """Steps that lead out of the queue."""
        return [number for number, step in enumerate(call.queue.ladder, 1) if step.to]
