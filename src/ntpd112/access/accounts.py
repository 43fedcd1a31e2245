"""What a person signs in with, in the database: a password and a role beside the operator's entry in the
directory. Whoever is taken out of the directory can sign in no more."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ntpd112.cdr import revisions
from ntpd112.cdr.directory import ROLES
from ntpd112.cdr.tables import operators, passwords, sessions


class Account(msgspec.Struct, frozen=True, kw_only=True):
    operator: str
    name: str
    role: str
    password_set_at: datetime | None
    "None: has no password and cannot sign in."


class Accounts:
    """Methods raise sqlalchemy.exc.SQLAlchemyError when the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, operator: str) -> Account | None:
        wanted = select(operators.c.name, operators.c.role, passwords.c.changed_at)
        joined = wanted.join_from(operators, passwords, isouter=True).where(operators.c.id == operator)
        async with self._engine.connect() as connection:
            row = (await connection.execute(joined)).one_or_none()
        if row is None:
            return None
        return Account(operator=operator, name=row.name, role=row.role, password_set_at=row.changed_at)

    async def secret(self, operator: str) -> str | None:
        """The password's Argon2id text; None: no such operator, or no password."""
        wanted = select(passwords.c.argon2).where(passwords.c.operator == operator)
        async with self._engine.connect() as connection:
            found: str | None = await connection.scalar(wanted)
        return found

    async def set_secret(self, operator: str, argon2: str) -> bool:
        """Also ends the operator's sessions. False: there is no such operator."""
        async with self._engine.begin() as connection:
            if not await _is_there(connection, operator):
                return False
            values = {"argon2": argon2, "changed_at": datetime.now(UTC)}
            statement = revisions.insert_for(connection)(passwords).values(operator=operator, **values)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["operator"], set_=values)
            )
            await connection.execute(delete(sessions).where(sessions.c.operator == operator))
            await revisions.bump(connection, "sessions")
        return True

    async def set_role(self, operator: str, role: str) -> bool:
        """Open sessions have it too. False: there is no such operator. Raises ValueError."""
        if role not in ROLES:
            raise ValueError(f'"{role}" is no role; there are {", ".join(ROLES)}')
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                update(operators).where(operators.c.id == operator).values(role=role)
            )
            await revisions.bump(connection, "operators")
        return bool(changed.rowcount)


async def _is_there(connection: AsyncConnection, operator: str) -> bool:
    found = await connection.scalar(select(operators.c.id).where(operators.c.id == operator))
    return found is not None
