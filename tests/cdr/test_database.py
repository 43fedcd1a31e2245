"""The main database: its URL, its schema through the migrations, and that none of its uses takes for ever."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Integer, MetaData, String, Table, inspect, text, types
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.postgres import PostgresServer

from ntpd112.cdr.database import DatabaseError, create_engine, look, migrate, open_database, revisions
from ntpd112.cdr.engine import Use
from ntpd112.cdr.tables import metadata

ADMINISTRATION = "alembic_version"
Row = dict[str, Any]
Rows = dict[str, list[Row]]
"By table."


def tables_of(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {ADMINISTRATION}


async def test_migrations_make_exactly_the_tables_the_program_uses(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_there_is_one_newest_revision_and_each_says_what_it_is_for() -> None:
    known = revisions()
    assert [revision.id for revision in known] == [f"{n:04}" for n in range(1, len(known) + 1)]
    assert all(revision.what for revision in known)


# ---- up, down, and up again with data in the tables


def value_for(column_type: types.TypeEngine[Any], name: str, mark: int) -> object:
    """Something that the column can hold, different for each mark."""
    if isinstance(column_type, types.Boolean):
        return bool(mark % 2)
    if isinstance(column_type, types.JSON):
        return {"mark": mark}
    if isinstance(column_type, types.DateTime):
        return datetime(2026, 11, 1, 0, 0, mark, tzinfo=UTC)
    if isinstance(column_type, Integer):
        return mark
    if isinstance(column_type, types.Float):
        return mark + 0.5
    if isinstance(column_type, types.LargeBinary):
        return bytes([mark])
    assert isinstance(column_type, String), f"column {name}: what goes into {column_type!r}?"
    length = column_type.length or 40
    return f"{mark}-{name}"[:length]


def fill(connection: Connection, mark: int) -> None:
    """A row in every table there is, those before those that refer to them."""
    tables = MetaData()
    tables.reflect(connection)
    for table in tables.sorted_tables:
        if table.name != ADMINISTRATION:
            row = {column.name: _linked(table, column.name, mark) for column in table.columns}
            connection.execute(table.insert(), [row])


def _linked(table: Table, name: str, mark: int) -> object:
    """The column's value, or that of the column it refers to."""
    column = table.columns[name]
    for key in column.foreign_keys:
        column = key.column
    return value_for(column.type, column.name, mark)


def contents(connection: Connection) -> Rows:
    tables = MetaData()
    tables.reflect(connection)
    return {
        table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
        for table in tables.sorted_tables
        if table.name != ADMINISTRATION
    }


def assert_kept(before: Rows, after: Rows) -> None:
    """Every row is still there, with what it had in the columns that both revisions have."""
    for table in before.keys() & after.keys():
        assert len(before[table]) == len(after[table]), table
        if not before[table]:  # a step down took the table away, one up made it anew
            continue
        shared = before[table][0].keys() & after[table][0].keys()

        def in_both(row: Row, shared: set[str] = shared) -> str:
            return repr(sorted((name, row[name]) for name in shared))

        assert sorted(map(in_both, before[table])) == sorted(map(in_both, after[table])), table


async def read(engine: AsyncEngine) -> Rows:
    async with engine.connect() as connection:
        return await connection.run_sync(contents)


async def test_no_migration_up_or_down_loses_what_both_revisions_can_hold(url: str) -> None:
    engine = create_engine(url)
    steps = [revision.id for revision in revisions()]
    for mark, revision in enumerate(steps, start=1):
        before = await read(engine)
        await migrate(engine, revision)
        assert (await look(engine)).revision == revision
        assert_kept(before, await read(engine))
        async with engine.begin() as connection:
            await connection.run_sync(fill, mark)
    for revision in [*reversed(steps[:-1]), *steps[1:]]:
        before = await read(engine)
        await migrate(engine, revision)
        assert_kept(before, await read(engine))
    await migrate(engine, "base")
    async with engine.connect() as connection:
        assert await connection.run_sync(tables_of) == set()
    await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(tables_of) == set(metadata.tables)
    await engine.dispose()


