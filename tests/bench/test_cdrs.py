"""The made-up CDRs of `bench.databases`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import msgspec
from bench.cdrs import fill_postgres, fill_sqlite, made
from sqlalchemy import make_url
from tests.cdr.conftest import postgres_server, url

from ntpd112.cdr.database import open_database
from ntpd112.cdr.store import CdrStore, Filter, Position

__all__ = ["postgres_server", "url"]


def test_they_are_the_same_each_time_and_come_in_the_order_of_their_calls() -> None:
    some = list(islice(made(10_000), 200))
    assert some == list(islice(made(10_000), 200))
    ids = [cdr["id"] for cdr, _ in some]
    starts = [cdr["started_at"] for cdr, _ in some]
    assert (ids, starts) == (sorted(ids), sorted(starts))


async def test_a_database_filled_with_them_reads_as_one_the_agent_wrote(url: str) -> None:
    engine = await open_database(url)
    told: list[int] = []
    file = make_url(url).database
    if url.startswith("sqlite"):
        fill_sqlite(Path(str(file)), 300, told.append)
    else:
        await fill_postgres(url, 300, told.append)
    store = CdrStore(engine)
    found = await store.page(Filter(), 1000)
    assert told == [len(found)] == [300]
    assert {cdr.id: (cdr.started_at, cdr.disposition) for cdr in found} == {
        cdr["id"]: (cdr["started_at"], cdr["disposition"]) for cdr, _ in made(300)
    }
    await store.write(found[:50], "cdrs", Position("bench", 1))
    again = await store.page(Filter(), 1000)
    assert msgspec.json.encode(again) == msgspec.json.encode(found)
    await engine.dispose()
