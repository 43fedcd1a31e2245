"""The ways out: each trunk's gateways, asked by OPTIONS whether they are there, and its registration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from .account import Account
from .events import Cause, GatewayPassed, GatewayState
from .gateways import AVOID_S, Entry, Gateway, Gateways, label
from .line import Line, NoWay
from .liveness import Liveness
from .locate import Place, places_in_turn
from .message import Response
from .names import Names
from .registering import Registering, Registrar
from .registration import Registration
from .target import Target
from .timers import Timer
from .trunks import Trunks
from .uri import Uri

if TYPE_CHECKING:
    from .agent import UserAgent

NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
"What a telephone network can be asked for; nothing else comes into a URI of ours."


@dataclass(frozen=True, slots=True)
class OutboundSpec:
    """As configured. `registrars` are SIP URIs, in the order in which they are asked; without gateways calls
    go to the registrars. `account` is needed with registrars."""

    trunk: str
    gateways: tuple[Entry, ...] = ()
    registrars: tuple[str, ...] = ()
    account: Account | None = None
    expires_s: int = 3_600
    present: str = ""
    "The number that the called see; empty: the caller's own."
    domain: str = ""
    "Stands in From, and in the To of a REGISTER; empty: addresses."
    options_s: float = 60.0
    "Between two questions whether a gateway is there; 0: none."


class Outbound:
    """All trunks' ways out. Uses the agent's timers and reports by its events. `names`: where host names
    lead; `look_up` when that has changed."""

    def __init__(self, ua: UserAgent, trunks: Trunks, names: Names | None = None) -> None:
        self._ua = ua
        self.trunks = trunks
        self.names = names or Names()
        self._ways: dict[str, _Way] = {}
        self._leaving: list[_Way] = []
        "Gone from the configuration; their contacts are being taken off."

    def configure(self, specs: Iterable[OutboundSpec], now: float) -> None:
        """Take over a configuration: what has not changed goes on as it is, calls do in any case."""
        wanted = {spec.trunk: spec for spec in specs if spec.gateways or spec.registrars}
        for name, way in list(self._ways.items()):
            spec = wanted.get(name)
            if spec is None or not way.take_over(spec, now):
                self._leaving.append(self._ways.pop(name))
                way.close(now, stays=spec is not None and way.registers_as(spec))
        self._leaving = [way for way in self._leaving if not way.left]
        for name, spec in wanted.items():
            if name not in self._ways:
                self._ways[name] = _Way(self._ua, spec, self.names, now)

    def look_up(self, now: float) -> None:
        """Names may lead elsewhere now."""
        for way in self._ways.values():
            way.look_up(now)

    def leave(self, now: float) -> None:
        """Telcos shall send us no more calls: take our contacts off. `left` says when that is done. Calls of
        ours still have their ways."""
        for way in self._ways.values():
            way.unregister(now)

    @property
    def left(self) -> bool:
        return all(way.left for way in (*self._ways.values(), *self._leaving))

    def registration(self, trunk: str) -> Registration[Registrar] | None:
        """None: the trunk is not registered anywhere by its configuration."""
        way = self._ways.get(trunk)
        return way.registering.state if way is not None and way.registering is not None else None

    def has_password(self, trunk: str) -> bool:
        """Whether a gateway of the trunk that asks who we are can be answered."""
        way = self._ways.get(trunk)
        return way is not None and way.spec.account is not None

    def gateways(self, trunk: str) -> list[Gateway]:
        way = self._ways.get(trunk)
        return list(way.gateways) if way is not None else []

    def name_of(self, host: str) -> str:
        """The name by which the configuration has a gateway with TLS that is at this address; empty: none, or
        it has it by the address."""
        gateways = (gateway for way in self._ways.values() for gateway in way.gateways)
        here = [one.uri.host.lower() for one in gateways if _is_tls_at(one, host)]
        return "" if not here or host in here else here[0]

    def unresolved(self, trunk: str) -> list[Uri]:
        """Entries of `to` whose names have led nowhere yet."""
        way = self._ways.get(trunk)
        return way.gateways.unresolved if way is not None else []

    def warnings(self) -> list[str]:
        """Trunks that are not registered, and why."""
        return [
            f'trunk "{name}" is not registered: {way.registering.state.reason}'
            for name, way in self._ways.items()
            if way.registering is not None and way.registering.state.registered is False
        ]

    def target(self, name: str, number: str) -> Target:
        """The way for a call to `number` by trunk `name`: its gateways, one after the other. Raises NoWay."""
        trunk = self.trunks.named(name)
        way = self._ways.get(name)
        if trunk is None or way is None:
            raise NoWay(f'trunk "{name}" leads nowhere: it needs `to`, the gateways that take calls')
        number = trunk.outward.called(number)
        if not NUMBER.fullmatch(number):
            raise NoWay(f'trunk "{name}": "{number}" is no telephone number')
        if trunk.full:
            raise NoWay(f'trunk "{name}" has its {trunk.max_calls} calls')
        targets = way.targets(number)
        if not targets:
            unresolved = ", ".join(map(str, way.gateways.unresolved))
            why = (
                f"not resolved yet: {unresolved}" if unresolved else "no socket of ours leads to its gateways"
            )
            raise NoWay(f'trunk "{name}": {why}')
        first, spec = targets[0], way.spec
        silent = not any(gateway.liveness.alive for gateway in way.gateways)
        line = Line(trunk, way.passed_over, spec.account, spec.present, spec.domain, silent)
        return replace(first, line=line, others=tuple(targets[1:]))


class _Way:
    """One trunk's."""

    def __init__(self, ua: UserAgent, spec: OutboundSpec, names: Names, now: float) -> None:
        self.spec = spec
        self._ua = ua
        self._names = names
        self._timers: dict[Gateway, Timer] = {}
        self._up: dict[Gateway, bool] = {}
        self.gateways = Gateways(
            spec.gateways or _in_order(spec.registrars),
            lambda uri, place: Gateway(uri, place, Liveness(spec.options_s, due_at=0.0)),
            lambda uri, place: ua.target_of(uri, place) is not None,
        )
        self._look_up_gateways(now)
        self.registering: Registering | None = None
        if spec.registrars:
            assert spec.account is not None, "nobody can register without a name"
            self.registering = Registering(
                ua,
                spec.trunk,
                self._registrars(),
                spec.account,
                domain=spec.domain,
                contact_user=spec.present or spec.account.username,
                expires_s=spec.expires_s,
                now=now,
            )

    def look_up(self, now: float) -> None:
        """Names may lead elsewhere now."""
        self._look_up_gateways(now)
        if self.registering is not None:
            self.registering.look_up(self._registrars(), now)

    def _look_up_gateways(self, now: float) -> None:
        """New ones are asked at once."""
        self.gateways.look_up(self._names)
        there = set(self.gateways)
        for gone in self._timers.keys() - there:
            self._timers.pop(gone).cancel()
            self._up.pop(gone, None)
        if self.spec.options_s:
            for gateway in self.gateways:
                if gateway not in self._timers:
                    self._ask(gateway, now)

    def _registrars(self) -> list[Registrar]:
        found = []
        for uri in map(Uri.parse, self.spec.registrars):
            places = places_in_turn(self._names.services(uri), self._ua.core.draw)
            leads = [place for place in places if self._ua.target_of(uri, place) is not None] or places
            found += [Registrar(uri, place) for place in leads] or [Registrar(uri, None)]
        return found

    def take_over(self, spec: OutboundSpec, now: float) -> bool:
        """False: so much differs that it has to begin anew."""
        old, self_same = self.spec, replace(self.spec, account=spec.account) == spec
        if not self_same or (spec.account is None) != (old.account is None):
            return False
        self.spec = spec
        if self.registering is not None and spec.account is not None and spec.account != old.account:
            self.registering.use(spec.account, now)
        return True

    def registers_as(self, spec: OutboundSpec) -> bool:
        """Whether another registration would be about the same contact."""
        return _contact(self.spec) == _contact(spec)

    def close(self, now: float, *, stays: bool) -> None:
        """`stays`: the contact is about to be registered anew, and a REGISTER that is late must not take it
        off."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.gateways.clear()
        if self.registering is not None and stays:
            self.registering.drop()
        else:
            self.unregister(now)

    def unregister(self, now: float) -> None:
        if self.registering is not None:
            self.registering.leave(now)

    @property
    def left(self) -> bool:
        return self.registering is None or self.registering.state.state == "left"

    def targets(self, number: str) -> list[Target]:
        turn = self.gateways.in_turn(self._ua.core.draw)
        ways = (self._ua.target_of(replace(one.uri, user=number), one.place) for one in turn)
        return [way for way in ways if way is not None]

    def passed_over(self, target: Target, cause: Cause, now: float) -> None:
        flow = target.flow
        place = Place(flow.transport, flow.remote)
        for gateway in self.gateways:
            if gateway.place == place:
                gateway.passed_over += 1
                self._ua.core.timers.start(now + AVOID_S, partial(self._forgive, gateway))
                gateway.liveness.doubt(now)
                self._arm(gateway)
        shown = label(replace(target.uri, user=None), place)
        self._ua.core.emit(GatewayPassed(self.spec.trunk, shown, cause))

    def _forgive(self, gateway: Gateway, now: float) -> None:
        gateway.passed_over -= 1

    # OPTIONS

    def _ask(self, gateway: Gateway, now: float) -> None:
        """A question is due, or has had no answer in time."""
        if gateway.liveness.asked:
            self._missed(gateway, now)
        elif (target := self._ua.target_of(gateway.uri, gateway.place)) is None:
            gateway.liveness.ask(now)
            self._missed(gateway, now)
        else:
            gateway.liveness.ask(now)
            self._ua.options(target, partial(self._answered, gateway), now)
        self._arm(gateway)

    def _answered(self, gateway: Gateway, response: Response, now: float) -> None:
        if response.code < 200 or gateway not in self._timers:
            return
        if response.fields:
            gateway.liveness.heard(now)
            self._learn(gateway, True)
        else:  # our own transaction: nobody answered
            self._missed(gateway, now)
        self._arm(gateway)

    def _missed(self, gateway: Gateway, now: float) -> None:
        gateway.liveness.missed(now)
        if not gateway.liveness.alive:
            self._learn(gateway, False)

    def _learn(self, gateway: Gateway, up: bool) -> None:
        if self._up.get(gateway) is not up:
            self._up[gateway] = up
            self._ua.core.emit(GatewayState(self.spec.trunk, str(gateway), up))

    def _arm(self, gateway: Gateway) -> None:
        if (timer := self._timers.get(gateway)) is not None:
            timer.cancel()
        if self.spec.options_s:
            at = gateway.liveness.due_at
            self._timers[gateway] = self._ua.core.timers.start(at, partial(self._ask, gateway))


def _is_tls_at(gateway: Gateway, host: str) -> bool:
    return gateway.place.transport == "tls" and gateway.place.address.host == host


def _in_order(uris: Iterable[str]) -> list[Entry]:
    return [Entry(uri, place) for place, uri in enumerate(uris, 1)]


def _contact(spec: OutboundSpec) -> tuple[object, ...]:
    """What makes a registration another one."""
    return spec.registrars, spec.account and spec.account.username, spec.domain, spec.present
