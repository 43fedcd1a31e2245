"""The trunks' ways out as configured, with passwords from files that are read again when they change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import structlog

from ntpd112.config import DnsConfig, TrunkConfig
from ntpd112.sip.account import Account
from ntpd112.sip.gateways import Entry
from ntpd112.sip.outbound import Outbound, OutboundSpec

from .naming import Naming
from .policies import trunk_of

LOOK_S = 10.0
"Between looks at the password files."
GOODBYE_S = 2.0
"Seconds telcos get to answer that we are registered no more."

log = structlog.get_logger("ntpd112.telcos")


class Telcos:
    """Keeps trunks and `outbound` as the configuration, the password files and DNS have them. `request_turn`:
    what it wants sent is to go out."""

    def __init__(
        self,
        outbound: Outbound,
        trunks: Iterable[TrunkConfig],
        naming: Naming,
        request_turn: Callable[[], None],
    ) -> None:
        self.outbound = outbound
        self.naming = naming
        naming.on_change = self._look_up
        self._trunks = list(trunks)
        self._request_turn = request_turn
        self._leaving = False
        self._applied: list[OutboundSpec] = []
        self._unreadable: set[str] = set()

    def begin(self) -> None:
        """Register, ask the gateways, look names up. Sockets are open by now."""
        self.naming.configure(self._trunks)
        self._apply(self._specs(self._trunks))

    def configure(self, trunks: Iterable[TrunkConfig], dns: DnsConfig) -> None:
        """Another configuration. A trunk that is gone is registered no more."""
        self._trunks = list(trunks)
        self.naming.configure(self._trunks, dns)
        self._configure_trunks()
        specs = self._specs(self._trunks)
        if specs != self._applied and not self._leaving:
            self._apply(specs)

    def leave(self) -> None:
        """Register no more, and take our contacts off."""
        self._leaving = True
        self.outbound.leave(asyncio.get_running_loop().time())
        self._request_turn()

    async def goodbye(self, until: Callable[[Callable[[], bool]], Awaitable[None]]) -> None:
        """As `leave`, and wait for the telcos' answers, as `Turn.until` waits."""
        if not self._leaving:
            self.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await until(lambda: self.outbound.left)

    async def keep(self) -> None:
        """Take over passwords that change, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            trunks = self._trunks
            specs = await asyncio.to_thread(self._specs, trunks)
            if specs != self._applied and trunks is self._trunks and not self._leaving:
                self._apply(specs)

    def warnings(self) -> list[str]:
        """For `/readyz`."""
        return [*self.outbound.warnings(), *self.naming.warnings()]

    def _look_up(self) -> None:
        """Names lead elsewhere."""
        self._configure_trunks()
        self.outbound.look_up(asyncio.get_running_loop().time())
        self._request_turn()

    def _configure_trunks(self) -> None:
        names = self.naming.names
        self.outbound.trunks.configure([trunk_of(trunk, names) for trunk in self._trunks])

    def _apply(self, specs: list[OutboundSpec]) -> None:
        self._applied = specs
        self.outbound.configure(specs, asyncio.get_running_loop().time())
        self._request_turn()

    def _specs(self, trunks: Iterable[TrunkConfig]) -> list[OutboundSpec]:
        return list(map(self._spec, trunks))

    def _spec(self, trunk: TrunkConfig) -> OutboundSpec:
        return OutboundSpec(
            trunk.name,
            gateways=tuple(
                Entry(one.uri, place if one.priority is None else one.priority, one.weight)
                for place, one in enumerate(trunk.to, 1)
            ),
            registrars=tuple(trunk.register_),
            account=Account(trunk.username, self._password(trunk)) if trunk.username else None,
            expires_s=int(trunk.register_expires),
            present=trunk.present,
            domain=trunk.domain,
            options_s=trunk.options,
        )

    def _password(self, trunk: TrunkConfig) -> str:
        """Without its file the trunk is refused by its telco, which is said; all others serve."""
        if trunk.password_file is None:
            return trunk.password
        try:
            password = trunk.password_file.read_text("utf-8").strip()
        except (OSError, ValueError) as problem:
            if trunk.name not in self._unreadable:
                log.error("password of a trunk cannot be read", trunk=trunk.name, reason=str(problem))
            self._unreadable.add(trunk.name)
            return ""
        self._unreadable.discard(trunk.name)
        return password
