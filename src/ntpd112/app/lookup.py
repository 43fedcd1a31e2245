"""One look-up of a name of the configuration, question by question as RFC 3263 asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple, Protocol

from ntpd112.sip.locate import Question, Record, Services, locate, sources
from ntpd112.sip.uri import Uri

from .resolver import Found, NoAnswer


class Asks(Protocol):
    async def ask(self, question: Question) -> Found:
        """Raises NoAnswer."""


class Outcome(NamedTuple):
    """Where a name leads. `ttl_s`: for how long that holds. `problem`: why it is not to be relied on.
    `whole`: what kept us from knowing is no more than addresses of some servers."""

    services: Services
    ttl_s: float
    problem: str = ""
    whole: bool = True


class LookUp:
    """`name`: a SIP URI, or the host name of a peer. `last`: where it led; addresses of its servers count on
    if they cannot be asked for now."""

    def __init__(self, name: str, last: Services, transports: Iterable[str], resolver: Asks) -> None:
        self._uri = Uri.parse(name) if ":" in name else None
        self._name = name
        self._last = last
        self._transports = transports
        self._resolver = resolver
        self._found: dict[Question, Found] = {}
        self._failed: dict[Question, str] = {}
        self._needed: dict[Question, None] = {}
        "By what is known so far."

    async def run(self) -> Outcome:
        """What is needed by what is known is asked for all at once, so a few questions turn out needless."""
        while True:
            self._needed.clear()
            services = self._locate()
            missing = [one for one in self._needed if one not in self._found and one not in self._failed]
            if not missing:
                return self._outcome(services)
            await asyncio.gather(*map(self._ask, missing))

    def _locate(self) -> Services:
        if self._uri is None:
            return sources(self._name, self._answer)
        return locate(self._uri, self._answer, self._transports)

    def _answer(self, question: Question) -> Sequence[Record] | None:
        self._needed[question] = None
        if question in self._found:
            return self._found[question].records
        return self._last_addresses(question) if question in self._failed else None

    async def _ask(self, question: Question) -> None:
        try:
            self._found[question] = await self._resolver.ask(question)
        except NoAnswer as problem:
            self._failed[question] = str(problem)

    def _last_addresses(self, question: Question) -> list[str]:
        version = {"A": ".", "AAAA": ":"}.get(question.kind)
        servers = (service for service in self._last if service.target == question.name)
        return [one for server in servers for one in server.addresses if version and version in one]

    def _outcome(self, services: Services) -> Outcome:
        found = [self._found[one] for one in self._needed if one in self._found]
        ttl_s = min((one.ttl_s for one in found), default=inf)
        failed = [one for one in self._needed if one in self._failed and not self._is_minor(one)]
        if failed:
            whole = all(question.kind in ("A", "AAAA") for question in failed)
            return Outcome(services, ttl_s, self._failed[failed[0]], whole)
        if not services:
            exists = any(one.exists for one in found)
            gone = "no server has it" if exists else "it does not exist"
            return Outcome((), ttl_s, f"DNS says that {gone}")
        return Outcome(services, ttl_s)

    def _is_minor(self, failed: Question) -> bool:
        """Some name servers that have addresses of one version fail when asked for the other."""
        others = (Question("A", failed.name), Question("AAAA", failed.name))
        return failed in others and any(self._found[one].records for one in others if one in self._found)
