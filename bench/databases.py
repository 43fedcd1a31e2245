"""A million CDRs on SQLite and on PostgreSQL, side by side, beside calls: `python -m bench.databases`.

Pages in the middle by cursor and by each filter, over REST, alone and while calls come in; those calls'
dispatch time (from the caller's INVITE to the one at an operator's phone, on the wire) alone, beside pages
and beside an export of everything. PostgreSQL is a real server with its own settings, on a Unix socket, in a
temporary folder; about 4 GB of disk are needed, and given back.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from bench.cdrs import FREQUENT, SELDOM, fill_postgres, fill_sqlite
from bench.load.systems import AgentUnderTest
from bench.load.traffic import Operators, call
from bench.load.wire import Wire, invite_through
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from tests.e2e.peers.agent import Agent
from tests.e2e.peers.loopback import Loopback
from tests.postgres import PostgresServer

from ntpd112.cdr.database import open_database

HOLD_MS = 500
OPERATORS = 100
PAGE = 100
PAUSE_S = 0.04
"Between a client's pages: below the rate that one key may ask at."
NEEDED_BYTES = 4 << 30
SERVER = {"listen_addresses": "", "max_connections": "50"}
"Everything else as PostgreSQL comes, with fsync."
MIDDLE = "to=2025-11-01"
FILTERS = {
    "a day": "from=2025-03-01&to=2025-03-02",
    "queue": "queue=112",
    "rare queue": "queue=counselling",
    "trunk of old": "trunk=old",
    "operator": "operator=op0",
    "disposition": "disposition=abandoned",
    "rare disposition": "disposition=interrupted",
    "classification": "classification=emergency",
    "frequent caller": f"caller={FREQUENT.replace('+', '%2B')}",
    "seldom caller": f"caller={SELDOM.replace('+', '%2B')}",
    "two that hardly meet": "trunk=old&disposition=overflowed&queue=112",
    "two that never meet": "classification=emergency&disposition=abandoned",
}

console = Console(width=130)


@dataclass
class Figures:
    """Milliseconds, by what was measured; lines of an export."""

    pages: dict[str, list[float]] = field(default_factory=dict)
    dispatch: dict[str, list[float]] = field(default_factory=dict)
    failed: int = 0
    export: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.databases")
    parser.add_argument("--cdrs", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=50, help="offered calls a second")
    parser.add_argument("--seconds", type=int, default=20, help="how long they are offered in each case")
    parser.add_argument("--pages", type=int, default=200, help="in the middle, without calls")
    parser.add_argument("--export-limit", type=int, default=300, help="seconds; the rest is not read")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ntpd112-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run as another user
        if shutil.disk_usage(folder).free < NEEDED_BYTES:
            parser.exit(1, f"{NEEDED_BYTES >> 30} GB are needed in {folder.parent}\n")
        found = {
            "SQLite": _measured(folder / "sqlite", options, _sqlite),
            "PostgreSQL": _measured(folder / "postgres", options, _postgres(folder / "server", stack)),
        }
        _print(found)


Fill = Callable[[Path, int], str]
"Makes a database with so many CDRs; its URL."


def _sqlite(folder: Path, count: int) -> str:
    file = folder / "cdrs.db"
    url = f"sqlite+aiosqlite:///{file}"
    asyncio.run(_make_tables(url))
    with _progress("SQLite", count) as told:
        fill_sqlite(file, count, told)
    return url


def _postgres(folder: Path, stack: ExitStack) -> Fill:
    def fill(_: Path, count: int) -> str:
        folder.mkdir()
        server = PostgresServer(folder, SERVER)
        stack.callback(server.stop)
        url = server.new_database()
        asyncio.run(_make_tables(url))
        with _progress("PostgreSQL", count) as told:
            asyncio.run(fill_postgres(url, count, told))
        return url

    return fill


async def _make_tables(url: str) -> None:
    await (await open_database(url)).dispose()


@contextmanager
def _progress(what: str, count: int) -> Iterator[Callable[[int], None]]:
    with Progress(console=console) as progress:
        bar = progress.add_task(f"{count:,} CDRs into {what}", total=count)
        yield lambda done: progress.update(bar, completed=done)


def _measured(folder: Path, options: argparse.Namespace, fill: Fill) -> Figures:
    folder.mkdir()
    net = Loopback.of_this_process()
    system = AgentUnderTest(folder, net, database=fill(folder, options.cdrs))
    phones = Operators(folder, net)
    try:
        system.start(OPERATORS)
        phones.start()
        return _Run(folder, net, system, options).everything()
    finally:
        phones.stop()
        system.stop()


class _Run:
    def __init__(
        self, folder: Path, net: Loopback, system: AgentUnderTest, options: argparse.Namespace
    ) -> None:
        self._folder, self._net, self._system, self._options = folder, net, system, options
        self._figures = Figures()
        self._client = Client(system.agent)

    def everything(self) -> Figures:
        figures, client = self._figures, self._client
        call(self._folder, self._net, self._system.target, rate=20, calls=40, hold_ms=HOLD_MS)
        console.print("pages")
        figures.pages["middle, by cursor"] = list(client.pages(MIDDLE, self._options.pages))
        for name, query in FILTERS.items():
            figures.pages[name] = list(client.pages(query, max(10, self._options.pages // 10), again=True))
        console.print("calls")
        self._calls("alone", nullcontext())
        times: list[float] = []
        self._calls("beside pages", _beside(lambda ended: times.extend(client.until(ended, MIDDLE))))
        figures.pages["middle, beside calls"] = times
        console.print("calls beside an export of everything")
        export = Export(self._system.agent, self._options.export_limit)
        self._calls("beside an export", _started(export))
        figures.export = export.told()
        return figures

    def _calls(self, name: str, beside: AbstractContextManager[None]) -> None:
        wire, rate = Wire(), self._options.rate
        with beside:
            count = rate * self._options.seconds
            result = call(
                self._folder, self._net, self._system.target, rate=rate, calls=count, hold_ms=HOLD_MS
            )
        times = invite_through(wire.stop(), self._net.telco, self._net.phone(1))
        self._figures.dispatch[name] = [1000 * time_s for time_s in times]
        self._figures.failed += result.failed


class Client:
    """Reads pages as a table in a browser does, one after the other."""

    def __init__(self, agent: Agent) -> None:
        headers = {"Authorization": f"Bearer {agent.key}"}
        self._http = httpx.Client(base_url=f"{agent.url}/api/v1", headers=headers, timeout=60)

    def pages(self, query: str, count: int, *, again: bool = False) -> Iterator[float]:
        """Milliseconds of each. `again`: the first page each time; else on by the cursor."""
        cursor = ""
        for _ in range(count):
            time_ms, found = self._page(query + cursor)
            yield time_ms
            following = found["next_cursor"]
            cursor = f"&cursor={following}" if following and not again else ""
            time.sleep(PAUSE_S)

    def until(self, ended: threading.Event, query: str) -> Iterator[float]:
        while not ended.is_set():
            yield from self.pages(query, 10)

    def _page(self, query: str) -> tuple[float, dict[str, Any]]:
        begun = time.perf_counter()
        answer = self._http.get(f"/cdrs?limit={PAGE}&{query}")
        time_ms = 1000 * (time.perf_counter() - begun)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return time_ms, found


class Export:
    """All CDRs as NDJSON, by one client."""

    def __init__(self, agent: Agent, limit_s: float) -> None:
        self._agent = agent
        self._limit_s = limit_s
        self._lines = 0
        self._seconds = 0.0
        self._last = b""
        self._thread = threading.Thread(target=self._read)

    def start(self) -> None:
        self._thread.start()

    def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self._agent.key}", "Accept": "application/x-ndjson"}
        begun = time.monotonic()
        with httpx.stream("GET", f"{self._agent.url}/api/v1/cdrs", headers=headers, timeout=60) as answer:
            for chunk in answer.iter_raw():
                self._lines += chunk.count(b"\n")
                self._last = chunk[-100:]
                self._seconds = time.monotonic() - begun
                if self._seconds > self._limit_s:
                    break

    def told(self) -> str:
        """Waits for its end."""
        self._thread.join()
        whole = f"whole ({self._last.splitlines()[-1].decode()})" if b'{"count":' in self._last else "cut off"
        return f"{self._lines:,} lines in {self._seconds:.0f} s, {whole}"


@contextmanager
def _beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    ended = threading.Event()
    thread = threading.Thread(target=work, args=[ended])
    thread.start()
    yield
    ended.set()
    thread.join()


@contextmanager
def _started(export: Export) -> Iterator[None]:
    export.start()
    yield


def _print(found: dict[str, Figures]) -> None:
    table = Table("median / p99 / longest, ms", *found)
    for what in next(iter(found.values())).pages:
        table.add_row(f"page, {what}", *(_said(figures.pages[what]) for figures in found.values()))
    for what in next(iter(found.values())).dispatch:
        table.add_row(f"dispatch, {what}", *(_said(figures.dispatch[what]) for figures in found.values()))
    table.add_row("calls failed", *(str(figures.failed) for figures in found.values()))
    table.add_row("export, NDJSON", *(figures.export for figures in found.values()))
    console.print(table)


def _said(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{statistics.median(ordered):.1f} / {ordered[int(0.99 * len(ordered))]:.1f} / {ordered[-1]:.1f}"


if __name__ == "__main__":
    main()
