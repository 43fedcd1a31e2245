"""When and from where each API key was last used: noted in memory on the request's path, written in one batch
now and then. A crash loses what the last minute knew."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr.tables import api_keys


class Use(NamedTuple):
    at: datetime
    address: str


class LastUses:
    """As many as there are keys: only known ones are noted."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._unwritten: dict[str, Use] = {}

    def note(self, name: str, at: datetime, address: str) -> None:
        self._unwritten[name] = Use(at, address)

    def unwritten(self, name: str) -> Use | None:
        """What is not yet in the database."""
        return self._unwritten.get(name)

    async def write(self) -> None:
        """Raises sqlalchemy.exc.SQLAlchemyError; then all are kept for the next time."""
        batch = dict(self._unwritten)
        if not batch:
            return
        statement = (
            update(api_keys)
            .where(api_keys.c.name == bindparam("key"))
            .values(last_used_at=bindparam("at"), last_address=bindparam("address"))
        )
        rows = [{"key": name, "at": use.at, "address": use.address} for name, use in batch.items()]
        async with self._engine.begin() as connection:
            await connection.execute(statement, rows)
        for name, use in batch.items():
            if self._unwritten.get(name) is use:
                del self._unwritten[name]
