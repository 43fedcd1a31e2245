"""Databases for tests that are about something else than migrations: one is migrated a process, and each test
gets a copy. PostgreSQL has no file to copy: there each is migrated.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr.database import open_database

T = TypeVar("T")


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Kept here, it goes when the process ends."""
    return tempfile.TemporaryDirectory(prefix="databases-")


class Prepared(Generic[T]):
    """Databases on the newest schema in which `fill` has put something; it returns what tests need to know of
    it."""

    def __init__(self, fill: Callable[[AsyncEngine], Awaitable[T]]) -> None:
        self._fill = fill
        self._made: tuple[Path, T] | None = None

    async def put(self, url: str) -> T:
        """Makes the database of this URL such a one; it has to be empty. What `fill` returned."""
        if make_url(url).get_backend_name() != "sqlite":
            return await self._make(url)
        if self._made is None:
            file = Path(_folder().name) / f"{id(self)}.db"
            self._made = file, await self._make(f"sqlite+aiosqlite:///{file}")
        file, known = self._made
        shutil.copyfile(file, make_url(url).database or "")
        return known

    async def _make(self, url: str) -> T:
        engine = await open_database(url)
        try:
            return await self._fill(engine)
        finally:
            await engine.dispose()


async def _nothing(engine: AsyncEngine) -> None:
    return


NEWEST_SCHEMA = Prepared(_nothing)
