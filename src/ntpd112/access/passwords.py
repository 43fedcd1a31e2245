"""Passwords of people, kept as Argon2id (RFC 9106). Not those of their phones: SIP digest needs hashes of its
own kind, and who knows a phone's password must not be able to sign in with it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
import unicodedata
from collections.abc import AsyncIterator

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
"Characters. NIST SP 800-63B wants 15 where a password is all there is and 8 beside another factor; this one \
is asked for inside a call centre's network, and guessing is braked."
MAX_LENGTH = 256
AT_ONCE = 2
"Hashes computed at the same time, each on a thread: 20 to 40 ms and 19 MiB of a machine that carries voices."
MAX_WAITING = 50
"Beyond it a sign-in is refused: about a second's work, a whole shift at once."

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"OWASP's choice. RFC 9106's second one takes 64 MiB and four cores for each, which calls would feel."


class InvalidPassword(ValueError):
    """Too short or long; the message says what is needed, and never the password."""


class Busy(Exception):
    """Too many passwords wait to be looked at."""


def hash_password(password: str) -> str:
    """Its Argon2id text; takes some 30 ms. Raises InvalidPassword."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidPassword(
            f"the password has {len(password)} characters; {MIN_LENGTH} to {MAX_LENGTH} are needed"
        )
    return _hasher.hash(_normal(password))


class Passwords:
    """Hashes on threads, few at a time, so that neither the loop nor the machine is held up."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Raises InvalidPassword, Busy."""
        async with self._turn():
            return await asyncio.to_thread(hash_password, password)

    async def is_right(self, encoded: str | None, password: str) -> bool:
        """`encoded`: None when there is no such account, which takes as long. Raises Busy."""
        async with self._turn():
            return await asyncio.to_thread(_verify, encoded, password)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            raise Busy(f"{MAX_WAITING} passwords wait to be looked at")
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()


def _verify(encoded: str | None, password: str) -> bool:
    try:
        return _hasher.verify(encoded or _nobodys(), _normal(password)) and encoded is not None
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _nobodys() -> str:
    """Compared with when there is no such account, so that the time tells nobody which there are."""
    return _hasher.hash(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """The same characters whatever keyboard they came from (NIST SP 800-63B section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
