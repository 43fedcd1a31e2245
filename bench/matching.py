"""What one event costs the ACD, by waiting calls and operators: `python bench/matching.py`.

Virtual time, the real ACD. Skills and needs are those of a large centre: three queues, a ladder each, half a
dozen needs in use, every fifth operator a reserve. Aim: at most 50 µs an event at 10,000 waiting calls and
2,000 operators, growing no faster than the logarithm of either.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from time import thread_time_ns

from ntpd112.queue import Acd, Ask, LadderStep, Offer, OperatorSpec, QueuePolicy

WAITING = (100, 1_000, 10_000)
OPERATORS = (20, 200, 2_000)
EVENTS = 300
"Of each kind and size: enough for a steady median."
LADDER = (
    LadderStep(after=100.0, drop=frozenset({"english"})),
    LadderStep(after=100_000.0, any=True, to=True),
    LadderStep(after=100_000.0, include=frozenset({"reserve", "supervisor"})),
)
QUEUES = {"112": {}, "medical": {"medical": 1}, "fire": {"fire": 1}}


class Hall:
    """Everybody idle, nobody waits."""

    def __init__(self, operators: int) -> None:
        self.rng = Random(operators)
        self.acd = Acd(Random(1))
        self.now = 0.0
        self.numbers = count(1)
        for name in QUEUES:
            self.acd.set_queue(QueuePolicy(name, 15.0, 0.0, decline_pause=0.0, ladder=LADDER))
        self.ids = [f"op{number}" for number in range(operators)]
        for number, operator in enumerate(self.ids):
            skills = {skill: self.rng.randint(0, 3) for skill in ("medical", "fire", "english")}
            if number % 5 == 4:
                skills["reserve"] = 1
            self.acd.set_operator(OperatorSpec(operator, operator, skills), self.now)
            self.acd.phone_available(operator, self.now)
        self.acd.effects()

    def call(self) -> Ask:
        queue = self.rng.choice(list(QUEUES))
        english = {"english": 1} if self.rng.random() < 0.3 else {}
        self.now += 0.001
        name = f"call{next(self.numbers)}"
        return Ask(call_id=name, queue=queue, priority=self.rng.randint(0, 5), skills=QUEUES[queue] | english)

    def engage_all(self) -> None:
        for operator in self.ids:
            self.acd.engage(operator, f"busy-{operator}", self.now, "bench")
        self.acd.effects()

    def fill(self, waiting: int) -> list[str]:
        """With everybody busy, so many wait."""
        asks = [self.call() for _ in range(waiting)]
        for ask in asks:
            self.acd.enqueue(ask, self.now)
        self.acd.effects()
        return [ask.call_id for ask in asks]

    def offered(self) -> list[Offer]:
        return [effect for effect in self.acd.effects() if isinstance(effect, Offer)]


def timed(act: Callable[..., None], *args: object) -> float:
    """CPU in µs."""
    start = thread_time_ns()
    act(*args)
    return (thread_time_ns() - start) / 1000


def to_a_free_operator(hall: Hall, _: int) -> Iterator[float]:
    while True:
        ask = hall.call()
        yield timed(hall.acd.enqueue, ask, hall.now)
        hall.acd.withdraw(ask.call_id, hall.now)
        hall.acd.effects()


def declined_to_the_next(hall: Hall, _: int) -> Iterator[float]:
    while True:
        ask = hall.call()
        hall.acd.enqueue(ask, hall.now)
        for offer in hall.offered():
            yield timed(hall.acd.offer_declined, offer.call_id, offer.operator, hall.now)
        hall.acd.withdraw(ask.call_id, hall.now)
        hall.acd.handle_timer(hall.now)
        hall.acd.effects()


def to_wait(hall: Hall, waiting: int) -> Iterator[float]:
    hall.engage_all()
    hall.fill(waiting)
    while True:
        ask = hall.call()
        yield timed(hall.acd.enqueue, ask, hall.now)
        hall.acd.withdraw(ask.call_id, hall.now)
        hall.acd.effects()


def freed_takes_the_next(hall: Hall, waiting: int) -> Iterator[float]:
    hall.engage_all()
    hall.fill(waiting)
    while True:
        hall.fill(1)
        operator = hall.rng.choice(hall.ids)
        yield timed(hall.acd.disengage, operator, hall.now, False)
        for offer in hall.offered():
            hall.acd.offer_accepted(offer.call_id, operator, hall.now)
        if hall.acd.operator(operator).state == "ready":  # type: ignore[union-attr]
            hall.acd.engage(operator, f"busy-{operator}", hall.now, "bench")
        hall.acd.effects()


def ladder_step(hall: Hall, waiting: int) -> Iterator[float]:
    hall.engage_all()
    hall.fill(waiting)
    while (due := hall.acd.next_timer()) is not None:
        yield timed(hall.acd.handle_timer, due)
        hall.now = due
        hall.fill(1)


def lifted(hall: Hall, waiting: int) -> Iterator[float]:
    hall.engage_all()
    calls = hall.fill(waiting)
    while True:
        call = hall.rng.choice(calls)
        yield timed(hall.acd.lift, call, hall.now)
        hall.acd.set_lane(call, "normal", hall.now, "bench")
        hall.acd.effects()


def on_break(hall: Hall, waiting: int) -> Iterator[float]:
    """Somebody, but never the last for any need."""
    hall.engage_all()
    hall.fill(waiting)
    while True:
        operator = hall.rng.choice(hall.ids)
        hall.acd.request_state(operator, "break", hall.now, "bench")
        yield timed(hall.acd.disengage, operator, hall.now, False)
        hall.acd.engage(operator, f"busy-{operator}", hall.now, "bench")
        hall.acd.request_state(operator, "ready", hall.now, "bench")
        hall.acd.effects()


KINDS = {
    "enqueue, rings a free operator": to_a_free_operator,
    "declined, rings the next": declined_to_the_next,
    "enqueue, waits": to_wait,
    "freed, takes the next call": freed_takes_the_next,
    "ladder step": ladder_step,
    "lift": lifted,
    "goes on break": on_break,
}


def main() -> None:
    sizes = [(waiting, operators) for operators in OPERATORS for waiting in WAITING]
    print("CPU in µs an event, median (99th percentile), by waiting calls x operators")
    print(f"{'':32}" + "".join(f"{f'{waiting}x{operators}':>15}" for waiting, operators in sizes))
    for name, run in KINDS.items():
        cells = []
        for waiting, operators in sizes:
            events = run(Hall(operators), waiting)
            for _ in range(EVENTS // 10):
                next(events)
            gc.collect()
            gc.disable()  # as the agent does while a call is up
            times = [next(events) for _ in range(EVENTS)]
            gc.enable()
            worst = statistics.quantiles(times, n=100)[-1]
            cells.append(f"{statistics.median(times):.1f} ({worst:.0f})")
        print(f"{name:32}" + "".join(f"{cell:>15}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
