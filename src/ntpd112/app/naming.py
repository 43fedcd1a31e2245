"""Keeps known beforehand where host names of the configuration lead, so that no call waits for a name server:
asked again in the background before an answer has run out, kept while name servers are away (the idea of RFC
8767) and over a restart, in a small file beside the journal.

A name that led somewhere is never taken to lead nowhere: a mistake in a zone would close a way out, or shut
out a telco's calls. Gateways that are really gone do not answer OPTIONS and are asked last.
"""

from __future__ import annotations

import asyncio
from asyncio import sleep
from collections.abc import Callable, Iterable, Iterator
from math import inf
from time import monotonic

import structlog

from ntpd112.cdr.lastknown import LastKnown
from ntpd112.config import DnsConfig, TrunkConfig, is_network
from ntpd112.sip.locate import Services, is_address
from ntpd112.sip.names import Names, key
from ntpd112.sip.uri import Uri

from .lookup import Asks, LookUp, Outcome
from .resolver import Resolver
from .sources import LINGERING, Sources

RENEW_SHARE = 0.8
"Of the time for which an answer holds: then it is asked for again, so that the new one is there in time."
RETRY_S = 2.0
"Seconds until a question without an answer is asked again; doubles each time."
MAX_RETRY_S = 30.0
"Seconds between such questions at most: so soon a name server that is back is found."
STAYS = "the last known addresses stay in use"
NOWHERE = "it leads nowhere yet: calls go to the next gateway"

log = structlog.get_logger("ntpd112.naming")

Saved = dict[str, Services]


class Naming:
    """`file`: what names led to last; `transports`: those that we have; `resolver`: for tests, another than
    of `dns`."""

    def __init__(
        self,
        file: LastKnown[Saved],
        dns: DnsConfig,
        transports: Iterable[str],
        resolver: Callable[[DnsConfig], Asks] = Resolver,
    ) -> None:
        self.names = Names()
        self.on_change: Callable[[], None] = lambda: None
        "Called when `names` has changed."
        self._make_resolver = resolver
        self._resolver = resolver(dns)
        self._dns = dns
        self._file = file
        self._transports = frozenset(transports)
        self._wanted: dict[str, asyncio.Task[None]] = {}
        self._saving = asyncio.Lock()

        for name, services in (self._file.recall() or {}).items():
            self.names.learn(name, services)

    def configure(self, trunks: Iterable[TrunkConfig], dns: DnsConfig | None = None) -> None:
        """Keep these trunks' names known, and no others. Each is looked up anew at once: who reloads may have
        changed a zone. `dns`: asked so from now on."""
        if dns is not None and dns != self._dns:
            self._dns, self._resolver = dns, self._make_resolver(dns)
        wanted = set(names_of(trunks))
        for name, task in self._wanted.items():
            task.cancel()
            if name not in wanted:
                self.names.forget(name)
        self._wanted.clear()
        for name in wanted:
            self._wanted[name] = asyncio.create_task(self._keep(name), name=f"name {name}")

    async def close(self) -> None:
        for task in self._wanted.values():
            task.cancel()
        await asyncio.gather(*self._wanted.values(), return_exceptions=True)
        self._wanted.clear()

    def warnings(self) -> list[str]:
        """For `/readyz`."""
        return [f'name "{name}": {problem}' for name, problem in sorted(self.names.problems.items())]

    async def _keep(self, name: str) -> None:
        retry_s = RETRY_S
        sources = Sources(self.names.known(name), monotonic()) if _is_host(name) else None
        while True:
            outcome = await self._renew(name, sources)
            if outcome.problem:
                await sleep(retry_s)
                retry_s = min(2 * retry_s, MAX_RETRY_S)
            else:
                retry_s = RETRY_S
                least, most = self._dns.ttl
                await sleep(min(max(outcome.ttl_s, least), most) * RENEW_SHARE)

    async def _renew(self, name: str, sources: Sources | None) -> Outcome:
        """`sources`: of a peer's host name."""
        try:
            outcome = await LookUp(name, self.names.known(name), self._transports, self._resolver).run()
            if sources is not None and outcome.services:
                recent = sources.with_recent(outcome.services, monotonic())
                outcome = outcome._replace(services=recent)
            if self._take(name, outcome):
                await self._save()
        except Exception:
            log.exception("OUR MISTAKE: a name was not looked up, please report this", name=name)
            outcome = Outcome((), inf, "a mistake of ours, see the log")
        return outcome

    def _take(self, name: str, outcome: Outcome) -> bool:
        """Whether where the name leads has changed."""
        before = self.names.known(name)
        news = outcome.services and (outcome.whole or not before)
        changed = bool(news) and self.names.learn(name, outcome.services)
        if changed:
            was, now = shown(before), shown(outcome.services)
            if not before:
                log.info("name resolved", name=name, to=now)
            elif was != now:
                log.info("name leads elsewhere", name=name, was=was, now=now)
            self.on_change()
        self._tell(name, outcome.problem)
        return changed

    def _tell(self, name: str, problem: str) -> None:
        """Each problem once, and its end."""
        problems, known = self.names.problems, bool(self.names.known(name))
        said = problem and f"{problem}: {STAYS if known else NOWHERE}"
        if said == problems.get(name, ""):
            return
        if not said:
            del problems[name]
            log.info("name can be looked up again", name=name)
            return
        problems[name] = said
        if known:
            log.error(f"NAME CANNOT BE LOOKED UP: {STAYS}", name=name, reason=problem)
        else:
            log.error(f"NAME NOT RESOLVED: {NOWHERE}", name=name, reason=problem)

    async def _save(self) -> None:
        async with self._saving:
            known = {name: self.names.known(name) for name in self._wanted}
            await self._file.keep({name: services for name, services in known.items() if services})


def names_of(trunks: Iterable[TrunkConfig]) -> Iterator[str]:
    """What has to be looked up, as `Names` knows it: SIP URIs of `to` and `register`, hosts among `peers`."""
    for trunk in trunks:
        uris = map(Uri.parse, [*(one.uri for one in trunk.to), *trunk.register_])
        yield from (key(uri) for uri in uris if not is_address(uri.host))
        yield from (peer for peer in trunk.peers if not is_network(peer))


def _is_host(name: str) -> bool:
    """Of a peer; the others are SIP URIs."""
    return ":" not in name


def shown(services: Services) -> list[str]:
    """Places where requests go; not where they only came from."""
    return [str(place) for service in services if service.target != LINGERING for place in service.places]
