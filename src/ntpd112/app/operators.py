"""Keeps the operators known to the ACD and the registrar in step with the directory in the database.

The directory is read at start, on SIGHUP, and every few seconds if its version changed, so that
`ntpd112 operator add` works on a running agent. When the database is away, the operators last read stay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from ntpd112.cdr.database import first_line
from ntpd112.cdr.directory import Directory
from ntpd112.queue import Acd, OperatorSpec
from ntpd112.sip.digest import Credentials

REFRESH_S = 2.0
"Seconds between looks at the directory's version: how long a new operator waits for the first login."
log = structlog.get_logger("ntpd112.operators")


class OperatorWatch:
    def __init__(self, directory: Directory, acd: Acd, realm: str, on_change: Callable[[], None]) -> None:
        self._directory = directory
        self._acd = acd
        self._realm = realm
        self._on_change = on_change
        self.on_removed: Callable[[str], None] = lambda operator: None
        "Forgets the phones of an operator who was taken out of the directory."
        self._credentials: dict[str, Credentials] = {}
        self._version: object = None
        self._wake = asyncio.Event()

    def credentials(self, user: str) -> Credentials | None:
        """For the registrar: from memory, never from the database."""
        return self._credentials.get(user)

    def look_soon(self) -> None:
        """Somebody unknown wants to register: they may just have been added."""
        self._wake.set()

    def refresh_soon(self) -> None:
        self._version = None
        self._wake.set()

    async def run(self) -> None:
        failing = False
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), REFRESH_S)
            self._wake.clear()
            try:
                await self.refresh()
            except Exception as problem:
                if not failing:
                    log.warning("operators cannot be read; the known ones stay", reason=first_line(problem))
                failing = True
            else:
                if failing:
                    log.info("operators can be read again")
                failing = False

    async def refresh(self) -> None:
        version = await self._directory.version()
        if version == self._version:
            return
        operators = await self._directory.all()
        now = asyncio.get_running_loop().time()
        for gone in self._credentials.keys() - {operator.id for operator in operators}:
            self.on_removed(gone)
            if self._acd.operator(gone) is not None:
                self._acd.remove_operator(gone, now)
        for operator in operators:
            if operator.realm != self._realm:
                log.error(
                    "operator's phone cannot register: password is for another realm, import a new one",
                    operator=operator.id,
                    realm=operator.realm,
                    expected=self._realm,
                )
            self._acd.set_operator(OperatorSpec(operator.id, operator.name, operator.skills), now)
        self._credentials = {o.id: Credentials(o.ha1_md5, o.ha1_sha256) for o in operators}
        self._version = version
        self._on_change()
