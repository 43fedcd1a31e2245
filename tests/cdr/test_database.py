"""The main database: its URL, and its schema through the migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr.database import (
    DatabaseError,
    create_engine,
    downgrade,
    migrate,
    open_database,
    upgrade,
)
from ntpd112.cdr.tables import metadata


def tables_of(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_migrations_make_exactly_the_tables_the_program_uses(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrations_go_down_to_nothing_and_up_again(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(downgrade, "base")
        assert await connection.run_sync(tables_of) <= {"alembic_version"}
        await connection.run_sync(upgrade)
        assert await connection.run_sync(tables_of) == {*metadata.tables, "alembic_version"}


async def test_migrating_a_migrated_database_changes_nothing(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(tables_of) == {*metadata.tables, "alembic_version"}


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