async def test_migrating_a_migrated_database_changes_nothing(engine: AsyncEngine) -> None:
    before = await look(engine)
    await migrate(engine)
    assert await look(engine) == before
    assert before.is_usable


async def test_a_look_at_an_empty_database_says_what_is_missing_and_changes_nothing(url: str) -> None:
    engine = create_engine(url)
    schema = await look(engine)
    assert (schema.revision, schema.missing, schema.is_usable) == (None, revisions(), False)
    async with engine.connect() as connection:
        assert not await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()


async def test_a_database_of_a_newer_program_is_left_alone_and_named_as_such(url: str) -> None:
    engine = await open_database(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    schema = await look(engine)
    assert (schema.is_newer, schema.is_usable) == (True, False)
    newest = revisions()[-1].id
    expected = f"schema is at revision 9999, of a newer ntpd112; this one knows {newest} at most: install"
    with pytest.raises(DatabaseError, match=expected):
        await open_database(url)
    with pytest.raises(DatabaseError, match=expected):
        await migrate(engine, "base")
    assert (await look(engine)).revision == "9999"
    await engine.dispose()


OPEN = "import asyncio, sys; from ntpd112.cdr.database import open_database as o; asyncio.run(o(sys.argv[1]))"


async def test_of_two_programs_that_start_at_once_one_migrates_and_the_other_waits(url: str) -> None:
    programs = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN, url, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [(await program.communicate())[1] for program in programs] == [b"", b""]
    engine = create_engine(url)
    assert (await look(engine)).is_usable
    await engine.dispose()


async def test_a_migration_that_fails_half_way_leaves_nothing(url: str) -> None:
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE segments (taken INTEGER)"))
    with pytest.raises(DatabaseError, match=r"segments.* already exists"):
        await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(tables_of) == {"segments"}
    assert (await look(engine)).revision is None
    await engine.dispose()


# ---- what is wrong is said, soon


async def test_a_missing_folder_or_server_is_an_error_that_names_the_url_without_password(
    tmp_path: Path,
) -> None:
    with pytest.raises(DatabaseError, match=r"sqlite\+aiosqlite:///.*nowhere/main.db: unable to open"):
        await open_database(f"sqlite+aiosqlite:///{tmp_path}/nowhere/main.db")
    with pytest.raises(DatabaseError, match=r"postgresql\+asyncpg://me:\*\*\*@127.0.0.1:1/x: "):
        await open_database("postgresql+asyncpg://me:secret@127.0.0.1:1/x")


@pytest.mark.parametrize("url", ["mysql+aiomysql://h/x", "sqlite:///x.db", "postgresql://h/x"])
def test_other_databases_are_refused_with_what_is_expected(url: str) -> None:
    with pytest.raises(DatabaseError, match=r'"[a-z+]+" is not supported; use sqlite\+aiosqlite'):
        create_engine(url)


def test_what_is_no_url_is_refused() -> None:
    with pytest.raises(DatabaseError, match=r"\[database\] url"):
        create_engine("ntpd112.db")


async def test_a_server_that_hangs_is_an_error_and_serves_again_when_it_goes_on(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.new_database()
    await (await open_database(url)).dispose()
    engine = create_engine(url, Use(connections=2, limit_s=0.5))

    async def ask() -> object:
        async with engine.connect() as connection:
            return await connection.scalar(text("SELECT 1"))

    assert await ask() == 1
    with postgres_server.hanging():
        for _ in range(4):  # more than there are connections
            with pytest.raises((TimeoutError, SQLAlchemyError)):
                await ask()
    assert await ask() == 1
    await engine.dispose()


async def test_who_waits_for_a_connection_waits_no_longer_than_the_limit(url: str) -> None:
    engine = create_engine(url, Use(connections=1, limit_s=0.2))
    taken = await engine.connect()
    await taken.execute(text("SELECT 1"))
    with pytest.raises(TimeoutError, match=r"no answer within 0\.2 s"):
        async with engine.connect():
            pass
    await taken.close()
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()
