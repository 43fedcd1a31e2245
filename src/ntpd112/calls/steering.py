"""What a console may do with a call that waits: implements `console.WaitingCommands`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from ntpd112.journal.events import CallHurried, CallNeeds, CallPriority, CallPulled
from ntpd112.queue import Acd
from ntpd112.queue import Call as Place
from ntpd112.queue.errors import StateConflict

from .call import Call
from .context import Context
from .views import CallView, UnknownCall

BY_HAND = "supervisor"
"The reason of every change that a person wanted."


class Steering:
    """`view` makes a call's view; `on_input` asks for a turn: the journal is written before SIP leaves."""

    def __init__(
        self,
        context: Context,
        view: Callable[[Call, float], CallView],
        on_input: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._view = view
        self._on_input = on_input
        self._now = now

    @property
    def _acd(self) -> Acd:
        return self._context.acd

    def lift(self, call_id: str, by: str) -> CallView:
        call, now = self._waiting(call_id), self._now()
        self._acd.lift(call.id, now, BY_HAND, by)
        return self._done(call, now)

    def set_priority(self, call_id: str, priority: int, by: str) -> CallView:
        call, now = self._waiting(call_id), self._now()
        at = self._context.clock.wall(now)
        self._context.write(CallPriority(at=at, call_id=call.id, priority=priority, reason=BY_HAND, by=by))
        self._acd.set_priority(call.id, priority, now)
        if call.needs is not None:
            call.needs = replace(call.needs, priority=priority, priority_by_hand=True)
        return self._done(call, now)

    def set_requirements(
        self, call_id: str, skills: Mapping[str, int], prefer: Mapping[str, int], by: str
    ) -> CallView:
        call, now = self._waiting(call_id), self._now()
        at, must, better = self._context.clock.wall(now), dict(skills), dict(prefer)
        self._context.write(
            CallNeeds(at=at, call_id=call.id, skills=must, prefer=better, reason=BY_HAND, by=by)
        )
        self._acd.set_requirement(call.id, must, better, now)
        if call.needs is not None:
            call.needs = replace(call.needs, skills=must, prefer=better)
        return self._done(call, now)

    def pull(self, call_id: str, operator: str, by: str) -> CallView:
        call, now = self._waiting(call_id), self._now()
        self._acd.pull(call.id, operator, now)
        # Written after the ACD has agreed, and before its offer, which the coming turn carries out.
        at = self._context.clock.wall(now)
        self._context.write(CallPulled(at=at, call_id=call.id, operator=operator, by=by))
        return self._done(call, now)

    def climb(self, call_id: str, by: str) -> CallView:
        call, now = self._waiting(call_id), self._now()
        if self._place(call).step >= len(call.queue.ladder):
            raise StateConflict(f'call {call.id} has taken every step of the ladder of "{call.queue.name}"')
        at = self._context.clock.wall(now)
        self._context.write(CallHurried(at=at, call_id=call.id, by=by))
        self._acd.hurry(call.id, now, BY_HAND)
        return self._done(call, now)

    def _waiting(self, call_id: str) -> Call:
        """Raises UnknownCall, and StateConflict for a call that nobody has to wait for."""
        call = self._context.calls.get(call_id)
        if call is None:
            raise UnknownCall(f"no live call has the id {call_id}")
        self._place(call)
        return call

    def _place(self, call: Call) -> Place:
        place = self._acd.call(call.id)
        if place is None:
            raise StateConflict(
                f"call {call.id} is {call.state}: only one that waits or rings can be steered"
            )
        return place

    def _done(self, call: Call, now: float) -> CallView:
        self._on_input()
        return self._view(call, now)
