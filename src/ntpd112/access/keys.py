"""API keys. Requests are checked against memory; a change made elsewhere, such as a key withdrawn by the
command line, is noticed at the next `refresh`. While the database is away the known keys stay valid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Row, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.access.principal import MASKED, SCOPES, Principal
from ntpd112.access.tokens import PREFIX, digest, new_token
from ntpd112.access.uses import LastUses
from ntpd112.cdr import revisions
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.cdr.tables import api_keys

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
LONGEST = timedelta(days=36_525)
"A century: what ends later is meant to have no end, and databases differ in the last year they know."


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as stored: what it may do, not the key itself."""

    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_address: str | None

    @property
    def principal(self) -> Principal:
        return Principal(name=self.name, scopes=self.scopes, expires_at=self.expires_at)


class InvalidKey(ValueError):
    """A name, scope or end is wrong; the message says which and what is expected. `field`: of ApiKey."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class KeyExists(Exception):
    """A key of this name was made before (withdrawn ones count: logs name them)."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class KeyStore:
    """Keys in the database, in memory for `find`, and in a file for a start without the database. Methods
    that await raise sqlalchemy.exc.SQLAlchemyError."""

    def __init__(
        self,
        engine: AsyncEngine,
        last_known: LastKnown[dict[str, Principal]] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine = engine
        self._last_known = last_known
        self._now = now
        self._revision = -1
        self._by_hash: dict[str, Principal] = {}
        self.uses = LastUses(engine)

    def find(self, key: str) -> Principal | None:
        """Whose valid key this is, from memory; None if nobody's."""
        found = self._by_hash.get(digest(key))
        return found if found is not None and found.holds_at(self._now()) else None

    def valid(self) -> list[Principal]:
        """From memory; those too whose time is over."""
        return list(self._by_hash.values())

    async def add(self, name: str, scopes: Iterable[str], expires_at: datetime | None = None) -> str:
        """Makes a key and returns its text, which cannot be had again. Raises InvalidKey, KeyExists."""
        wanted = sorted(set(scopes))
        _check(name, wanted, expires_at, self._now())
        key = new_token(PREFIX)
        values = {
            "name": name,
            "sha256": digest(key),
            "scopes": wanted,
            "created_at": self._now(),
            "expires_at": expires_at,
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(api_keys.insert(), [values])
                await revisions.bump(connection, "api_keys")
        except IntegrityError as error:
            raise KeyExists(f'API key "{name}" was made before: choose another name') from error
        await self.refresh()
        return key

    async def revoke(self, name: str) -> bool:
        """False: there is none of this name that was not withdrawn before."""
        async with self._engine.begin() as connection:
            revoked = await connection.execute(
                update(api_keys)
                .where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=self._now())
            )
            await revisions.bump(connection, "api_keys")
        await self.refresh()
        return bool(revoked.rowcount)

    async def all(self) -> list[ApiKey]:
        """Every key ever made, by name, with the withdrawn ones."""
        return [self._with_last_use(key) for _, key in await self._load()]

    async def get(self, name: str) -> ApiKey | None:
        return next((key for key in await self.all() if key.name == name), None)

    async def refresh(self) -> None:
        """Takes over changes, if there are any."""
        async with self._engine.connect() as connection:
            revision = await revisions.current(connection, "api_keys")
        if revision != self._revision:
            loaded = await self._load()
            self._by_hash = {sha256: key.principal for sha256, key in loaded if key.revoked_at is None}
            self._revision = revision
            if self._last_known is not None:
                await self._last_known.keep(self._by_hash)

    def recall(self) -> bool:
        """At a start while the database is away: the keys last known. False: none ever were."""
        found = self._last_known.recall() if self._last_known is not None else None
        self._by_hash = found or {}
        return found is not None

    def _with_last_use(self, key: ApiKey) -> ApiKey:
        use = self.uses.unwritten(key.name)
        if use is None:
            return key
        return msgspec.structs.replace(key, last_used_at=use.at, last_address=use.address)

    async def _load(self) -> list[tuple[str, ApiKey]]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(api_keys).order_by(api_keys.c.name))
            return [(row.sha256, _key(row)) for row in rows]


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    values = dict(row._mapping)
    values.pop("sha256")
    return ApiKey(**{**values, "scopes": frozenset(values["scopes"])})


def _check(name: str, scopes: list[str], expires_at: datetime | None, now: datetime) -> None:
    if not NAME_PATTERN.match(name):
        raise InvalidKey(
            "name", f'API key name "{name}" is not 1 to 64 of letters, digits and . _ - (no sign first)'
        )
    if not scopes:
        raise InvalidKey("scopes", f'API key "{name}" needs a scope: one or more of {", ".join(SCOPES)}')
    if MASKED in scopes and "admin" in scopes:
        raise InvalidKey("scopes", f'API key "{name}": "admin" sees everything: it cannot go with "{MASKED}"')
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidKey(
                "scopes", f'API key "{name}": "{scope}" is no scope; there are {", ".join(SCOPES)}'
            )
    if expires_at is not None and not timedelta() < expires_at - now < LONGEST:
        raise InvalidKey(
            "expires_at", f'API key "{name}": its end {expires_at} is over, or more than a century away'
        )
