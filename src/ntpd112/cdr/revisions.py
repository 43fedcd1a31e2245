"""Counters that rise with every change of a table, so that a cache over it is checked by reading one row."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from ntpd112.cdr.tables import revisions


def insert_for(connection: AsyncConnection) -> type[sqlite.Insert] | type[postgresql.Insert]:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return postgresql.Insert if connection.dialect.name == "postgresql" else sqlite.Insert


async def bump(connection: AsyncConnection, name: str) -> None:
    """Counts a change, in the transaction that makes it."""
    statement = insert_for(connection)(revisions).values(name=name, number=1)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"number": revisions.c.number + 1})
    )


async def current(connection: AsyncConnection, name: str) -> int:
    """0 before the first change."""
    found = await connection.scalar(select(revisions.c.number).where(revisions.c.name == name))
    return int(found or 0)
