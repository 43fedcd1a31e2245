"""Sessions of people who have signed in: in the database, so that a restart signs nobody out, in memory for
`find`, and in a file for a start without the database. What a session may follows from the
operator's role as it is now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ntpd112.access.principal import ROLE_SCOPES, Principal
from ntpd112.access.tokens import SESSION_PREFIX, digest, new_token
from ntpd112.cdr import revisions
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.cdr.tables import operators, passwords, sessions

MAX_SESSIONS = 10
"Of one operator: a console, a phone, a forgotten browser. The eleventh ends the oldest."


class Sessions:
    """Methods that await raise sqlalchemy.exc.SQLAlchemyError."""

    def __init__(
        self,
        engine: AsyncEngine,
        lasts_s: float,
        last_known: LastKnown[dict[str, Principal]] | None,
        now: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._last_known = last_known
        self._lasts = timedelta(seconds=lasts_s)
        self._now = now
        self._revision = (-1, -1)
        self._by_hash: dict[str, Principal] = {}

    def __len__(self) -> int:
        """Those known, from memory."""
        now = self._now()
        return sum(person.holds_at(now) for person in self._by_hash.values())

    def find(self, token: str) -> Principal | None:
        """Whose session this is, from memory."""
        found = self._by_hash.get(digest(token))
        return found if found is not None and found.holds_at(self._now()) else None

    async def begin(self, operator: str, argon2: str, address: str) -> str | None:
        """The new session's token, which cannot be had again. None: the password is not `argon2` any more,
        changed by somebody while it was looked at."""
        token, now = new_token(SESSION_PREFIX), self._now()
        values = {"sha256": digest(token), "operator": operator, "created_at": now, "address": address}
        async with self._engine.begin() as connection:
            await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            current = select(passwords.c.argon2).where(passwords.c.operator == operator).with_for_update()
            if await connection.scalar(current) != argon2:
                return None
            await _make_room(connection, operator)
            await connection.execute(sessions.insert(), [{**values, "expires_at": now + self._lasts}])
            await revisions.bump(connection, "sessions")
        await self.refresh()
        return token

    async def end(self, token: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(sessions).where(sessions.c.sha256 == digest(token)))
            await revisions.bump(connection, "sessions")
        await self.refresh()

    async def refresh(self) -> None:
        """Takes over changes, if there are any; a role or an operator may have changed too."""
        async with self._engine.connect() as connection:
            revision = (
                await revisions.current(connection, "sessions"),
                await revisions.current(connection, "operators"),
            )
            if revision == self._revision:
                return
            columns = select(sessions.c.sha256, sessions.c.operator, sessions.c.expires_at, operators.c.role)
            rows = await connection.execute(columns.join_from(sessions, operators))
            self._by_hash = {
                row.sha256: Principal(
                    name=row.operator,
                    scopes=ROLE_SCOPES.get(row.role, frozenset()),
                    person=True,
                    expires_at=row.expires_at,
                )
                for row in rows
            }
        self._revision = revision
        if self._last_known is not None:
            await self._last_known.keep(self._by_hash)

    def recall(self) -> None:
        """At a start while the database is away: the sessions last known."""
        found = self._last_known.recall() if self._last_known is not None else None
        self._by_hash = found or {}


async def _make_room(connection: AsyncConnection, operator: str) -> None:
    """For one more."""
    own = select(sessions.c.sha256).where(sessions.c.operator == operator)
    newest_first = own.order_by(sessions.c.created_at.desc(), sessions.c.sha256)
    oldest = (await connection.scalars(newest_first.offset(MAX_SESSIONS - 1))).all()
    await connection.execute(delete(sessions).where(sessions.c.sha256.in_(oldest)))
