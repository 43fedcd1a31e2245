"""API keys: 256 random bits, shown once; only their SHA-256 is kept.

A plain hash is enough for random keys (there is nothing to guess), and looking a hash up tells an
attacker's clock nothing about the key. Requests are checked against memory; a change made elsewhere, such
as a key withdrawn by the command line, is noticed within `REFRESH_S`. While the database is away the known
keys stay valid.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.access.principal import MASKED, SCOPES, Principal
from ntpd112.cdr import revisions
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.cdr.tables import api_keys

PREFIX = "ntpd112_"
"So that a key that leaked into a repository or log is recognised."
REFRESH_S = 2.0
"Between looks at the keys' revision: how long a withdrawn key may still work."
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")

log = logging.getLogger(__name__)


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as stored: what it may do, not the key itself."""

    name: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None

    @property
    def principal(self) -> Principal:
        return Principal(name=self.name, scopes=self.scopes)


class InvalidKey(ValueError):
    """A name or scope is wrong; the message says which and what is expected."""


class KeyExists(Exception):
    """A key of this name was made before (withdrawn ones count: logs name them)."""


class KeyStore:
    """Keys in the database, in memory for `find`, and in a file for a start without the database. Methods
    that await raise sqlalchemy.exc.SQLAlchemyError."""

    def __init__(
        self, engine: AsyncEngine, last_known: LastKnown[dict[str, Principal]] | None = None
    ) -> None:
        self._engine = engine
        self._last_known = last_known
        self._revision = -1
        self._by_hash: dict[str, Principal] = {}

    def find(self, key: str) -> Principal | None:
        """Whose valid key this is, from memory; None if nobody's."""
        return self._by_hash.get(_hash(key))

    async def add(self, name: str, scopes: Iterable[str]) -> str:
        """Makes a key and returns its text, which cannot be had again. Raises InvalidKey, KeyExists."""
        wanted = sorted(set(scopes))
        _check(name, wanted)
        key = PREFIX + secrets.token_urlsafe(32)
        values = {"name": name, "sha256": _hash(key), "scopes": wanted, "created_at": datetime.now(UTC)}
        try:
            async with self._engine.begin() as connection:
                await connection.execute(api_keys.insert(), [values])
                await revisions.bump(connection, "api_keys")
        except IntegrityError as error:
            raise KeyExists(f'API key "{name}" was made before: choose another name') from error
        await self.refresh()
        return key

    async def revoke(self, name: str) -> bool:
        """False: there is no valid key of this name."""
        async with self._engine.begin() as connection:
            revoked = await connection.execute(
                update(api_keys)
                .where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=datetime.now(UTC))
            )
            await revisions.bump(connection, "api_keys")
        await self.refresh()
        return bool(revoked.rowcount)

    async def all(self) -> list[ApiKey]:
        """Every key ever made, by name, with the withdrawn ones."""
        return [key for _, key in await self._load()]

    async def refresh(self) -> None:
        """Takes over changes, if there are any."""
        async with self._engine.connect() as connection:
            revision = await revisions.current(connection, "api_keys")
        if revision != self._revision:
            self._by_hash = {
                digest: key.principal for digest, key in await self._load() if key.revoked_at is None
            }
            self._revision = revision
            if self._last_known is not None:
                await self._last_known.keep(self._by_hash)

    def recall(self) -> bool:
        """At a start while the database is away: the keys last known. False: none ever were."""
        found = self._last_known.recall() if self._last_known is not None else None
        self._by_hash = found or {}
        return found is not None

    async def keep_fresh(self) -> None:
        """Refreshes for ever; while the database is away the known keys stay valid."""
        failing = False
        while True:
            try:
                await self.refresh()
                failing = False
            except (SQLAlchemyError, OSError) as error:
                if not failing:
                    log.warning("API keys cannot be refreshed, the known ones stay valid: %s", error)
                failing = True
            await asyncio.sleep(REFRESH_S)

    async def _load(self) -> list[tuple[str, ApiKey]]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(api_keys).order_by(api_keys.c.name))
            return [
                (
                    row.sha256,
                    ApiKey(
                        name=row.name,
                        scopes=frozenset(row.scopes),
                        created_at=row.created_at,
                        revoked_at=row.revoked_at,
                    ),
                )
                for row in rows
            ]


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _check(name: str, scopes: list[str]) -> None:
    if not NAME_PATTERN.match(name):
        raise InvalidKey(f'API key name "{name}" is not 1 to 64 of letters, digits and . _ - (no sign first)')
    if not scopes:
        raise InvalidKey(f'API key "{name}" needs a scope: one or more of {", ".join(SCOPES)}')
    if MASKED in scopes and "admin" in scopes:
        raise InvalidKey(f'API key "{name}": "admin" sees everything: it cannot go with "{MASKED}"')
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidKey(f'API key "{name}": "{scope}" is no scope; there are {", ".join(SCOPES)}')
