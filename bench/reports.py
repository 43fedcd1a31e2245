"""Reports over a million CDRs on SQLite and on PostgreSQL, side by side: `python -m bench.reports`.

A year by day as everybody asks for it, and what is needed before: counting the hours of all CDRs once, as
after the migration that brought the counts. Beside them the same year counted from the CDRs, which is what a
report would take without.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.cdrs import fill_postgres, fill_sqlite
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url, text
from tests.postgres import PostgresServer

from ntpd112.cdr import hours
from ntpd112.cdr.calendar import Unit
from ntpd112.cdr.database import open_database
from ntpd112.cdr.engine import PATIENT, create_engine
from ntpd112.cdr.reports import Reports, Wanted

ZONE = ZoneInfo("Asia/Jakarta")
YEAR = Wanted(first=date(2025, 1, 1), until=date(2026, 1, 1))
ASKED: dict[str, tuple[Unit, Wanted]] = {
    "a year by day": ("day", YEAR),
    "a year by day, one queue": ("day", Wanted(first=YEAR.first, until=YEAR.until, queue="medical")),
    "a month by day": ("day", Wanted(first=date(2025, 5, 1), until=date(2025, 6, 1))),
    "two years by month": ("month", Wanted()),
}
TIMES = 20
SERVER = {"listen_addresses": "", "max_connections": "50"}

Found = dict[str, str]


async def _measured(url: str) -> Found:
    engine = create_engine(url, PATIENT)
    reports, found = Reports(engine), Found()
    begun = time.perf_counter()
    due = await hours.Hours(engine).mark_all()
    found["hours marked"] = f"{due:,} in {time.perf_counter() - begun:.1f} s"
    begun = time.perf_counter()
    await reports.report("day", YEAR, ZONE)
    found["a year by day, nothing counted yet"] = f"{time.perf_counter() - begun:.2f} s"
    hours.PAUSE_S = 0.0
    begun = time.perf_counter()
    await hours.Hours(engine).count(datetime.now(UTC))
    found["all hours counted"] = f"{time.perf_counter() - begun:.0f} s"
    for name, (unit, wanted) in ASKED.items():
        times = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            await reports.report(unit, wanted, ZONE)
            times.append(1000 * (time.perf_counter() - begun))
        found[name] = f"{statistics.median(times):.0f} / {max(times):.0f} ms"
    async with engine.connect() as connection:
        rows = await connection.scalar(text("SELECT count(*) FROM hour_counts"))
    found["rows of counts"] = f"{rows:,}"
    await engine.dispose()
    return found


async def _made(url: str) -> None:
    await (await open_database(url)).dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reports")
    parser.add_argument("--cdrs", type=int, default=1_000_000)
    count = parser.parse_args().cdrs
    with tempfile.TemporaryDirectory(prefix="ntpd112-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run as another user
        server_folder = folder / "server"
        server_folder.mkdir()
        lite = f"sqlite+aiosqlite:///{folder}/cdrs.db"
        asyncio.run(_made(lite))
        fill_sqlite(Path(str(make_url(lite).database)), count, lambda done: None)
        found = {"SQLite": asyncio.run(_measured(lite))}
        server = PostgresServer(server_folder, SERVER)
        stack.callback(server.stop)
        url = server.new_database()
        asyncio.run(_made(url))
        asyncio.run(fill_postgres(url, count, lambda done: None))
        found["PostgreSQL"] = asyncio.run(_measured(url))
    table = Table("median / longest", *found)
    for what in found["SQLite"]:
        table.add_row(what, *(figures[what] for figures in found.values()))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
