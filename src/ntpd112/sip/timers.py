"""One heap for all timers of the user agent, and the durations of RFC 3261 by their letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count

T1 = 0.5
"Seconds: the round-trip time estimate (RFC 3261 §17.1.1.1)."
T2 = 4.0
"Seconds: the longest interval between retransmissions of non-INVITE requests and INVITE responses."
T4 = 5.0
"Seconds a message may stay in the network."
MIN_GARBAGE = 256
"Cancelled timers that may lie in the heap before it is swept; below it a sweep costs more than it frees."


@dataclass(frozen=True)
class Durations:
    """Every timer of the protocol in seconds, derived from T1, T2 and T4. For reliable transports (TCP) the
    ones that wait for retransmissions are 0: see `Transaction`."""

    t1: float = T1
    t2: float = T2
    t4: float = T4
    a: float = field(init=False)  # first retransmission of an INVITE, doubles
    b: float = field(init=False)  # an INVITE without any answer
    c: float = field(init=False)  # an INVITE with provisional answers only (§16.6, §9.1)
    d: float = field(init=False)  # absorbs repeated failures of an INVITE
    e: float = field(init=False)  # first retransmission of another request, doubles up to T2
    f: float = field(init=False)  # another request without a final answer
    g: float = field(init=False)  # first retransmission of a failure of an INVITE, doubles up to T2
    h: float = field(init=False)  # a failure of an INVITE without ACK
    i: float = field(init=False)  # absorbs repeated ACKs
    j: float = field(init=False)  # absorbs repeated requests
    k: float = field(init=False)  # absorbs repeated answers
    l: float = field(init=False)  # noqa: E741  # absorbs repeated INVITEs after 2xx (RFC 6026)
    m: float = field(init=False)  # takes repeated and forked 2xx (RFC 6026)
    no_ack: float = field(init=False)  # a 2xx without ACK (§13.3.1.4)
    no_prack: float = field(init=False)  # a reliable 1xx without PRACK (RFC 3262 §3)
    cancelled: float = field(init=False)  # a cancelled INVITE without a final answer (§9.1)
    keep_ringing: float = field(
        init=False
    )  # provisional answers repeat so that no proxy gives up (§13.3.1.1)

    def __post_init__(self) -> None:
        t1, t4 = self.t1, self.t4
        derived = {
            "a": t1,
            "b": 64 * t1,
            "c": 360 * t1,
            "d": 64 * t1,
            "e": t1,
            "f": 64 * t1,
            "g": t1,
            "h": 64 * t1,
            "i": t4,
            "j": 64 * t1,
            "k": t4,
            "l": 64 * t1,
            "m": 64 * t1,
            "no_ack": 64 * t1,
            "no_prack": 64 * t1,
            "cancelled": 64 * t1,
            "keep_ringing": 120 * t1,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)


class Timer:
    """One pending call of `action(now)`. `cancel` may be called any time, also after it fired."""

    __slots__ = ("_timers", "action", "at")

    def __init__(self, timers: Timers, at: float, action: Callable[[float], None]) -> None:
        self._timers = timers
        self.at = at
        self.action: Callable[[float], None] | None = action

    def cancel(self) -> None:
        if self.action is not None:
            self.action = None
            self._timers.cancelled()


class Timers:
    """A heap of timers. Cancelling only marks; the marked are swept when they are more than the others."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._numbers = count()
        self._garbage = 0

    def __len__(self) -> int:
        """Timers that will still fire."""
        return len(self._heap) - self._garbage

    def start(self, at: float, action: Callable[[float], None]) -> Timer:
        """Call `action(now)` at `at` (monotonic seconds)."""
        timer = Timer(self, at, action)
        heappush(self._heap, (at, next(self._numbers), timer))
        return timer

    def cancelled(self) -> None:
        self._garbage += 1
        if self._garbage > MIN_GARBAGE and self._garbage * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapify(self._heap)
            self._garbage = 0

    def next(self) -> float | None:
        """When the earliest timer is due, or None."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heappop(heap)
            self._garbage -= 1
        return heap[0][0] if heap else None

    def fire(self, now: float) -> None:
        """Run what is due at `now`, earliest first."""
        while True:
            at = self.next()
            if at is None or at > now:
                return
            timer = heappop(self._heap)[2]
            action, timer.action = timer.action, None
            assert action is not None  # next() has dropped the cancelled ones
            action(now)
