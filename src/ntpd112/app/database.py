"""The main database in the agent: no start and no call waits for it.

A start reads operators and API keys from it, and brings its schema up to date. If it is away, does not
answer, or is of a newer program, the agent starts with those it last knew (`LastKnown`), says so, and goes on
trying; CDRs wait in the journal meanwhile. Only an agent that never knew anybody needs the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ntpd112.cdr.database import DatabaseError, first_line, look, migrate
from ntpd112.cdr.engine import READING, WORK, create_engine
from ntpd112.cdr.hours import Hours

from .counting import keep_counted

START_WAIT_S = 10.0
"How long a start that could do without it waits for the database: a connection that nobody takes costs 5 s."
RETRY_S = 2.0
log = structlog.get_logger("ntpd112.database")


class Directory(Protocol):
    """What calls and requests look up in memory: read from the database, and kept in a file."""

    async def refresh(self) -> None:
        """Takes over what has changed in the database; raises what that raises."""

    def recall(self) -> bool:
        """Takes over what was last known; False: nothing ever was."""


class MainDatabase:
    """`work`: the engine of projection and directories; `reading`: that of REST requests, so that slow ones
    never hold up CDRs. `problem`: why neither is used, None when they are."""

    def __init__(self, url: str, *, start_wait_s: float = START_WAIT_S, retry_s: float = RETRY_S) -> None:
        """Raises DatabaseError for a URL that is not understood."""
        self.work = create_engine(url, WORK)
        self.reading = create_engine(url, READING)
        self.problem: str | None = None
        self._start_wait_s = start_wait_s
        self._retry_s = retry_s
        self._usable = asyncio.Event()
        self._attempt: asyncio.Task[None] | None = None

    async def begin(self, directories: Iterable[Directory]) -> None:
        """Before the first call: fills the directories. Raises DatabaseError if the database is not there and
        one of them was never known."""
        every = list(directories)
        recalled = [directory.recall() for directory in every]
        known = all(recalled)
        attempt = self._attempt = asyncio.create_task(self._bring_up())
        await asyncio.wait({attempt}, timeout=self._start_wait_s if known else None)
        try:
            if not attempt.done():
                raise TimeoutError(f"not ready within {self._start_wait_s:g} s")
            attempt.result()
            for directory in every:
                await directory.refresh()
        except (DatabaseError, SQLAlchemyError, OSError) as error:
            self._failed(error)
            if not known:
                raise DatabaseError(self.problem) from error
            log.error("started without the database; operators and API keys are as last known")
        else:
            self._usable.set()

    async def _bring_up(self) -> None:
        """Raises DatabaseError, also for a schema of a newer program."""
        if not (await look(self.work)).is_usable:
            # In a thread: calls may be running.
            await asyncio.to_thread(lambda: asyncio.run(migrate(self.work)))

    async def keep(self) -> None:
        """Tries until the database is usable."""
        while not self._usable.is_set():
            try:
                if self._attempt is not None:  # a migration may take longer than a start waits
                    await self._attempt
                self._usable.set()
            except DatabaseError as error:
                self._failed(error)
                await asyncio.sleep(self._retry_s)
                self._attempt = asyncio.create_task(self._bring_up())
        if self.problem is not None:
            log.warning("the database is there")
            self.problem = None

    async def look_after(self) -> None:
        """For ever: tries until it is usable, then counts what reports add up."""
        await self.keep()
        await keep_counted(Hours(self.work))

    async def once_usable(self, work: Callable[[], Awaitable[None]]) -> None:
        """For what writes to the database, or reads from it again and again."""
        await self._usable.wait()
        await work()

    @property
    def is_usable(self) -> bool:
        return self._usable.is_set()

    @property
    def warning(self) -> str | None:
        """For `/readyz`."""
        if self.problem is None:
            return None
        return f"{self.problem}: operators and API keys are as last known, CDRs wait in the journal"

    def _failed(self, error: Exception) -> None:
        where = f"database {self.work.url.render_as_string()}"
        problem = str(error) if isinstance(error, DatabaseError) else f"{where}: {first_line(error)}"
        if self.problem is None:
            log.error("the database cannot be used", reason=problem)
        self.problem = problem

    async def close(self) -> None:
        if self._attempt is not None:
            self._attempt.cancel()
            await asyncio.gather(self._attempt, return_exceptions=True)
        await self.work.dispose()
        await self.reading.dispose()
