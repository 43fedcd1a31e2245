"""Is a trunk's peer there, and how does it see us? OPTIONS from our own sockets, and what answers mean."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ntpd112.sip.flow import Flow
from ntpd112.sip.message import Response
from ntpd112.sip.reply import phrase_of
from ntpd112.sip.target import Target
from ntpd112.sip.trunks import Trunk, Trunks
from ntpd112.sip.uri import SipSyntaxError, Uri, format_host_port

from .context import Context
from .views import ProbeView, TrunkTestView, UnknownTrunk

ANSWER_S = 5.0
"How long an answer is waited for: UDP has sent the question four times by then (T1 = 0.5 s)."
MAX_PROBES = 32
"Peers and transports asked at once; a trunk with more is listed as networks."
Done = Callable[[TrunkTestView], None]

_MEANINGS = {
    401: "it is there, but does not know our address as a peer of its own: it asks for a password",
    403: "it refuses us: our address is not among those it lets in",
    404: "it is there; it has no user for OPTIONS, which says nothing about calls",
    405: "it is there; it does not serve OPTIONS, which says nothing about calls",
    407: "it is there, but does not know our address as a peer of its own: it asks for a password",
    408: "a proxy there has waited for somebody behind it in vain",
    480: "it is there, but what is behind it is not",
    481: "it is there; it takes OPTIONS within calls only, which says nothing about calls",
    483: "a loop of proxies: its routes lead back to itself",
    500: "it has a fault of its own: ask its operators",
    501: "it is there; it does not serve OPTIONS, which says nothing about calls",
    503: "it is there, and takes no calls at present: overloaded, in maintenance, or drained",
}
_FINE = frozenset({404, 405, 481, 501})
"Beside 2xx."


class Probing:
    """`on_input` asks for a turn."""

    def __init__(
        self, context: Context, trunks: Trunks, on_input: Callable[[], None], now: Callable[[], float]
    ) -> None:
        self._context = context
        self._trunks = trunks
        self._on_input = on_input
        self._now = now

    def test(self, name: str, done: Done) -> None:
        """Ask every single-address peer by each transport that we have; `done` comes within ANSWER_S. Raises
        UnknownTrunk."""
        trunk = next((one for one in self._trunks if one.name == name), None)
        if trunk is None:
            raise UnknownTrunk(f'no trunk has the name "{name}"')
        ways = [way for host in _hosts(trunk) for way in self._context.ua.ways_to(host)][:MAX_PROBES]
        run = _Run(self._context, name, ways, done)
        run.begin(self._now())
        self._on_input()


class _Run:
    def __init__(self, context: Context, trunk: str, ways: list[Flow], done: Done) -> None:
        self._context = context
        self._trunk = trunk
        self._ways = ways
        self._done = done
        self._found: dict[Flow, ProbeView] = {}
        self._over = False

    def begin(self, now: float) -> None:
        for way in self._ways:
            target = Target(Uri("sip", way.remote.host, port=way.remote.port), way)
            self._context.ua.options(target, partial(self._answered, way, now), now)
        self._context.timers.start(now + ANSWER_S, self._end)
        self._end_when_all_answered(now)

    def _answered(self, way: Flow, asked_at: float, response: Response, now: float) -> None:
        if response.code < 200 or self._over:
            return
        self._found[way] = self._view(way, response, now - asked_at)
        self._end_when_all_answered(now)

    def _end_when_all_answered(self, now: float) -> None:
        if len(self._found) == len(self._ways):
            self._end(now)

    def _end(self, now: float) -> None:
        if self._over:
            return
        self._over = True
        probes = [self._found.get(way) or self._view(way, None, ANSWER_S) for way in self._ways]
        hosts = {way.remote.host for way in self._ways}
        answering = {way.remote.host for way, probe in self._found.items() if probe.fine}
        outbound = self._context.outbound
        gateways = [] if outbound is None else list(map(str, outbound.gateways(self._trunk)))
        fine = bool(hosts) and hosts == answering
        self._done(TrunkTestView(trunk=self._trunk, fine=fine, probes=probes, gateways=gateways))

    def _view(self, way: Flow, response: Response | None, took_s: float) -> ProbeView:
        came = response if response is not None and response.fields else None
        told = format_host_port(*self._context.ua.core.sent_by(way))
        seen = _seen_as(came, told) if came is not None else ""
        nat = _nat(told, seen, by_connection=way.reliable)
        return ProbeView(
            peer=format_host_port(*way.remote),
            transport=way.transport,
            fine=came is not None and (came.code < 300 or came.code in _FINE),
            code=came.code if came is not None else 0,
            round_trip_ms=round(1000 * took_s, 1) if came is not None else None,
            told=told,
            seen=seen,
            says=_says(way, came, failed=response is not None) + nat,
        )


def _hosts(trunk: Trunk) -> list[str]:
    single = [network for network in trunk.networks if network.prefixlen == network.max_prefixlen]
    return [str(network.network_address) for network in single]


def _says(way: Flow, came: Response | None, *, failed: bool) -> str:
    if came is not None:
        return _MEANINGS.get(came.code, f"it answers {came.code} {phrase_of(came.code)}")
    if way.reliable and failed:
        return (
            f"no connection by {way.transport.upper()}: nobody listens at that port, or a firewall is between"
        )
    if failed:
        return (
            "cannot be sent: this machine has no route there, or the peer's machine has nobody at that port"
        )
    return (
        f"no answer in {ANSWER_S:.0f} s: the machine is off, a firewall drops it on the way there or back, "
        "or it is silent to who is no peer of its own"
    )


def _seen_as(response: Response, told: str) -> str:
    """Our address as the peer sees it, by `received` and `rport` of our Via (RFC 3581); empty: it does not
    say."""
    try:
        via = response.via
    except (SipSyntaxError, LookupError):
        return ""
    host, port = via.params.get("received"), via.params.get("rport")
    if not host and not port:
        return ""
    own_host, _, own_port = told.rpartition(":")
    return f"{host or own_host}:{port or own_port}"


def _nat(told: str, seen: str, *, by_connection: bool) -> str:
    """A NAT that changes the port only still breaks what relies on our Contact; a connection of ours begins
    at a port of its own, which is none."""
    if not seen or seen == told:
        return ""
    if seen.rpartition(":")[0] != told.rpartition(":")[0]:
        host = seen.rpartition(":")[0]
        return (
            f". It sees us at {seen}, we say {told}: a NAT is between, or `[sip] advertise` should be {host}"
        )
    if by_connection:
        return ""
    return (
        f". It sees us at {seen}, we say {told}: a NAT changes our port, so its own requests may not arrive"
    )
