"""In which order calls are served, and in which order operators are rung.

A call's key is (lane, since + handicap, arrival), the handicap being `priority * ageing` seconds. It never
changes by itself, so calls stay sorted while time passes, and each class has a provable longest wait: a call
of priority p is overtaken within its lane only by calls that come less than p * ageing seconds after it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from random import Random
from typing import Literal

from .model import Lane, Strategy
from .records import CallKey, CallRecord, OperatorKey, OperatorRecord

LANES: dict[Lane, int] = {"lifted": 0, "normal": 1, "quiet": 2, "held": 3}
"In order of service; held ones are offered to nobody."
TIER = "tier"
"The skill whose level is an operator's tier; 1 without it."
EVERYBODY = 1_000_000
"Operators a `ring-all` call may ring at once: more than any hall has."

Order = Literal["longest-idle", "least-calls", "least-talk", "round-robin", "tier"]
"The orders in which strategies see idle operators."
RANKS: dict[Order, Callable[[OperatorRecord], float]] = {
    "longest-idle": lambda operator: 0,
    "least-calls": lambda operator: operator.counters.taken,
    "least-talk": lambda operator: operator.counters.talk_s,
    "round-robin": lambda operator: operator.last_offer,
    "tier": lambda operator: operator.spec.skills.get(TIER) or 1,
}
"Lowest first; who has been idle for longest comes first among equals. Constant while an operator is idle."
ORDERS: dict[Strategy, Order] = {
    "longest-idle": "longest-idle",
    "least-calls": "least-calls",
    "least-talk": "least-talk",
    "round-robin": "round-robin",
    "tier": "tier",
    "random": "longest-idle",
    "ring-all": "longest-idle",
    "progressive": "longest-idle",
}


def call_key(call: CallRecord) -> CallKey:
    """Unique for each call."""
    return (LANES[call.lane], call.since + call.priority * call.queue.ageing, call.arrival)


def room_for(call: CallRecord) -> int:
    """Operators it may ring at once to begin with. A flood is no time to ring all of them for one call."""
    return EVERYBODY if call.queue.strategy == "ring-all" and not call.incident else 1


def operator_key(operator: OperatorRecord, order: Order, unmet: int) -> OperatorKey:
    """`unmet`: preferences of the call that the operator does not meet. Unique for each idle operator."""
    return (unmet, RANKS[order](operator), operator.idle_since, operator.turn)


def shuffled(idle: list[tuple[OperatorKey, OperatorRecord]], rng: Random) -> Iterator[OperatorRecord]:
    """From a random one onwards, those who meet more preferences first."""
    start = 0
    while start < len(idle):
        end = bisect_left(idle, ((idle[start][0][0] + 1,),))
        first = rng.randrange(end - start)
        for step in range(end - start):
            yield idle[start + (first + step) % (end - start)][1]
        start = end
