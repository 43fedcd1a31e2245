"""Is a trunk's peer there, and how does it see us? OPTIONS from our own sockets, and what answers mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from ntpd112.sip.flow import Flow
from ntpd112.sip.message import Response
from ntpd112.sip.reply import phrase_of
from ntpd112.sip.trunks import Trunks
from ntpd112.sip.uri import SipSyntaxError, format_host_port

from .connecting import unasked
from .context import Context
from .plant import trunk_named
from .probe_ways import Way, nowhere, ways_of
from .views import ProbeView, RegistrationView, TrunkTestView

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
_CHALLENGES = frozenset({401, 407})
_SILENT = (
    f"no answer in {ANSWER_S:.0f} s: the machine is off, a firewall drops it on the way there or back, "
    "or it is silent to who is no peer of its own"
)
_KNOWS_US_BY_PASSWORD = "it is there; it asks for a password, as for calls"


class Probing:
    """`date` tells the wall time of monotonic seconds; `on_input` asks for a turn."""

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

    def test(self, name: str, done: Done) -> None:
        """Ask every address of the trunk; `done` comes within ANSWER_S. Raises UnknownTrunk."""
        trunk = trunk_named(self._trunks, name)
        ways = ways_of(self._context, trunk)[:MAX_PROBES]
        outbound = self._context.outbound
        fine = _FINE | _CHALLENGES if outbound is not None and outbound.has_password(name) else _FINE
        run = _Run(self._context, ways, fine, lambda probes, fine: done(self._view(name, probes, fine)))
        run.begin(self._now())
        self._on_input()

    def _view(self, trunk: str, probes: list[ProbeView], fine: bool) -> TrunkTestView:
        outbound = self._context.outbound
        lost = [_unresolved(uri, why) for uri, why in nowhere(self._context, trunk)]
        registration = self._registration(trunk)
        return TrunkTestView(
            trunk=trunk,
            fine=fine and not lost and (registration is None or registration.registered is True),
            probes=[*probes, *lost],
            registration=registration,
            gateways=[] if outbound is None else list(map(str, outbound.gateways(trunk))),
        )

    def _registration(self, trunk: str) -> RegistrationView | None:
        outbound = self._context.outbound
        found = outbound.registration(trunk) if outbound is not None else None
        if found is None:
            return None
        return RegistrationView(
            registered=found.registered,
            at=str(found.at),
            until=self._date(found.expires_at) if found.registered else None,
            reason=found.reason,
        )


class _Run:
    """`fine`: codes that are as good as 2xx. `done` gets what each way has shown, and whether every place is
    fine by one of its ways."""

    def __init__(
        self,
        context: Context,
        ways: list[Way],
        fine: frozenset[int],
        done: Callable[[list[ProbeView], bool], None],
    ) -> None:
        self._context = context
        self._ways = ways
        self._fine = fine
        self._done = done
        self._found: dict[Flow, ProbeView] = {}
        self._over = False

    def begin(self, now: float) -> None:
        for way in self._ways:
            self._context.ua.options(way.target, partial(self._answered, way, now), now)
        self._context.timers.start(now + ANSWER_S, self._end)
        self._end_when_all_answered(now)

    def _answered(self, way: Way, asked_at: float, response: Response, now: float) -> None:
        if response.code < 200 or self._over:
            return
        self._found[way.flow] = self._view(way, response, now - asked_at)
        self._end_when_all_answered(now)

    def _end_when_all_answered(self, now: float) -> None:
        if len(self._found) == len(self._ways):
            self._end(now)

    def _end(self, now: float) -> None:
        if self._over:
            return
        self._over = True
        probes = [self._found.get(way.flow) or self._view(way, None, ANSWER_S) for way in self._ways]
        places = {place for way in self._ways for place in way.places}
        answering = {place for probe in probes if probe.fine for place in probe.places}
        self._done(probes, bool(places) and places == answering)

    def _view(self, way: Way, response: Response | None, took_s: float) -> ProbeView:
        flow = way.flow
        came = response if response is not None and response.fields else None
        told = format_host_port(*self._context.ua.core.sent_by(flow))
        seen = _seen_as(came, told) if came is not None else ""
        nat = _nat(told, seen, by_connection=flow.reliable)
        failure = response.phrase if response is not None and came is None else None
        return ProbeView(
            peer=format_host_port(*flow.remote),
            places=way.places,
            transport=flow.transport,
            fine=came is not None and (came.code < 300 or came.code in self._fine),
            code=came.code if came is not None else 0,
            round_trip_ms=round(1000 * max(took_s, 0.0), 1) if came is not None else None,
            told=told,
            seen=seen,
            says=self._says(flow, came, failure) + nat,
        )

    def _says(self, way: Flow, came: Response | None, failure: str | None) -> str:
        if came is None:
            return unasked(way.transport, failure) if failure is not None else _SILENT
        if came.code in _CHALLENGES and came.code in self._fine:
            return _KNOWS_US_BY_PASSWORD
        return _MEANINGS.get(came.code, f"it answers {came.code} {phrase_of(came.code)}")


def _unresolved(uri: str, why: str) -> ProbeView:
    return ProbeView(
        peer=uri,
        places=[f"gateway {uri}"],
        transport="",
        fine=False,
        code=0,
        round_trip_ms=None,
        told="",
        seen="",
        says=f"its name is not resolved: {why or 'no answer yet'}",
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
