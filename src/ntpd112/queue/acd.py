"""The automatic call distributor: which operator rings for which call, and what becomes of both.

Pure and event-driven. Every method takes an event, updates calls, operators and deadlines, and leaves what
is to be done in `effects()`; nothing is polled. After every method no waiting call and ready operator fit
each other (held calls and `set_kept_free` apart): whatever makes one of them available looks for the other at
once. Nor does a call wait for the next step of its ladder while nobody who serves may be rung for it. A call
is in the ACD's hands until an operator answers; then the operator talks in it, and it may be enqueued again
before or after they have finished.
"""

from __future__ import annotations

from bisect import insort
from typing import Literal

from .effects import Effect, LastOperator
from .errors import IllegalEvent, StateConflict
from .ladder import requirement_of, skills_of
from .model import LAST_OPERATOR_PAUSE, Ask, Counters, OperatorSpec, QueuePolicy
from .order import call_key
from .records import CallRecord, OperatorRecord, QueueRecord, Talk
from .states import SERVING, OperatorEvent, SettledState
from .supervision import Supervision
from .waiting import NOBODY_SERVING, QUEUE_FULL


class Acd(Supervision):
    """Time is the caller's: `now` is monotonic seconds, and `handle_timer` is due at `next_timer`. Chance is
    the caller's too: `rng` decides for the strategy `random`."""

    _arrivals = 0

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
        left = self._matching.remove_operator(operator)
        operator.spec = spec
        operator.removed = False
        self._matching.add_operator(operator)
        if operator.state == "ready":
            self._serve_next(operator, now, keep=True)
        if operator.state in SERVING:
            self._left(left, now)

    def set_counters(self, operator_id: str, counters: Counters) -> None:
        """What the operator had done before this process began."""
        operator = self._operator(operator_id)
        idle = operator.idle
        self._matching.set_busy(operator)
        operator.counters = counters
        if idle:
            self._matching.set_idle(operator)

    def remove_operator(self, operator_id: str, now: float) -> None:
        """A call that rings goes to the next; one that talks goes on, the operator is forgotten after it."""
        operator = self._operator(operator_id)
        operator.removed = True
        if operator.state == "ringing":
            self._seek(self._stop_ringing(operator, "withdrawn", "withdraw", "removed", now), now)
        elif operator.state != "talking":
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
            self._seek(self._stop_ringing(operator, "failed", "fail", reason, now), now)
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

    def enqueue(self, ask: Ask, now: float) -> None:
        """A call waits for an operator, for the first time or again. Steps of the ladder whose time has come
        already, by an earlier `since`, are taken at once. If it has to wait, so are all of them when nobody
        serves or the queue is full. Raises UnknownQueue, IllegalEvent if the call waits or rings already."""
        home = self._queue(ask.queue)
        if ask.call_id in self._calls:
            state = self._calls[ask.call_id].state
            raise IllegalEvent(f'call "{ask.call_id}" is {state}: "enqueue" cannot happen now')
        call = self._new_call(ask, home, now)
        self._climb(call, now)
        self._seek(call, now)
        full = 0 < call.queue.max_waiting < home.count("waiting")
        if call.state == "waiting" and (full or not self._serving):
            self._hurry(call, now, QUEUE_FULL if full else NOBODY_SERVING)

    def _new_call(self, ask: Ask, home: QueueRecord, now: float) -> CallRecord:
        policy = home.policy
        self._arrivals += 1
        call = CallRecord(
            id=ask.call_id,
            home=home,
            queue=policy,
            priority=ask.priority,
            requirement=requirement_of(ask.skills, policy.roles),
            prefer=skills_of(ask.prefer),
            since=now if ask.since is None else min(ask.since, now),
            arrival=self._arrivals,
            lane=ask.lane,
            longest_wait=policy.longest_wait if ask.longest_wait is None else ask.longest_wait,
            wish=ask.wish,
            incident=ask.incident,
            offers=ask.offers,
            refused=dict(ask.declined),
        )
        call.key = call_key(call)
        self._calls[call.id] = call
        insort(home.unanswered, (call.since, call.arrival))
        home.counts[call.state, call.lane] += 1
        self._set_lane_deadline(call, now, ask.lane_until)
        self._set_incident_deadline(call, now)
        return call

    def withdraw(self, call_id: str, now: float) -> None:
        """The caller is gone, or someone else took the call, before an operator answered. Phones that ring
        for it stop, and their operators are free again with their place kept. Raises IllegalEvent for a call
        that neither waits nor rings."""
        call = self._calls.get(call_id)
        if call is None:
            raise IllegalEvent(f'call "{call_id}" neither waits nor rings: "withdraw" cannot happen now')
        self._forget(call)
        self._stop_rings(call, now, "withdrawn")

    def offer_accepted(self, call_id: str, operator_id: str, now: float) -> None:
        """The operator picked up: other phones that ring for the call stop. Raises IllegalEvent if they were
        not ringing for this call."""
        operator = self._operator(operator_id)
        call = operator.expect_ring(call_id, "accept")
        del call.out[operator_id]
        self._forget(call)
        operator.call = None
        operator.counters.taken += 1
        self._enter(operator, "accept", now, "answered", call_id)
        self._begin_talk(operator, Talk(call_id, call.home, now))
        self._stop_rings(call, now, "answered elsewhere")

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
        call = operator.expect_ring(call_id, event)
        del call.out[operator_id]
        call.refused[operator_id] = outcome
        self._free(operator, now, event, outcome, call_id, call.queue.decline_pause)
        self._seek(call, now)

    def call_finished(self, call_id: str, operator_id: str, now: float) -> None:
        """The operator no longer talks in this call, however they came into it: wrap-up. Raises IllegalEvent
        if they did not."""
        operator = self._operator(operator_id)
        operator.expect_talk(call_id)
        self._end_talk(operator, now, wrap_up=True)

    # --- busy with something that the ACD did not offer

    def engage(self, operator_id: str, call_id: str, now: float, reason: str) -> None:
        """A call-back, a feature code, a transfer, a supervision: busy until `disengage` (or
        `call_finished`), then where they were wanted before. Raises UnknownOperator, and StateConflict unless
        they are ready, on break or in wrap-up."""
        operator = self._operator(operator_id)
        if operator.state not in ("ready", "break", "wrap-up"):
            raise StateConflict(f'operator "{operator_id}" is {operator.state}: no call can be given to them')
        self._engage(operator, call_id, now, reason)

    def open_line(self, operator_id: str, call_id: str, now: float, reason: str) -> None:
        """The operator's phone calls somebody, whatever their state: busy with that as soon as with nothing
        else, until `close_line` and `disengage`. Raises UnknownOperator."""
        operator = self._operator(operator_id)
        operator.lines.append(call_id)
        if operator.call is None and operator.talk is None:
            self._engage(operator, call_id, now, reason)

    def close_line(self, operator_id: str, call_id: str) -> None:
        """The call that they made is over; if they talk in it, `disengage` follows. No harm if it was none of
        theirs."""
        operator = self._operators.get(operator_id)
        if operator is not None and call_id in operator.lines:
            operator.lines.remove(call_id)

    def disengage(self, operator_id: str, now: float, wrap_up: bool) -> None:
        """What they were engaged in is over. Who has another line is busy with that one from now on, and the
        wrap-up comes after it. A wrap-up is as long as the longest of any queue. Raises IllegalEvent if they
        do not talk."""
        operator = self._operator(operator_id)
        if operator.talk is None:
            raise IllegalEvent(f'operator "{operator_id}" is {operator.state}: "disengage" cannot happen now')
        self._end_talk(operator, now, wrap_up)

    def move(self, operator_id: str, call_id: str) -> None:
        """They stay busy, in another call from now on, which what they talk in has become part of. Raises
        IllegalEvent if they do not talk."""
        operator = self._operator(operator_id)
        if operator.talk is None:
            raise IllegalEvent(f'operator "{operator_id}" is {operator.state}: "move" cannot happen now')
        self._move(operator, operator.talk, call_id)

    def _end_talk(self, operator: OperatorRecord, now: float, wrap_up: bool) -> None:
        talk = operator.talk
        assert talk is not None, "a talking operator has a talk"
        if wrap_up:
            homes = [talk.home] if talk.home is not None else self._queues.values()
            talk.pause = max([talk.pause, *(home.policy.wrap_up for home in homes)])
        if talk.home is not None:
            talk.home.talking -= 1
            talk.home = None
        line = next((one for one in operator.lines if one != talk.call_id), None)
        if line is not None:
            self._move(operator, talk, line)
            return
        operator.counters.talk_s += now - talk.since
        self._leave_talk(operator, talk)
        event: OperatorEvent = "finish" if talk.pause > 0 else "go ready"
        self._free(operator, now, event, "finished", talk.call_id, talk.pause)

    # --- time and results

    def next_timer(self) -> float | None:
        return self._deadlines.next()

    def handle_timer(self, now: float) -> None:
        """Whatever is due: rings and wrap-ups that end, lanes and steps of the ladder that change."""
        while (due := self._deadlines.pop_due(now)) is not None:
            kind, subject = due
            if kind == "operator":
                self._operator_due(self._operators[subject], now)
            elif kind == "lane":
                self._lane_over(self._calls[subject], now)
            elif kind == "incident":
                self._incident_waited(self._calls[subject], now)
            elif kind == "step":
                call = self._calls[subject]
                self._climb(call, now)
                self._seek(call, now)
            else:
                self._ring_one_more(self._calls[subject], now)

    def _operator_due(self, operator: OperatorRecord, now: float) -> None:
        if operator.state == "ringing":
            self._ring_out(operator, now)
        else:
            self._settle(operator, now, "wrap-up over")

    def _ring_out(self, operator: OperatorRecord, now: float) -> None:
        """RONA. The last who serves for such calls stays: better one who may be back than nobody."""
        call = operator.call
        assert call is not None, "a ringing operator has a call"
        operator.counters.rona += 1
        call.refused[operator.id] = "rona"
        if operator.wanted == "ready" and not self._others_serve(call, operator):
            self._stop_ringing(operator, "rona", "ring on", "rona", now, LAST_OPERATOR_PAUSE)
            self._effects.append(LastOperator(call.id, operator.id))
            self._climb_past(call, operator, now)
        else:
            if operator.wanted == "ready":
                operator.wanted, operator.wanted_reason = "break", "rona"
            self._stop_ringing(operator, "rona", "ring out", "rona", now)
        self._seek(call, now)

    def _ring_one_more(self, call: CallRecord, now: float) -> None:
        """Progressive ringing: those whose phones ring already go on."""
        if not (call.pulled or call.incident):
            call.room += 1
        self._seek(call, now)

    def effects(self) -> list[Effect]:
        """What is to be done, in order; taken away by this call."""
        effects, self._effects = self._effects, []
        return effects
