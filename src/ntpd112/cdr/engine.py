"""An engine for the main database's URL, of which no use takes for ever.

SQLite (`sqlite+aiosqlite:///file.db`) and PostgreSQL (`postgresql+asyncpg://user:password@host/name`). A
server may be away (refuses), or hang (takes what is sent and never answers): either is an error within the
limit of the engine's use.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, NamedTuple, Self

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

CONNECT_TIMEOUT_S = 5.0
BUSY_TIMEOUT_MS = 5000
"How long SQLite waits for another writer (the command line adding an operator)."


class Use(NamedTuple):
    """What an engine is for. Engines share no connection: whoever waits for one waits for its own kind."""

    connections: int
    "At most."
    limit_s: float | None
    "Longest use of a connection, waiting for a free one included; None: as long as it takes."


WORK = Use(connections=5, limit_s=30.0)
"The projection, the directory, the command line: what is written in one go takes a second at most."
READING = Use(connections=6, limit_s=10.0)
"REST requests: two exports, and pages beside them. A client told 503 after 10 s is still there to hear it."
PATIENT = Use(connections=1, limit_s=None)
"A migration may have to touch millions of rows."


class DatabaseError(Exception):
    """The database cannot be used; the message names its URL (without the password) and what is wrong."""


def create_engine(url: str | URL, use: Use = WORK) -> AsyncEngine:
    """An engine; connects to nothing yet. Raises DatabaseError for a URL that is not understood.

    A use by `async with engine.connect()` or `engine.begin()` that goes over the limit ends with
    TimeoutError, and its connection is given up."""
    try:
        parsed = make_url(url)
        name = parsed.drivername
        pool = {"pool_size": use.connections, "max_overflow": 0}
        if name == "sqlite+aiosqlite":
            engine = create_async_engine(parsed, **pool)
            event.listen(engine.sync_engine, "connect", _set_up_sqlite)
            return _BoundedEngine(engine, use.limit_s)
        if name == "postgresql+asyncpg":
            timeouts = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": use.limit_s}
            engine = create_async_engine(parsed, pool_pre_ping=True, connect_args=timeouts, **pool)
            return _BoundedEngine(engine, use.limit_s)
    except (ArgumentError, ImportError) as error:
        raise DatabaseError(f"[database] url: {error}") from error
    raise DatabaseError(
        f'[database] url: "{name}" is not supported; '
        "use sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/NAME"
    )


class _BoundedEngine(AsyncEngine):
    def __init__(self, engine: AsyncEngine, limit_s: float | None) -> None:
        super().__init__(engine.sync_engine)
        self.limit_s = limit_s

    def connect(self) -> AsyncConnection:
        return _BoundedConnection(self, self.limit_s)


class _BoundedConnection(AsyncConnection):
    """The driver's own timeout is not enough: after it, a connection to a server that hangs is rolled back,
    which waits again."""

    def __init__(self, engine: AsyncEngine, limit_s: float | None) -> None:
        super().__init__(engine)
        self._limit_s = limit_s

    async def __aenter__(self) -> Self:
        self._limit = await asyncio.timeout(self._limit_s).__aenter__()
        try:
            await super().__aenter__()
        except BaseException as error:
            await self._end(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        except BaseException as closing:
            await self._end(type(closing), closing, closing.__traceback__)
            raise
        await self._end(kind, error, trace)

    async def _end(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise TimeoutError(f"no answer within {self._limit_s:g} s") from late


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
