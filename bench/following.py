"""What those who follow live and a running export cost a call: `python -m bench.following`.

The same calls are offered to the agent alone, then with 100 who follow everything (half by WebSocket, half as
server-sent events), then with all CDRs exported as NDJSON and as CSV again and again. Times are taken on the
wire, from the caller's INVITE to the one at an operator's phone.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from bench.load.systems import AgentUnderTest
from bench.load.traffic import Operators, call
from bench.load.wire import Wire, invite_through
from rich.console import Console
from rich.table import Table
from tests.cdr.calls import answered
from tests.e2e.peers.agent import Agent
from tests.e2e.peers.loopback import Loopback

from ntpd112.cdr.database import open_database
from ntpd112.cdr.fold import fold
from ntpd112.cdr.store import CdrStore, Position

HOLD_MS = 500
OPERATORS = 100
BATCH = 500
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
MARK = b'"position"'
"In every message once."


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.following")
    parser.add_argument("--rate", type=int, default=50, help="offered calls a second")
    parser.add_argument("--seconds", type=int, default=20, help="how long they are offered in each case")
    parser.add_argument("--followers", type=int, default=100)
    parser.add_argument("--cdrs", type=int, default=50_000, help="in the database when exports are made")
    options = parser.parse_args()
    net = Loopback.of_this_process()
    table = Table("beside the calls", "calls", "failed", "CPU ms/call", "median ms", "p99 ms", "what came")
    with tempfile.TemporaryDirectory(prefix="ntpd112-bench-") as name:
        folder = Path(name)
        system = AgentUnderTest(folder, net)
        phones = Operators(folder, net)
        try:
            system.start(OPERATORS)
            phones.start()
            call(folder, net, system.target, rate=20, calls=40, hold_ms=HOLD_MS)
            table.add_row(*_measured(system, net, folder, options, Nothing()))
            table.add_row(
                *_measured(system, net, folder, options, Followers(system.agent, options.followers))
            )
            asyncio.run(_fill(f"sqlite+aiosqlite:///{system.agent.database_file}", options.cdrs))
            for kind in ("application/x-ndjson", "text/csv"):
                table.add_row(*_measured(system, net, folder, options, Exporting(system.agent, kind)))
        finally:
            phones.stop()
            system.stop()
    Console(width=120).print(table)


class Nothing:
    def start(self) -> None:
        pass

    def stop(self) -> str:
        return ""

    def __str__(self) -> str:
        return "nothing"


class Followers:
    """In a process of their own; they count messages, heartbeats too."""

    def __init__(self, agent: Agent, count: int) -> None:
        self._agent = agent
        self._count = count

    def start(self) -> None:
        where = [self._agent.net.agent, "8112", self._agent.key, str(self._count)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.following", "--follow", *where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "following\n"

    def stop(self) -> str:
        told, _ = self._process.communicate("stop\n", timeout=30)
        return told.strip()

    def __str__(self) -> str:
        return f"{self._count} follow everything"


class Exporting:
    """All CDRs, again and again, by one client."""

    def __init__(self, agent: Agent, kind: str) -> None:
        self._agent = agent
        self._kind = kind
        self._ended = threading.Event()
        self._lines = 0
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> str:
        self._ended.set()
        self._thread.join()
        return f"{self._lines:,} lines"

    def _run(self) -> None:
        headers = {"Authorization": f"Bearer {self._agent.key}", "Accept": self._kind}
        while not self._ended.is_set():
            with httpx.stream("GET", f"{self._agent.url}/api/v1/cdrs", headers=headers) as answer:
                for chunk in answer.iter_raw():
                    self._lines += chunk.count(b"\n")
                    if self._ended.is_set():
                        break

    def __str__(self) -> str:
        return f"export, {self._kind}"


@contextmanager
def _beside(load: Nothing | Followers | Exporting, told: list[str]) -> Iterator[None]:
    load.start()
    try:
        yield
    finally:
        told.append(load.stop())


def _measured(
    system: AgentUnderTest,
    net: Loopback,
    folder: Path,
    options: argparse.Namespace,
    load: Nothing | Followers | Exporting,
) -> list[str]:
    told: list[str] = []
    with _beside(load, told):
        wire, before = Wire(), sum(system.cpu_s().values())
        calls = options.rate * options.seconds
        result = call(folder, net, system.target, rate=options.rate, calls=calls, hold_ms=HOLD_MS)
        used = sum(system.cpu_s().values()) - before
        times = sorted(invite_through(wire.stop(), net.telco, net.phone(1)))
    return [
        str(load),
        str(result.ok),
        str(result.failed),
        f"{used * 1000 / max(result.ok, 1):.2f}",
        f"{statistics.median(times) * 1000:.2f}",
        f"{times[int(0.99 * len(times))] * 1000:.2f}",
        *told,
    ]


async def _fill(url: str, count: int) -> None:
    """CDRs of calls before all others."""
    engine = await open_database(url)
    store = CdrStore(engine)
    for start in range(0, count, BATCH):
        made = [fold(answered(f"{number:026}", at=number)) for number in range(start, start + BATCH)]
        await store.write([cdr for cdr in made if cdr is not None], "bench", Position("bench", start))
    await engine.dispose()


async def _follow(host: str, port: int, key: str, count: int) -> None:
    """The process of the followers: says `following`, then, when told anything, how many messages came."""
    counts = [0] * count
    begun = [asyncio.Event() for _ in range(count)]

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        nonce = base64.b64encode(os.urandom(16)).decode()
        upgrade = f"{UPGRADE}Sec-WebSocket-Key: {nonce}\r\n" if number % 2 else ""
        head = f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n{upgrade}\r\n"
        writer.write(head.encode())
        while data := await reader.read(1 << 16):
            counts[number] += data.count(MARK)
            if counts[number]:
                begun[number].set()

    tasks = [asyncio.create_task(one(number)) for number in range(count)]
    await asyncio.gather(*(event.wait() for event in begun))
    print("following", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    print(f"{sum(counts):,} messages, {min(counts):,} to {max(counts):,} each")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--follow"]:
        asyncio.run(_follow(sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
    else:
        main()
