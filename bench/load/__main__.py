"""Load benchmark: `python -m bench.load [--rates 100,200] [--seconds 8] [--operators 200]`.

The same calls are offered to the agent and, in the same run, to Asterisk's Queue(): a caller dials 112, a
free operator of 200 answers at once, half a second later the caller hangs up. Journal on, audio anchored, no
audio sent. Then one operator with callers waiting: how long from the hang-up until the next caller's INVITE.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.load.systems import AgentUnderTest, AsteriskQueue, System
from bench.load.traffic import Operators, call
from bench.load.wire import Wire, handovers, invite_through
from rich.console import Console
from rich.table import Table
from tests.e2e.peers.asterisk import asterisk_command
from tests.e2e.peers.loopback import Loopback

HOLD_MS = 500
QUEUED = 20
"Callers who wait for the one operator of the second measurement, a round: all are answered in time."
QUEUED_TALK_MS = 100
TABLE_WIDTH = 120

Make = Callable[[Path], System]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("--rates", default="50,100,150,200,250,300", help="offered calls a second")
    parser.add_argument("--seconds", type=int, default=8, help="how long each rate is offered")
    parser.add_argument("--operators", type=int, default=200)
    parser.add_argument(
        "--rounds", type=int, default=11, help=f"of {QUEUED - 1} times from hang-up to INVITE"
    )
    parser.add_argument("--only", choices=["ntpd112", "asterisk"])
    options = parser.parse_args()
    net = Loopback.of_this_process()
    makes: dict[str, Make] = {
        "ntpd112": lambda folder: AgentUnderTest(folder, net),
        "asterisk": lambda folder: AsteriskQueue(folder, net, asterisk_command()),
    }
    console = Console(width=max(Console().width, TABLE_WIDTH))
    console.print(f"{os.cpu_count()} cores, {options.operators} operators, calls of {HOLD_MS} ms")
    load, handover = (
        _load_table(),
        Table("system", "from hang-up to the next INVITE", "median ms", "p99 ms", "largest ms"),
    )
    for name, make in makes.items():
        if options.only in (None, name):
            for rate in (int(rate) for rate in options.rates.split(",")):
                load.add_row(*_load(make, net, rate, options.seconds, options.operators))
            handover.add_row(*_handover(make, net, options.rounds))
    console.print(load)
    console.print(handover)


def _load_table() -> Table:
    table = Table(title="load; in to out: from the caller's INVITE to the one at an operator's phone")
    for heading in ("system", "calls/s", "ok", "failed", "CPU ms/call", "of it", "answer ms"):
        table.add_column(heading, justify="right")
    table.add_column("in to out, median ms", justify="right")
    table.add_column("p99 ms", justify="right")
    return table


@contextmanager
def _on_stage(
    make: Make, net: Loopback, operators: int, hang_up_after_ms: int | None
) -> Iterator[tuple[System, Path]]:
    with tempfile.TemporaryDirectory(prefix="ntpd112-bench-") as name:
        folder = Path(name)
        system = make(folder)
        phones = Operators(folder, net, hang_up_after_ms=hang_up_after_ms)
        try:
            system.start(operators)
            phones.start()
            yield system, folder
        finally:
            phones.stop()
            system.stop()


def _load(make: Make, net: Loopback, rate: int, seconds: int, operators: int) -> list[str]:
    with _on_stage(make, net, operators, None) as (system, folder):
        call(folder, net, system.target, rate=20, calls=40, hold_ms=HOLD_MS)  # imports, caches, file growth
        wire, before = Wire(), system.cpu_s()
        result = call(folder, net, system.target, rate=rate, calls=rate * seconds, hold_ms=HOLD_MS)
        used = {name: total - before[name] for name, total in system.cpu_s().items()}
        times = invite_through(wire.stop(), net.telco, net.phone(1))
    calls = max(result.ok, 1)
    return [
        system.name,
        str(rate),
        str(result.ok),
        str(result.failed),
        f"{sum(used.values()) * 1000 / calls:.2f}",
        ", ".join(f"{name} {cpu * 1000 / calls:.2f}" for name, cpu in used.items()) if len(used) > 1 else "",
        f"{result.mean_answer_ms:.1f}",
        *_median_and(0.99, times),
    ]


def _handover(make: Make, net: Loopback, rounds: int) -> list[str]:
    times = []
    with _on_stage(make, net, 1, QUEUED_TALK_MS) as (system, folder):
        for _ in range(rounds):
            wire = Wire()
            call(folder, net, system.target, rate=QUEUED, calls=QUEUED, hold_ms=None)
            times += handovers(wire.stop(), net.phone(1))
    return [system.name, f"{len(times)} times", *_median_and(0.99, times), _median_and(1.0, times)[1]]


def _median_and(share: float, times: list[float]) -> list[str]:
    """The median and another quantile, as milliseconds."""
    if not times:
        return ["-", "-"]
    ordered = sorted(times)
    position = min(len(ordered) - 1, int(share * len(ordered)))
    return [f"{statistics.median(ordered) * 1000:.2f}", f"{ordered[position] * 1000:.2f}"]


main()
