"""The API's gate: whose key or session this is, whether they ask too often, and what ends soon."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.access.accounts import Accounts
from ntpd112.access.buckets import Buckets
from ntpd112.access.keys import KeyStore, utc_now
from ntpd112.access.principal import Principal
from ntpd112.access.sessions import Sessions
from ntpd112.access.signin import SignIn, TooMany, site_of
from ntpd112.cdr.lastknown import LastKnown

REFRESH_S = 2.0
"Between looks at the revisions: how long a key that was withdrawn elsewhere may still work."
WRITE_USES_S = 60.0
"Between writes of the keys' last use."
LAST_WRITE_S = 2.0
"How long the last write may take when the agent stops."
ENDING = timedelta(days=14)
"How long before its end a key is warned of: two weeks to make another and bring it in place."
STRANGER_TRIES = 50
"Wrong keys from one address at once: a program with a withdrawn key that asks on and on."
STRANGER_TRY_EVERY_S = 1.0

log = logging.getLogger(__name__)


class Unknown(Exception):
    """No key or session that holds has this text."""


class Allowance(NamedTuple):
    """What a principal may still ask, for the RateLimit header fields."""

    burst: int
    window_s: float
    "In which an empty allowance is full again."
    left: int
    full_in_s: float


class Gate:
    """`rate`: requests a second of each key and session, 0: no limit; `burst`: at once; `session_s`: how long
    people stay signed in; `last_keys`, `last_sessions`: files for a start without the database. `wall` and
    `monotonic`: clocks."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        rate: float,
        burst: int,
        session_s: float,
        last_keys: LastKnown[dict[str, Principal]] | None = None,
        last_sessions: LastKnown[dict[str, Principal]] | None = None,
        wall: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self.keys = KeyStore(engine, last_keys, wall)
        self.sessions = Sessions(engine, session_s, last_sessions, wall)
        self.accounts = Accounts(engine)
        self.sign_in = SignIn(self.accounts, self.sessions, monotonic)
        self._rates = Buckets(rate, burst) if rate else None
        self._strangers = Buckets(1 / STRANGER_TRY_EVERY_S, STRANGER_TRIES)
        self.refused: Counter[str] = Counter({"rate": 0, "unknown": 0, "stranger": 0})
        "Requests: of a principal over its rate, with a wrong key, with one too many wrong keys."

    def find(self, token: str) -> Principal | None:
        """Whose key or session this is, from memory; None: nobody's, or it holds no more."""
        return self.keys.find(token) or self.sessions.find(token)

    def enter(self, token: str, address: str) -> Principal:
        """Counts a request. A right key passes whoever else tries wrong ones from its address. Raises
        Unknown, TooMany."""
        found = self.find(token)
        if found is None:
            self._refuse_stranger(address)
            raise Unknown("this API key or session is not known, was withdrawn, or is over")
        if self._rates is not None and (wait_s := self._rates.take(found.by, self._monotonic())):
            self.refused["rate"] += 1
            raise TooMany(f"too many requests of {found.by}", wait_s)
        if not found.person:
            self.keys.uses.note(found.name, self._wall(), address)
        return found

    def allowance(self, principal: Principal) -> Allowance | None:
        """None: there is no limit."""
        rates, now = self._rates, self._monotonic()
        if rates is None:
            return None
        return Allowance(
            rates.burst,
            rates.burst * rates.interval_s,
            rates.left(principal.by, now),
            rates.full_in_s(principal.by, now),
        )

    def _refuse_stranger(self, address: str) -> None:
        wait_s = self._strangers.take(site_of(address), self._monotonic())
        self.refused["stranger" if wait_s else "unknown"] += 1
        if wait_s:
            raise TooMany("too many requests with wrong keys from this address", wait_s)

    def ending(self) -> list[Principal]:
        """Keys that end within ENDING, or have ended in that time, the first to end first."""
        now = self._wall()
        ends = [(key.expires_at, key) for key in self.keys.valid() if key.expires_at is not None]
        return [key for at, key in sorted(ends, key=lambda end: end[0]) if abs(at - now) <= ENDING]

    def warnings(self) -> list[str]:
        now = self._wall()
        return [
            f'API key "{key.name}" {"ends" if key.holds_at(now) else "ended"} at '
            f"{key.expires_at:%Y-%m-%d %H:%M} UTC: make another one, or withdraw it"
            for key in self.ending()
        ]

    async def refresh(self) -> None:
        """Takes over changes made elsewhere. Raises sqlalchemy.exc.SQLAlchemyError."""
        await self.keys.refresh()
        await self.sessions.refresh()

    def recall(self) -> bool:
        """At a start while the database is away: what was last known. False: no keys ever were."""
        self.sessions.recall()
        return self.keys.recall()

    async def run(self) -> None:
        """Refreshes, writes last uses and logs warnings, for ever. While the database is away the known keys
        and sessions stay valid."""
        failing, warned, written_at = False, list[str](), self._monotonic()
        while True:
            try:
                await self.refresh()
                if self._monotonic() - written_at >= WRITE_USES_S:
                    await self.keys.uses.write()
                    written_at = self._monotonic()
                failing = False
            except (SQLAlchemyError, OSError) as error:
                if not failing:
                    log.warning("API keys cannot be refreshed, the known ones stay valid: %s", error)
                failing = True
            warnings = self.warnings()
            for warning in warnings:
                if warning not in warned:
                    log.warning(warning)
            warned = warnings
            await asyncio.sleep(REFRESH_S)

    async def close(self) -> None:
        """Writes the last uses, if the database takes them now."""
        try:
            async with asyncio.timeout(LAST_WRITE_S):
                await self.keys.uses.write()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("when API keys were last used is not written: %s", error)
