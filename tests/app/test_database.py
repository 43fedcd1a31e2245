"""The agent's start on a database that is there, away, hangs, or is of a newer program."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.cdr.conftest import postgres_server, url
from tests.postgres import PostgresServer

from ntpd112.access import Principal
from ntpd112.access.keys import KeyStore
from ntpd112.app.database import MainDatabase
from ntpd112.app.operators import OperatorWatch
from ntpd112.cdr.database import DatabaseError, look, open_database, revisions
from ntpd112.cdr.directory import Directory, Operator
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.queue import Acd

__all__ = ["postgres_server", "url"]

NOBODY = "postgresql+asyncpg://me:secret@127.0.0.1:1/x"


def operator(name: str) -> Operator:
    return Operator(id=name, name=name.title(), realm="r", ha1_md5="0" * 32, ha1_sha256="a" * 64)


class Start:
    """One start of an agent: its database, and who it knows."""

    def __init__(self, url: str, folder: Path, *, wait_s: float = 20.0) -> None:
        self.database = MainDatabase(url, start_wait_s=wait_s, retry_s=0.01)
        self.acd = Acd()
        work = self.database.work
        self.directory = Directory(work)
        self.operators = OperatorWatch(
            self.directory,
            self.acd,
            "r",
            lambda: None,
            LastKnown(folder / "operators.json", list[Operator]),
        )
        self.keys = KeyStore(work, LastKnown(folder / "keys.json", dict[str, Principal]))

    async def begin(self) -> None:
        await self.database.begin([self.operators, self.keys])

    def known(self) -> list[str]:
        return [one.id for one in self.acd.operators()]


async def yesterday(url: str, folder: Path) -> str:
    """A start on a database with an operator, whose agent then ended; an API key."""
    start = Start(url, folder)
    await start.begin()
    await start.directory.add(operator("siti"))
    await start.operators.refresh()
    key = await start.keys.add("wall", ["calls:read"])
    await start.database.close()
    return key


async def test_a_start_makes_the_tables_and_reads_who_there_is(url: str, tmp_path: Path) -> None:
    await yesterday(url, tmp_path)
    other_machine = tmp_path / "other"
    other_machine.mkdir()
    start = Start(url, other_machine)
    await start.begin()
    assert start.known() == ["siti"]
    assert start.operators.credentials("siti") is not None
    assert (start.database.is_usable, start.database.problem) == (True, None)
    await start.database.close()


async def test_a_start_while_the_database_is_away_goes_on_with_those_last_known(
    url: str, tmp_path: Path
) -> None:
    key = await yesterday(url, tmp_path)
    start = Start(NOBODY, tmp_path)
    await start.begin()
    assert start.known() == ["siti"]
    assert start.operators.credentials("siti") is not None
    assert start.keys.find(key) is not None
    assert not start.database.is_usable
    assert str(start.database.problem).startswith("database postgresql+asyncpg://me:***@127.0.0.1:1/x: ")
    await start.database.close()


async def test_a_start_that_never_knew_anybody_needs_the_database(tmp_path: Path) -> None:
    start = Start(NOBODY, tmp_path)
    with pytest.raises(DatabaseError, match=r"me:\*\*\*@127.0.0.1:1/x: "):
        await start.begin()
    await start.database.close()


async def test_a_server_that_hangs_holds_a_start_up_no_longer_than_it_waits_and_is_used_once_it_answers(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.new_database()
    await yesterday(url, tmp_path)
    start = Start(url, tmp_path, wait_s=0.5)
    done: list[bool] = []

    async def work() -> None:
        done.append(start.database.is_usable)

    waiting = asyncio.create_task(start.database.once_usable(work))
    with postgres_server.hanging():
        await start.begin()
        assert start.known() == ["siti"]
        assert "not ready within 0.5 s" in str(start.database.problem)
        keeping = asyncio.create_task(start.database.keep())
        assert done == []
    await keeping
    await waiting
    assert (done, start.database.problem) == ([True], None)
    await start.database.close()


async def test_a_server_that_was_away_is_brought_up_to_date_when_it_comes(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    await yesterday(f"sqlite+aiosqlite:///{tmp_path}/main.db", tmp_path)
    url = postgres_server.new_database()
    postgres_server.stop()
    try:
        start = Start(url, tmp_path)
        await start.begin()
        assert start.known() == ["siti"]
        keeping = asyncio.create_task(start.database.keep())
        await asyncio.sleep(0.05)
    finally:
        postgres_server.start()
    await keeping
    assert (await look(start.database.work)).is_usable
    await start.operators.refresh()
    assert start.known() == []
    await start.database.close()


async def test_a_newer_program_s_database_is_left_alone_and_calls_are_taken(url: str, tmp_path: Path) -> None:
    await yesterday(url, tmp_path)
    engine = await open_database(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    start = Start(url, tmp_path)
    await start.begin()
    assert start.known() == ["siti"]
    assert "of a newer ntpd112" in str(start.database.problem)
    assert (await look(engine)).revision == "9999"
    async with engine.begin() as connection:  # as after the newer program has brought it down
        await connection.execute(text(f"UPDATE alembic_version SET version_num = '{revisions()[-1].id}'"))
    await start.database.keep()
    assert (start.database.is_usable, start.database.problem) == (True, None)
    await engine.dispose()
    await start.database.close()


async def test_slow_requests_take_no_connection_of_those_who_write(url: str, tmp_path: Path) -> None:
    start = Start(url, tmp_path)
    await start.begin()
    reading = start.database.reading
    taken = [await reading.connect() for _ in range(reading.pool.size())]  # type: ignore[attr-defined]
    await start.directory.add(operator("siti"))
    await start.operators.refresh()
    assert start.known() == ["siti"]
    for connection in taken:
        await connection.close()
    await start.database.close()


async def test_operators_who_are_gone_from_the_database_are_gone_once_it_can_be_read(
    url: str, tmp_path: Path
) -> None:
    await yesterday(url, tmp_path)
    engine = await open_database(url)
    await Directory(engine).remove("siti")
    await Directory(engine).add(operator("budi"))
    await engine.dispose()
    start = Start(url, tmp_path)
    assert start.operators.recall()
    assert start.known() == ["siti"]
    await start.begin()
    assert start.known() == ["budi"]
    await start.database.close()
