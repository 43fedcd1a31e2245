"""The automatic call distributor: which operator rings for which call, and what becomes of both.

Pure and event-driven. Every method takes an event, updates calls, operators and deadlines, and leaves what
is to be done in `effects()`; nothing is polled. After every method no waiting call and ready operator fit
each other: whatever makes one of them available looks for the other at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .books import Books, QueueRecord
from .deadlines import Deadlines
from .errors import IllegalEvent, StateConflict
from .matching import requirement_of
from .model import (
    CancelOffer,
    CancelOutcome,
    Effect,
    Offer,
    OperatorSpec,
    QueuePolicy,
    StateChanged,
)
from .records import CallRecord, OperatorRecord
from .states import SERVING, SETTLE, OperatorEvent, SettledState, next_state


class Acd(Books):
    """Time is the caller's: `now` is monotonic seconds, and `handle_timer` is due at `next_timer`."""

    def __init__(self) -> None:
        super().__init__()
        self._deadlines = Deadlines()
        self._effects: list[Effect] = []
        self._arrivals = 0
        self._turns = 0

    # --- configuration

    def set_queue(self, policy: QueuePolicy) -> None:
        """A new queue, or a new policy for one: it holds for calls enqueued from now on."""
        queue = self._queues.get(policy.name)
        if queue is None:
            self._queues[policy.name] = QueueRecord(policy)
        else:
            queue.policy = policy

    def set_operator(self, spec: OperatorSpec, now: float) -> None:
        """A new operator (offline, no phone), or new skills for one, who may then fit a waiting call."""
        operator = self._operators.get(spec.id)
        if operator is None:
            operator = self._operators[spec.id] = OperatorRecord(spec, since=now)
            self._matching.add_operator(operator)
            return
        if operator.spec == spec and not operator.removed:
            return
        self._matching.remove_operator(operator)
        operator.spec = spec
        operator.removed = False
        self._matching.add_operator(operator)
        if operator.state == "ready":
            self._serve_next(operator, now)

    def remove_operator(self, operator_id: str, now: float) -> None:
        """A call that rings goes to the next; one that talks goes on, the operator is forgotten after it."""
        operator = self._operator(operator_id)
        operator.removed = True
        if operator.state == "talking":
            return
        if operator.state == "ringing":
            self._stop_ringing(operator, "withdrawn", "withdraw", "removed", now)
            return
        self._settle(operator, now, "removed")

    # --- phones and states

    def phone_available(self, operator_id: str, now: float, reason: str = "registered") -> None:
        """The operator has a registered, reachable phone: makes them ready unless they were set to break or
        offline by hand or by RONA. No harm if it was known."""
        operator = self._operator(operator_id)
        if not operator.phone:
            operator.phone = True
            self._settle_if_free(operator, now, reason)

    def phone_lost(self, operator_id: str, now: float, reason: str) -> None:
        """No phone of the operator can be reached. A call that rings goes to the next; one that talks is call
        control's to judge, and the operator goes offline when it finishes. No harm if it was known."""
        operator = self._operator(operator_id)
        if not operator.phone:
            return
        operator.phone, operator.lost = False, reason
        if operator.state == "ringing":
            self._stop_ringing(operator, "failed", "fail", reason, now)
        else:
            self._settle_if_free(operator, now, reason)

    def request_state(self, operator_id: str, wanted: SettledState, now: float, reason: str) -> None:
        """Ready, break or offline by hand. While ringing or talking it takes effect afterwards (in place of
        wrap-up); `ready` ends a wrap-up. Without a phone, `break` is remembered for when there is one.
        Raises UnknownOperator, and StateConflict for `ready` without a phone."""
        operator = self._operator(operator_id)
        if wanted == "ready" and not operator.phone:
            raise StateConflict(f'operator "{operator_id}" has no registered phone: register one first')
        operator.wanted, operator.wanted_reason = wanted, reason
        self._settle_if_free(operator, now, reason, cut_wrap_up=True)

    # --- calls

    def enqueue(self, call_id: str, queue: str, priority: int, skills: Mapping[str, int], now: float) -> None:
        """A call waits for an operator who has all `skills` at these levels or above. `priority` 0 is most
        urgent. Raises UnknownQueue, IllegalEvent if the call is known."""
        home = self._queue(queue)
        if call_id in self._calls:
            raise IllegalEvent(
                f'call "{call_id}" is {self._calls[call_id].state}: "enqueue" cannot happen now'
            )
        self._arrivals += 1
        call = CallRecord(call_id, home.policy, priority, requirement_of(skills), now, self._arrivals)
        self._calls[call_id] = home.unanswered[call_id] = call
        self._seek_operator(call, now)

    def withdraw(self, call_id: str, now: float) -> None:
        """The caller is gone, or someone else took the call, before an operator answered. A phone that rings
        for it stops, and its operator is free again with their place kept. Raises IllegalEvent for an unknown
        or talking call."""
        call = self._calls.get(call_id)
        if call is None or call.state == "talking":
            state = call.state if call else "unknown"
            raise IllegalEvent(f'call "{call_id}" is {state}: "withdraw" cannot happen now')
        operator = call.operator
        self._forget(call)
        if operator is None:
            self._matching.unset_waiting(call)
            return
        self._effects.append(CancelOffer(call_id, operator.id, call.offers, "withdrawn"))
        self._free(operator, now, "withdraw", "withdrawn", call_id)

    def offer_accepted(self, call_id: str, operator_id: str, now: float) -> None:
        """The operator picked up. Raises IllegalEvent if they were not ringing for this call."""
        operator = self._operator(operator_id)
        call = operator.expect_call(call_id, "accept")
        self._enter(operator, "accept", now, "answered", call_id)
        queue = self._queues[call.queue.name]
        queue.ringing -= 1
        queue.talking += 1
        del queue.unanswered[call_id]
        call.state = "talking"

    def offer_declined(
        self,
        call_id: str,
        operator_id: str,
        now: float,
        outcome: Literal["declined", "failed"] = "declined",
    ) -> None:
        """The phone refused (`declined`) or did not work (`failed`): the call goes to the next at once, the
        operator gets no call for the queue's `decline_pause`. Raises IllegalEvent if they were not ringing
        for this call."""
        operator = self._operator(operator_id)
        event: OperatorEvent = "decline" if outcome == "declined" else "fail"
        call = operator.expect_call(call_id, event)
        self._free(operator, now, event, outcome, call_id)
        self._offer_again(call, now)

    def call_finished(self, call_id: str, operator_id: str, now: float) -> None:
        """The operator no longer talks in this call: wrap-up. Raises IllegalEvent if they did not."""
        operator = self._operator(operator_id)
        call = operator.expect_call(call_id, "finish")
        self._forget(call)
        self._free(operator, now, "finish" if call.queue.wrap_up > 0 else "go ready", "finished", call_id)

    # --- time and results

    def next_timer(self) -> float | None:
        return self._deadlines.next()

    def handle_timer(self, now: float) -> None:
        """End every ring and wrap-up whose time is over."""
        while (operator_id := self._deadlines.pop_due(now)) is not None:
            operator = self._operators[operator_id]
            if operator.state == "ringing":
                if operator.wanted == "ready":
                    operator.wanted, operator.wanted_reason = "break", "rona"
                self._stop_ringing(operator, "rona", "ring out", "rona", now)
            else:
                self._settle(operator, now, "wrap-up over")

    def effects(self) -> list[Effect]:
        """What is to be done, in order; taken away by this call."""
        effects, self._effects = self._effects, []
        return effects

    # --- the call's side

    def _seek_operator(self, call: CallRecord, now: float) -> None:
        """The call rings nowhere: ring someone, else let it wait in its place."""
        operator = self._matching.operator_for(call)
        if operator is not None:
            self._matching.set_busy(operator)
            self._offer(call, operator, now)
        else:
            self._queues[call.queue.name].waiting += 1
            self._matching.set_waiting(call)

    def _offer(self, call: CallRecord, operator: OperatorRecord, now: float) -> None:
        call.state, call.operator = "ringing", operator
        call.offers += 1
        call.offered[operator.id] = call.offered.get(operator.id, 0) + 1
        operator.call = call
        self._queues[call.queue.name].ringing += 1
        self._effects.append(Offer(call.id, operator.id, call.offers))
        self._enter(operator, "offer", now, "offered", call.id)
        self._deadlines.set(operator.id, now + call.queue.ring_timeout)

    def _offer_again(self, call: CallRecord, now: float) -> None:
        """An offer ended without an answer."""
        self._queues[call.queue.name].ringing -= 1
        call.state, call.operator = "waiting", None
        self._seek_operator(call, now)

    def _forget(self, call: CallRecord) -> None:
        queue = self._queues[call.queue.name]
        if call.state == "waiting":
            queue.waiting -= 1
        elif call.state == "ringing":
            queue.ringing -= 1
        else:
            queue.talking -= 1
        queue.unanswered.pop(call.id, None)
        del self._calls[call.id]

    # --- the operator's side

    def _stop_ringing(
        self, operator: OperatorRecord, outcome: CancelOutcome, event: OperatorEvent, reason: str, now: float
    ) -> None:
        """Our side ends the offer; the call goes to the next."""
        call = operator.call
        assert call is not None, "a ringing operator has a call"
        self._effects.append(CancelOffer(call.id, operator.id, call.offers, outcome))
        self._free(operator, now, event, reason, call.id)
        self._offer_again(call, now)

    def _free(
        self, operator: OperatorRecord, now: float, event: OperatorEvent, reason: str, call_id: str
    ) -> None:
        """The operator's ring or talk is over. A state that was asked for meanwhile, or a lost phone, comes
        before what `event` would lead to."""
        call, operator.call = operator.call, None
        assert call is not None, "a ringing or talking operator has a call"
        settled, why = operator.settles_in()
        if settled != "ready":
            event, reason = SETTLE[settled], why
        self._enter(operator, event, now, reason, call_id)
        if operator.removed:
            self._remove(operator)
        elif operator.state == "wrap-up":
            pause = call.queue.wrap_up if event == "finish" else call.queue.decline_pause
            self._deadlines.set(operator.id, now + pause)
        elif operator.state == "ready":
            self._take_turn(operator, now, keep=event == "withdraw")
            self._serve_next(operator, now)

    def _settle_if_free(
        self, operator: OperatorRecord, now: float, reason: str, *, cut_wrap_up: bool = False
    ) -> None:
        busy = operator.state in ("ringing", "talking")
        wrapping_up = operator.state == "wrap-up" and operator.phone and not cut_wrap_up
        if not busy and not wrapping_up:
            self._settle(operator, now, reason)

    def _settle(self, operator: OperatorRecord, now: float, reason: str) -> None:
        """Go where an operator without a call belongs; `reason` counts for `ready`."""
        settled, why = operator.settles_in()
        if settled != operator.state:
            self._enter(operator, SETTLE[settled], now, reason if settled == "ready" else why)
            if settled == "ready":
                self._take_turn(operator, now)
                self._serve_next(operator, now)
        if operator.removed:
            self._remove(operator)

    def _enter(
        self,
        operator: OperatorRecord,
        event: OperatorEvent,
        now: float,
        reason: str,
        call_id: str | None = None,
    ) -> None:
        previous = operator.state
        state = next_state(operator.id, previous, event)
        if previous == "ready":
            self._matching.set_busy(operator)
        self._deadlines.cancel(operator.id)
        self._serving += (state in SERVING) - (previous in SERVING)
        operator.state, operator.reason, operator.since = state, reason, now
        self._effects.append(StateChanged(operator.id, previous, state, reason, call_id))

    def _take_turn(self, operator: OperatorRecord, now: float, *, keep: bool = False) -> None:
        """A place in the order of idle operators: the last, or the one they had."""
        if not keep:
            self._turns += 1
            operator.idle_since, operator.turn = now, self._turns

    def _serve_next(self, operator: OperatorRecord, now: float) -> None:
        """The operator is ready: the first waiting call they fit rings at once, else they are idle."""
        call = self._matching.call_for(operator)
        if call is None:
            self._matching.set_idle(operator)
        else:
            self._matching.unset_waiting(call)
            self._queues[call.queue.name].waiting -= 1
            self._offer(call, operator, now)

    def _remove(self, operator: OperatorRecord) -> None:
        self._matching.remove_operator(operator)
        del self._operators[operator.id]
