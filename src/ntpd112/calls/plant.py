"""Trunks as the API sees them, and their maintenance: a trunk taken out of service refuses new calls, so that
the telco takes its other route, while those that run go on. The journal remembers it over a restart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import get_args

from ntpd112.journal.events import TrunkMaintenance
from ntpd112.sip.gateways import Gateway
from ntpd112.sip.outbound import Outbound
from ntpd112.sip.trunks import Trunk, Trunks

from .context import Context, log
from .holding import held_lines, in_words
from .views import GatewayView, HeldBy, MaintenanceView, TrunkView, UnknownTrunk


def trunk_named(trunks: Trunks, name: str) -> Trunk:
    """Raises UnknownTrunk."""
    trunk = trunks.named(name)
    if trunk is None:
        raise UnknownTrunk(f'no trunk has the name "{name}"')
    return trunk


class Plant:
    """`date` tells the wall time of epoch seconds, `now` monotonic seconds; `on_input` asks for a turn."""

    def __init__(
        self,
        context: Context,
        trunks: Trunks,
        date: Callable[[float], datetime],
        on_input: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._context = context
        self._trunks = trunks
        self._date = date
        self._on_input = on_input
        self._now = now
        self.resume()

    def resume(self) -> None:
        """Trunks as configured are in maintenance as remembered: at the start, and after a reload."""
        for trunk in self._trunks:
            trunk.closed = trunk.name in self._context.memory.maintenance.trunks

    def trunks(self) -> list[TrunkView]:
        lines = held_lines(self._context)
        return [self._view(trunk, lines.get(trunk.name)) for trunk in self._trunks]

    def set_maintenance(self, name: str, on: bool, by: str, reason: str) -> TrunkView:
        """Raises UnknownTrunk. No harm if it is so already: reason and person change."""
        trunk = trunk_named(self._trunks, name)
        trunk.closed = on
        at = self._context.clock.wall(self._now())
        self._context.write(TrunkMaintenance(at=at, trunk=name, on=on, reason=reason, by=by))
        if on:
            log.warning(
                "TRUNK IN MAINTENANCE: new calls get 503", trunk=name, calls=trunk.calls, by=by, reason=reason
            )
        else:
            log.info("trunk takes calls again", trunk=name, by=by, reason=reason)
        if on and all(one.closed for one in self._trunks):
            log.error("EVERY TRUNK IS IN MAINTENANCE: nobody can call", trunk=name, by=by)
        self._on_input()
        return self._view(trunk, held_lines(self._context).get(name))

    def warnings(self) -> list[str]:
        """Why callers may not come through although all works, for `/readyz`."""
        closed = [trunk.name for trunk in self._trunks if trunk.closed]
        found = [f'trunk "{name}" is in maintenance: its new calls get 503' for name in closed]
        filled = [trunk for trunk in self._trunks if trunk.occupancy.nearly_full]
        lines = held_lines(self._context) if filled else {}
        return found + [
            f'trunk "{trunk.name}" is nearly full: {trunk.calls} of {trunk.max_calls} calls, '
            f"{in_words(lines.get(trunk.name, {}))}"
            for trunk in filled
        ]

    def _when(self, moment: float | None) -> datetime | None:
        return None if moment is None else self._date(self._context.clock.wall(moment))

    def _view(self, trunk: Trunk, lines: dict[HeldBy, int] | None) -> TrunkView:
        maintained = self._context.memory.maintenance.trunks.get(trunk.name)
        outbound = self._context.outbound
        registration = outbound.registration(trunk.name) if outbound is not None else None
        return TrunkView(
            name=trunk.name,
            peers=[_as_configured(network) for network in trunk.networks],
            calls=trunk.calls,
            max_calls=trunk.max_calls,
            up=trunk.up,
            reason=trunk.reason,
            since=self._when(trunk.since),
            gateways=_gateways(outbound, trunk.name),
            registered=None if registration is None else registration.registered,
            registration="" if registration is None else registration.reason,
            registered_since=self._when(None if registration is None else registration.since),
            lines=lines or dict.fromkeys(get_args(HeldBy), 0),
            peak=trunk.occupancy.peak,
            peak_hour=trunk.occupancy.peak_of_hour(trunk.calls, self._now()),
            nearly_full=trunk.occupancy.nearly_full,
            refused=dict(trunk.refused.items()),
            max_rate=trunk.pace.rate,
            maintenance=None
            if maintained is None
            else MaintenanceView(
                since=self._date(maintained.since), reason=maintained.reason, by=maintained.by
            ),
        )


def _gateways(outbound: Outbound | None, trunk: str) -> list[GatewayView]:
    if outbound is None:
        return []
    unresolved = (
        GatewayView(uri=str(uri), address="", up=False, reason=f"not resolved: {outbound.names.problem(uri)}")
        for uri in outbound.unresolved(trunk)
    )
    return [*map(_gateway, outbound.gateways(trunk)), *unresolved]


def _gateway(gateway: Gateway) -> GatewayView:
    asked, up = bool(gateway.liveness.interval_s), gateway.liveness.alive
    return GatewayView(
        uri=str(gateway.uri),
        address=str(gateway.place),
        up=up if asked else None,
        reason="does not answer OPTIONS" if asked and not up else "",
    )


def _as_configured(network: IPv4Network | IPv6Network) -> str:
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if single else str(network)
