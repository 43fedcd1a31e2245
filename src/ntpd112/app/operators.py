"""Keeps the operators known to the ACD and the registrar in step with the directory in the database.

The directory is read at start, on SIGHUP, and every few seconds if its version changed, so that
`ntpd112 operator add` works on a running agent. When the database is away, the operators last read stay, also
over a restart: they are kept in a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from ntpd112.cdr.database import first_line
from ntpd112.cdr.directory import Directory, Operator
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.queue import Acd, OperatorSpec
from ntpd112.sip.digest import Credentials

REFRESH_S = 2.0
"Seconds between looks at the directory's version: how long a new operator waits for the first login."
log = structlog.get_logger("ntpd112.operators")


class OperatorWatch:
    """`problem`: why the directory cannot be read now, None when it can."""

    def __init__(
        self,
        directory: Directory,
        acd: Acd,
        realm: str,
        on_change: Callable[[], None],
        last_known: LastKnown[list[Operator]],
    ) -> None:
        self.problem: str | None = None
        self._directory = directory
        self._last_known = last_known
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
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), REFRESH_S)
            self._wake.clear()
            try:
                await self.refresh()
            except Exception as problem:
                if self.problem is None:
                    log.warning("operators cannot be read; the known ones stay", reason=first_line(problem))
                self.problem = f"operators are as last known: {first_line(problem)}"
            else:
                if self.problem is not None:
                    log.info("operators can be read again")
                self.problem = None

    async def refresh(self) -> None:
        version = await self._directory.version()
        if version == self._version:
            return
        operators = await self._directory.all()
        self._take(operators)
        self._version = version
        await self._last_known.keep(operators)

    def recall(self) -> bool:
        """At a start: those of the file. False: there is none."""
        operators = self._last_known.recall()
        if operators is None:
            return False
        self._take(operators)
        return True

    def _take(self, operators: list[Operator]) -> None:
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
        self._on_change()
