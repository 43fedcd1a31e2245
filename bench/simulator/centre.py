"""The centre in virtual time: a heap of what is to happen, the real ACD, and operators who pick up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from math import inf
from random import Random

from bench.simulator import world
from bench.simulator.people import Attempt, Person
from bench.simulator.results import Outcome
from bench.simulator.shield import PRIORITY, QUEUE, Shield

from ntpd112.queue import Acd, Ask, Offer, OperatorSpec, QueuePolicy

PATIENT_END_S = 24 * 3_600.0
"After the last arrival: whoever still waits then was forgotten."
Happening = Callable[[float], None]


@dataclass(slots=True)
class Visit:
    """One call of a person, until an operator has it."""

    id: str
    person: Person
    attempt: Attempt
    number: int
    outcome: Outcome
    waiting: bool = True


class Centre:
    def __init__(self, operators: int, shielded: bool, busiest_minute: float = 0.0) -> None:
        """`busiest_minute`: see `Shield`."""
        self.acd = Acd(Random(0))
        self.acd.set_queue(QueuePolicy(QUEUE, world.RING_TIMEOUT, world.WRAP_UP))
        for number in range(operators):
            operator = f"op{number}"
            self.acd.set_operator(OperatorSpec(operator, operator), 0.0)
            self.acd.phone_available(operator, 0.0)
        self.shield = Shield(self.acd, busiest_minute) if shielded else None
        self.acd.effects()
        self._heap: list[tuple[float, int, Happening]] = []
        self._order = 0
        self._calls = 0
        self._visits: dict[str, Visit] = {}

    def run(self, people: Iterable[Person]) -> list[Outcome]:
        """What became of each person, in the order in which they first called."""
        outcomes = []
        for person in people:
            self._until(person.at)
            outcome = Outcome(person.kind, person.at)
            outcomes.append(outcome)
            self._call(person, 0, outcome, person.at)
            self._carry_out(person.at)
        self._until((outcomes[-1].at if outcomes else 0.0) + PATIENT_END_S)
        for visit in self._visits.values():
            visit.outcome.forgotten = True
        return outcomes

    # --- time

    def _at(self, at: float, happening: Happening) -> None:
        self._order += 1
        heappush(self._heap, (at, self._order, happening))

    def _until(self, end: float) -> None:
        heap, acd = self._heap, self.acd
        while True:
            timer = acd.next_timer()
            due = inf if timer is None else timer
            if heap and heap[0][0] <= min(due, end):
                now, _, happening = heappop(heap)
                happening(now)
            elif due <= end:
                now = due
                acd.handle_timer(now)
            else:
                return
            self._carry_out(now)

    def _carry_out(self, now: float) -> None:
        for effect in self.acd.effects():
            if isinstance(effect, Offer):
                visit = self._visits[effect.call_id]
                self._at(now + visit.attempt.pick_up, partial(self._picked_up, visit, effect))

    # --- a call

    def _call(self, person: Person, number: int, outcome: Outcome, now: float) -> None:
        self._calls += 1
        visit = Visit(str(self._calls), person, person.attempts[number], number, outcome)
        self._visits[visit.id] = visit
        attempt, patience = visit.attempt, visit.attempt.patience
        if self.shield is None:
            self.acd.enqueue(Ask(call_id=visit.id, queue=QUEUE, priority=PRIORITY), now)
        else:
            told = self.shield.enter(visit.id, person, now)
            if attempt.speaks_after is not None:
                self._at(now + attempt.speaks_after, partial(self._spoke, visit))
            if attempt.panic_after is not None:
                self._at(now + attempt.panic_after, partial(self._panicked, visit))
            if told:
                self._at(now + world.PROMPT_S, partial(self._told, visit))
        if patience < inf:
            self._at(now + patience, partial(self._lost_patience, visit))

    def _spoke(self, visit: Visit, now: float) -> None:
        if visit.waiting and self.shield is not None:
            self.shield.spoke(visit.id, visit.person, now)

    def _panicked(self, visit: Visit, now: float) -> None:
        if visit.waiting and self.shield is not None:
            self.shield.panic(visit.id, now)

    def _told(self, visit: Visit, now: float) -> None:
        """The announcement about the incident is over."""
        if not visit.waiting or self.shield is None:
            return
        if visit.person.presses_key:
            self.shield.another_emergency(visit.id, now)
        elif visit.person.satisfied:
            visit.outcome.satisfied = True
            self._hang_up(visit, now)

    def _picked_up(self, visit: Visit, offer: Offer, now: float) -> None:
        """Unless the caller hung up meanwhile."""
        if not visit.waiting:
            return
        self._leaves_queue(visit)
        self.acd.offer_accepted(visit.id, offer.operator, now)
        if self.shield is not None:
            self.shield.connected(visit.id, offer.operator, now)
        visit.outcome.answered_at = now
        self._at(now + visit.person.talk, partial(self._finished, visit, offer.operator))

    def _finished(self, visit: Visit, operator: str, now: float) -> None:
        self.acd.call_finished(visit.id, operator, now)
        if not visit.person.wrap_up:
            self.acd.request_state(operator, "ready", now, "nothing to write down")
        if self.shield is not None:
            self.shield.ended(visit.id, visit.person, "answered", now)

    def _lost_patience(self, visit: Visit, now: float) -> None:
        if not visit.waiting:
            return
        again = visit.attempt.again_after
        if again is not None:
            self._at(now + again, partial(self._call, visit.person, visit.number + 1, visit.outcome))
        self._hang_up(visit, now)

    def _hang_up(self, visit: Visit, now: float) -> None:
        self._leaves_queue(visit)
        visit.outcome.hung_up += 1
        self.acd.withdraw(visit.id, now)
        if self.shield is not None:
            self.shield.ended(visit.id, visit.person, "abandoned", now)

    def _leaves_queue(self, visit: Visit) -> None:
        visit.waiting = False
        del self._visits[visit.id]
