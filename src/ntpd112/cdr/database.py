"""The main database: an engine for its URL, brought to the newest schema.

SQLite (`sqlite+aiosqlite:///file.db`) and PostgreSQL (`postgresql+asyncpg://user:password@host/name`).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

POOL_SIZE = 5
"Connections kept: the projection's, and some for REST requests."
CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 60.0
"Longest query; a page of CDRs takes milliseconds."
BUSY_TIMEOUT_MS = 5000
"How long SQLite waits for another writer (the command line adding an operator)."
MIGRATION_LOCK = 0x6E7470643131
"PostgreSQL advisory lock: of two programs started at once, one migrates and the other waits."


class DatabaseError(Exception):
    """The database cannot be used; the message names its URL (without the password) and what is wrong."""


def create_engine(url: str) -> AsyncEngine:
    """An engine; connects to nothing yet. Raises DatabaseError for a URL that is not understood."""
    try:
        parsed = make_url(url)
        name = parsed.drivername
        if name == "sqlite+aiosqlite":
            engine = create_async_engine(parsed)
            event.listen(engine.sync_engine, "connect", _set_up_sqlite)
            return engine
        if name == "postgresql+asyncpg":
            timeouts = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": COMMAND_TIMEOUT_S}
            return create_async_engine(parsed, pool_size=POOL_SIZE, pool_pre_ping=True, connect_args=timeouts)
    except (ArgumentError, ImportError) as error:
        raise DatabaseError(f"[database] url: {error}") from error
    raise DatabaseError(
        f'[database] url: "{name}" is not supported; '
        "use sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/NAME"
    )


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = wal",
        "synchronous = normal",
        "foreign_keys = on",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def migrate(engine: AsyncEngine) -> None:
    """Brings the schema up to date; does nothing when it is. Raises DatabaseError."""
    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.run_sync(upgrade)
    except (SQLAlchemyError, sqlite3.Error, OSError, TimeoutError) as error:
        raise DatabaseError(f"database {engine.url.render_as_string()}: {first_line(error)}") from error


async def open_database(url: str) -> AsyncEngine:
    """An engine on an up-to-date schema; the caller disposes of it. Raises DatabaseError."""
    engine = create_engine(url)
    try:
        await migrate(engine)
    except DatabaseError:
        await engine.dispose()
        raise
    return engine


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrates up to a revision, within the connection's transaction."""
    command.upgrade(_alembic(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Migrates down to a revision; `base` removes everything."""
    command.downgrade(_alembic(connection), revision)


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def first_line(error: BaseException) -> str:
    """What an error says, without SQL and links."""
    cause = getattr(error, "orig", None) or error
    return (str(cause) or type(cause).__name__).splitlines()[0]


def is_refusal(error: BaseException) -> bool:
    """Whether the database refuses what was to be written (trying again is useless), rather than being
    away or full. SQLSTATE classes 22 and 23 of the SQL standard: data exception, integrity constraint
    violation."""
    if isinstance(error, DataError | IntegrityError | ValueError | TypeError | OverflowError):
        return True
    if not isinstance(error, StatementError):
        return False
    if str(getattr(error.orig, "sqlstate", None) or "").startswith(("22", "23")):
        return True
    return isinstance(getattr(error.orig, "__cause__", None), ValueError)
