"""The main database: which revision its schema is at, and migrations up and down.

Each revision is a file of `migrations/versions`. A database made by a newer program is left alone: what its
columns mean is not known here.
"""

from __future__ import annotations

import asyncio
import sqlite3
from functools import cache
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ntpd112.cdr.engine import PATIENT, WORK, DatabaseError, Use, create_engine, first_line, is_refusal

__all__ = [
    "DatabaseError",
    "Revision",
    "Schema",
    "create_engine",
    "first_line",
    "is_refusal",
    "look",
    "migrate",
    "open_database",
    "revisions",
]

ALONE = {
    "postgresql": [f"SELECT pg_advisory_xact_lock({0x6E7470643131})"],
    "sqlite": ["PRAGMA foreign_keys = off", "BEGIN IMMEDIATE"],
}
"""Of two programs started at once one migrates and the other waits. SQLite's driver would begin no
transaction for DDL; a table that is made anew must not take with it what refers to it."""
DRIVER_END_S = 0.05
"""Seconds for aiosqlite's thread to end after a failed open: the loop that it reports to must still be
there."""


class Revision(NamedTuple):
    """A step of the schema. `what`: the first line of its file."""

    id: str
    what: str


class Schema(NamedTuple):
    """Where a database stands, seen by this program."""

    revision: str | None
    "None: nothing in it yet."
    missing: list[Revision]
    "That this program knows and the database has not, oldest first."
    is_newer: bool
    "Made by a program that knows more revisions than this one."

    @property
    def is_usable(self) -> bool:
        return not self.missing and not self.is_newer


def revisions() -> list[Revision]:
    """All that this program knows, oldest first."""
    return list(_revisions())


async def look(engine: AsyncEngine) -> Schema:
    """Where the database stands; changes nothing. Raises DatabaseError."""
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_look)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _unusable(engine, error) from error


async def migrate(engine: AsyncEngine, to: str = "head") -> None:
    """Brings the schema up or down to a revision, all or nothing, on a connection of its own; does nothing
    when it is there. Raises DatabaseError, also for a database of a newer program."""
    patient = create_engine(engine.url, PATIENT)
    try:
        async with patient.begin() as connection:
            await _migrate(connection, engine, to)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _unusable(engine, error) from error
    finally:
        await patient.dispose()


async def _migrate(connection: AsyncConnection, engine: AsyncEngine, to: str) -> None:
    for statement in ALONE[connection.dialect.name]:
        await connection.exec_driver_sql(statement)
    schema = await connection.run_sync(_look)
    if schema.is_newer:
        raise _newer(engine, schema)
    await connection.run_sync(_downgrade if _is_behind(to, schema) else _upgrade, to)


def _newer(engine: AsyncEngine, schema: Schema) -> DatabaseError:
    known = revisions()[-1].id
    return DatabaseError(
        f"database {engine.url.render_as_string()}: its schema is at revision {schema.revision}, of a newer "
        f"ntpd112; this one knows {known} at most: install the newer one, or let it bring the database down "
        f"first (`ntpd112 database downgrade {known}`)"
    )


async def open_database(url: str, use: Use = WORK) -> AsyncEngine:
    """An engine on an up-to-date schema; the caller disposes of it. Raises DatabaseError."""
    engine = create_engine(url, use)
    try:
        if not (await look(engine)).is_usable:
            await migrate(engine)
    except DatabaseError:
        await engine.dispose()
        await asyncio.sleep(DRIVER_END_S)
        raise
    return engine


def _upgrade(connection: Connection, revision: str) -> None:
    """Migrates up to a revision, within the connection's transaction."""
    command.upgrade(_alembic(connection), revision)


def _downgrade(connection: Connection, revision: str) -> None:
    """Migrates down to a revision; `base` removes everything."""
    command.downgrade(_alembic(connection), revision)


def _look(connection: Connection) -> Schema:
    found = MigrationContext.configure(connection).get_current_revision()
    known = revisions()
    ids = [revision.id for revision in known]
    if found is None:
        return Schema(None, known, is_newer=False)
    if found not in ids:
        return Schema(found, [], is_newer=True)
    return Schema(found, known[ids.index(found) + 1 :], is_newer=False)


def _is_behind(to: str, schema: Schema) -> bool:
    ids = ["base", *(revision.id for revision in revisions())]
    return to in ids and ids.index(to) < ids.index(schema.revision or "base")


@cache
def _revisions() -> tuple[Revision, ...]:
    scripts = ScriptDirectory.from_config(_config())
    walked = reversed(list(scripts.walk_revisions()))
    return tuple(Revision(script.revision, script.doc.rstrip(".")) for script in walked)


def _alembic(connection: Connection) -> Config:
    config = _config()
    config.attributes["connection"] = connection
    return config


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _unusable(engine: AsyncEngine, error: BaseException) -> DatabaseError:
    return DatabaseError(f"database {engine.url.render_as_string()}: {first_line(error)}")
