"""Who is offered which call: waiting calls and free operators, both in order, by what is needed.

Calls with the same need (skills, roles kept out, preferences, order of operators) share one **pool**, which
also holds the free operators fit for it. A pool never has both, but for calls held back by `kept_free`. So a
new call looks at one pool; an operator who becomes free compares the heads of the pools they fit. An event
costs about the number of different needs (a handful: they come from the configuration) times the logarithm
of what waits there, however many calls and operators there are.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Literal, NamedTuple

from .ladder import Requirement, Skills, fits, unmet
from .order import ORDERS, Order, operator_key, shuffled
from .records import CallRecord, OperatorKey, OperatorRecord, Shelf
from .states import OPERATOR_STATES, SERVING, OperatorState

MAX_EMPTY_POOLS = 64
"Pools kept although no call waits in them, before the first tidying; see `_drop_empty_pools`."

ShelfName = Literal["waiting", "incident", "ringing"]


class Need(NamedTuple):
    requirement: Requirement
    prefer: Skills
    order: Order


class Pool:
    """One need: who waits with it, who is free for it, and what those who fit are doing."""

    __slots__ = ("idle", "incident", "need", "ringing", "states", "waiting")

    def __init__(self, need: Need) -> None:
        self.need = need
        self.waiting: Shelf = []
        self.incident: Shelf = []
        "Wait, and are about the known incident."
        self.ringing: Shelf = []
        "Ring, and may ring more operators."
        self.idle: list[tuple[OperatorKey, OperatorRecord]] = []
        self.states: dict[OperatorState, int] = dict.fromkeys(OPERATOR_STATES, 0)

    @property
    def in_use(self) -> bool:
        return bool(self.waiting or self.incident or self.ringing)

    def fit(self) -> dict[OperatorState, int]:
        return {state: count for state, count in self.states.items() if count}

    def serving(self) -> int:
        return sum(self.states[state] for state in SERVING)

    @property
    def forsaken(self) -> bool:
        """Calls wait and nobody who serves fits."""
        return bool(self.waiting or self.incident) and not self.serving()


class Matching:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._pools: dict[Need, Pool] = {}
        self._tidy_at = MAX_EMPTY_POOLS
        self._operators: set[OperatorRecord] = set()
        self._held: Shelf = []
        self.idle = 0
        "Operators who are free."
        self.kept_free = 0
        "Operators who stay free for others than the incident's callers."

    @property
    def pools(self) -> int:
        return len(self._pools)

    # --- operators

    def add_operator(self, operator: OperatorRecord) -> None:
        """A new operator, or one whose skills changed; not free while this is called."""
        self._operators.add(operator)
        operator.pools = []
        for pool in self._pools.values():
            self._join(operator, pool)

    def remove_operator(self, operator: OperatorRecord) -> list[Pool]:
        """The pools they fitted."""
        self.set_busy(operator)
        self._operators.discard(operator)
        pools = [pool for pool, _ in operator.pools]
        for pool in pools:
            pool.states[operator.state] -= 1
        operator.pools = []
        return pools

    def moved(self, operator: OperatorRecord, previous: OperatorState, state: OperatorState) -> list[Pool]:
        """The operator's state changes: counted wherever they fit. The pools that they leave, whoever else is
        there: none while they serve."""
        for pool, _ in operator.pools:
            pool.states[previous] -= 1
            pool.states[state] += 1
        return [pool for pool, _ in operator.pools] if previous in SERVING and state not in SERVING else []

    def set_idle(self, operator: OperatorRecord) -> None:
        """The operator is free and no waiting call is for them."""
        operator.idle = True
        self.idle += 1
        for pool, missing in operator.pools:
            insort(pool.idle, (operator_key(operator, pool.need.order, missing), operator))

    def set_busy(self, operator: OperatorRecord) -> None:
        """No harm if the operator was not idle."""
        if operator.idle:
            operator.idle = False
            self.idle -= 1
            for pool, missing in operator.pools:
                key = operator_key(operator, pool.need.order, missing)
                del pool.idle[bisect_left(pool.idle, (key,))]

    # --- calls

    def put(self, call: CallRecord, shelf: ShelfName) -> None:
        """List the call there, and there only."""
        pool = self.pool(call)
        self._shelve(call, getattr(pool, shelf))

    def hold(self, call: CallRecord) -> None:
        """Offered to nobody."""
        self._shelve(call, self._held)

    def take(self, call: CallRecord) -> None:
        """No harm if the call was listed nowhere."""
        if call.shelf is not None:
            del call.shelf[bisect_left(call.shelf, (call.key,))]
            call.shelf = None

    def _shelve(self, call: CallRecord, shelf: Shelf) -> None:
        self.take(call)
        insort(shelf, (call.key, call))
        call.shelf = shelf

    # --- who for whom

    def operator_for(self, call: CallRecord, wished: OperatorRecord | None) -> OperatorRecord | None:
        """Whom to ring: the wished-for operator, else the first who has not refused the call; one who has,
        only if no phone rings for it."""
        pool = self.pool(call)
        if not pool.idle or (call.incident and self.idle <= self.kept_free):
            return None
        if wished is not None and wished.idle and wished.id not in call.refused and call.accepts(wished):
            return wished
        for operator in self.candidates(call):
            if operator.id not in call.refused:
                return operator
        return None if call.out else next(self.candidates(call))

    def candidates(self, call: CallRecord) -> Iterator[OperatorRecord]:
        """Free operators who fit, in the order of preference and strategy."""
        idle = self.pool(call).idle
        if call.queue.strategy == "random":
            return shuffled(idle, self._rng)
        return (operator for _, operator in idle)

    def call_for(self, operator: OperatorRecord) -> CallRecord | None:
        """The first call waiting for someone like the operator, who is about to be free; else the first
        whose ring they may join. While some are kept free, the incident's calls come after: `kept_back`."""
        heads = [pool.waiting[0] for pool, _ in operator.pools if pool.waiting]
        if not self.kept_free:
            heads += [pool.incident[0] for pool, _ in operator.pools if pool.incident]
        if not heads:
            for pool, _ in operator.pools:
                joinable = (entry for entry in pool.ringing if operator.id not in entry[1].refused)
                heads += islice(joinable, 1)
        return min(heads)[1] if heads else None

    def kept_back(self) -> CallRecord | None:
        """The first call about the incident for which somebody who is idle may be rung."""
        if self.idle <= self.kept_free:
            return None
        heads = [pool.incident[0] for pool in self._pools.values() if pool.incident and pool.idle]
        return min(heads)[1] if heads else None

    def waiting(self) -> list[CallRecord]:
        """All calls that ring nowhere, the next to be served first; held ones at the end."""
        return [call for _, call in sorted(entry for shelf in self._shelves() for entry in shelf)]

    @property
    def listed(self) -> int:
        """How many calls ring nowhere."""
        return sum(len(shelf) for shelf in self._shelves())

    def _shelves(self) -> list[Shelf]:
        """Of the calls that ring nowhere."""
        shelves = [shelf for pool in self._pools.values() for shelf in (pool.waiting, pool.incident)]
        return [*shelves, self._held]

    # --- pools

    def pool(self, call: CallRecord) -> Pool:
        need = Need(call.requirement, call.prefer, ORDERS[call.queue.strategy])
        return self._pools.get(need) or self._open_pool(need)

    def _open_pool(self, need: Need) -> Pool:
        """The only step that looks at every operator: once per need in use."""
        if len(self._pools) >= self._tidy_at:
            self._drop_empty_pools()
        pool = self._pools[need] = Pool(need)
        for operator in self._operators:
            self._join(operator, pool)
        pool.idle.sort()
        return pool

    def _join(self, operator: OperatorRecord, pool: Pool) -> None:
        """Note that the operator fits, if they do. Idle ones are appended: the caller sorts."""
        skills = operator.spec.skills
        if not fits(skills, pool.need.requirement):
            return
        missing = unmet(skills, pool.need.prefer)
        operator.pools.append((pool, missing))
        pool.states[operator.state] += 1
        if operator.idle:
            pool.idle.append((operator_key(operator, pool.need.order, missing), operator))

    def _drop_empty_pools(self) -> None:
        """Looks at everything, so the next time comes only when there are twice as many."""
        self._pools = {need: pool for need, pool in self._pools.items() if pool.in_use}
        for operator in self._operators:
            operator.pools = [(pool, missing) for pool, missing in operator.pools if pool.in_use]
        self._tidy_at = max(MAX_EMPTY_POOLS, 2 * len(self._pools))
