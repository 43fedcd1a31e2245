"""Made-up CDRs of two years, always the same: what a busy centre's database looks like, straight into SQLite
or PostgreSQL (by its COPY), about 10,000 a second.

Day and night, callers who call once and a few who call every night, rare outcomes, an old trunk that has no
calls any more: whatever a filter may be asked for is common somewhere and rare elsewhere.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from ntpd112.journal.ids import IdFactory

BEGIN = datetime(2024, 11, 1, tzinfo=UTC)
DAYS = 730
OLD_TRUNK_DAYS = 60
"The trunk `old` had calls in the first two months only."
HOURS = [2, 1, 1, 1, 1, 2, 4, 6, 8, 8, 8, 7, 7, 7, 7, 7, 8, 9, 9, 8, 7, 6, 5, 3]
"Calls by hour of the day, as weights."
OPERATORS = 40
CALLERS = 200_000
BATCH = 5_000
OUTCOMES = {
    "answered": 700,
    "abandoned": 270,
    "overflowed": 20,
    "rejected": 8,
    "failed": 1.9,
    "interrupted": 0.1,
}
QUEUES = {"112": 85, "medical": 10, "fire": 4.9, "counselling": 0.1}
FOUND = {"emergency": 20, "information": 25, "ghost": 30, "prank": 25}
FREQUENT, SELDOM = "+628110000007", "+628110199999"
"A caller with thousands of calls, and one with a handful."

Row = tuple[Any, ...]
Made = tuple[dict[str, Any], list[dict[str, Any]]]


class _Choice:
    def __init__(self, weights: Mapping[str, float], draw: random.Random) -> None:
        self._values, self._sums = list(weights), list(accumulate(weights.values()))
        self._draw = draw

    def __call__(self) -> str:
        return self._draw.choices(self._values, cum_weights=self._sums)[0]


def made(count: int, seed: int = 112) -> Iterator[Made]:
    """CDRs with their segments as columns' values, oldest first."""
    draw = random.Random(seed)
    outcome, queue, found = (_Choice(weights, draw) for weights in (OUTCOMES, QUEUES, FOUND))
    hours = list(accumulate(HOURS))
    ids = IdFactory()
    for day in range(DAYS):
        calls = count * (day + 1) // DAYS - count * day // DAYS
        seconds = sorted(
            draw.choices(range(24), cum_weights=hours)[0] * 3600 + draw.random() * 3600 for _ in range(calls)
        )
        for second in seconds:
            at = BEGIN + timedelta(days=day, seconds=second)
            call_id = ids.new(at.timestamp(), draw.randbytes(10))
            trunk = "old" if day < OLD_TRUNK_DAYS and draw.random() < 0.3 else draw.choice(("telco", "pbx"))
            yield _call(draw, call_id, at, trunk, queue(), outcome(), found)


def _call(
    draw: random.Random,
    call_id: str,
    at: datetime,
    trunk: str,
    queue: str,
    outcome: str,
    found: Callable[[], str],
) -> Made:
    wait_s, talk_s = round(draw.expovariate(1 / 8), 3), round(draw.expovariate(1 / 75), 3)
    answered = outcome == "answered"
    operator = f"op{int(OPERATORS * draw.random() ** 2)}" if answered else None
    queued_at = at + timedelta(seconds=0.4)
    answered_at = queued_at + timedelta(seconds=wait_s) if answered else None
    ended_at = queued_at + timedelta(seconds=wait_s + (talk_s if answered else 0.0))
    # The lower numbers call again and again, the higher ones once or twice.
    caller = "" if draw.random() < 0.05 else f"+62811{int(CALLERS * draw.random() ** 3):07}"
    cdr = {
        "id": call_id,
        "region": "35.78",
        "direction": "in",
        "trunk": trunk,
        "queue": queue,
        "priority": 5,
        "caller": caller,
        "caller_name": "",
        "dialled": "112",
        "diverted_from": "",
        "started_at": at,
        "queued_at": queued_at,
        "answered_at": answered_at,
        "ended_at": ended_at,
        "ring_s": 2.5 if answered else 0.0,
        "wait_s": wait_s,
        "talk_s": talk_s if answered else 0.0,
        "hold_s": 0.0,
        "operator": operator,
        "disposition": outcome,
        "classification": found() if answered else None,
        "hangup_by": "caller",
        "sip_code": 200,
        "q850_cause": 16,
        "reason": "",
        "offers": int(answered),
        "recording": f"{at:%Y/%m/%d}/{call_id}.wav" if answered else None,
        "quality": {"caller": {"packets": int(talk_s * 50), "lost": 0, "jitter_ms": 1.5}},
        "parts": [],
        "sip_call_id": f"{draw.getrandbits(64):016x}@telco.example",
        "source": "10.1.0.5:5060",
    }
    return cdr, _legs(cdr)


def _legs(cdr: dict[str, Any]) -> list[dict[str, Any]]:
    times = {"started_at": cdr["started_at"], "answered_at": cdr["answered_at"], "ended_at": cdr["ended_at"]}
    caller = {**times, "call_id": cdr["id"], "number": 0, "party": "caller", "outcome": cdr["disposition"]}
    if cdr["operator"] is None:
        return [caller]
    operator = {"number": 1, "party": "operator", "outcome": "answered", "sip_code": 200, "q850_cause": 16}
    return [caller, {**caller, **operator, "operator": cdr["operator"], "name": cdr["operator"]}]


def _rows(values: list[dict[str, Any]], names: list[str], moment: Callable[[datetime], Any]) -> list[Row]:
    return [tuple(_plain(row.get(name), moment) for name in names) for row in values]


def _plain(value: Any, moment: Callable[[datetime], Any]) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    return json.dumps(value) if isinstance(value, dict | list) else value


def _batches(count: int, told: Callable[[int], None]) -> Iterator[list[Made]]:
    source, done = made(count), 0
    while batch := list(islice(source, BATCH)):
        yield batch
        done += len(batch)
        told(done)


def fill_sqlite(file: Path, count: int, told: Callable[[int], None]) -> None:
    """Into an up-to-date, empty database. `told`: how many there are by now."""
    database = sqlite3.connect(file)
    database.execute("PRAGMA synchronous = off")
    database.execute("PRAGMA cache_size = -200000")  # KiB
    for batch in _batches(count, told):
        for table, values in _by_table(batch):
            names = _names(values)
            rows = _rows(values, names, lambda at: f"{at:%Y-%m-%d %H:%M:%S.%f}")
            marks = ", ".join("?" * len(names))
            database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
        database.commit()
    database.close()


async def fill_postgres(url: str, count: int, told: Callable[[int], None]) -> None:
    """Into an up-to-date, empty database."""
    where = make_url(url)
    database = await asyncpg.connect(user=where.username, database=where.database, host=where.query["host"])
    for batch in _batches(count, told):
        for table, values in _by_table(batch):
            names = _names(values)
            rows = _rows(values, names, lambda at: at)
            await database.copy_records_to_table(table, records=rows, columns=names)
    await database.execute("ANALYZE")
    await database.close()


def _by_table(batch: list[Made]) -> list[tuple[str, list[dict[str, Any]]]]:
    legs = [leg for _, of_call in batch for leg in of_call]
    return [("cdrs", [cdr for cdr, _ in batch]), ("segments", legs)]


def _names(values: list[dict[str, Any]]) -> list[str]:
    """Of all columns that any row has a value for; the others have their default."""
    return list(dict.fromkeys(name for row in values for name in row))
