"""Asks name servers (RFC 1035, RFC 2782, RFC 3403), by dnspython. No policy here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import dns.asyncbackend
import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from ntpd112.config import DnsConfig
from ntpd112.sip.locate import Naptr, Question, Record, Srv

EDNS_BYTES = 1232
"Of an answer by UDP: larger ones come by TCP, as fragments would be lost (DNS flag day 2020)."


class NoAnswer(Exception):
    """No name server said anything of use: it is away, or cannot reach who knows. Says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """`ttl_s`: for how long it holds; infinite where there is nothing. `exists`: the name does, perhaps with
    other kinds of records."""

    records: tuple[Record, ...]
    ttl_s: float = inf
    exists: bool = True


class Resolver:
    """Without `servers` in the configuration the system's are asked, read anew each time, since a machine may
    be told others while it runs."""

    def __init__(self, config: DnsConfig) -> None:
        self._config = config

    async def ask(self, question: Question) -> Found:
        """Raises NoAnswer."""
        try:
            answer = await self._resolver().resolve(
                dns.name.from_text(question.name),
                question.kind,
                raise_on_no_answer=False,
                search=False,
                backend=dns.asyncbackend.get_backend("asyncio"),
            )
        except dns.resolver.NXDOMAIN:
            return Found((), exists=False)
        except (dns.exception.DNSException, OSError) as problem:
            raise NoAnswer(_why(problem)) from problem
        if answer.rrset is None:
            return Found(())
        records = tuple(_READERS[question.kind](record) for record in answer.rrset)
        return Found(records, answer.chaining_result.minimum_ttl)

    def _resolver(self) -> dns.asyncresolver.Resolver:
        config = self._config
        resolver = dns.asyncresolver.Resolver(configure=not config.servers)
        if config.servers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(*server) for server in config.servers]
        resolver.timeout = config.timeout
        resolver.lifetime = config.timeout * (len(resolver.nameservers) + 1)
        resolver.use_edns(0, 0, EDNS_BYTES)
        return resolver


def _why(problem: Exception) -> str:
    """The same for the same trouble, so that it is logged once."""
    if isinstance(problem, dns.resolver.NoResolverConfiguration):
        return "this machine knows no name server: set [dns] servers"
    if isinstance(problem, dns.resolver.NoNameservers):
        errors = problem.kwargs["errors"]
        said = sorted({f"{str(one[0]).removeprefix('Do53:')}: {_short(one[3])}" for one in errors})
        return f"no name server is of use ({', '.join(said)})"
    if isinstance(problem, dns.exception.Timeout):
        return "no name server answers"
    return str(problem) or type(problem).__name__


def _short(error: object) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _host(name: dns.name.Name) -> str:
    """Without the dot at its end, as SIP URIs write it."""
    return "." if name == dns.name.root else name.to_text(omit_final_dot=True).lower()


def _naptr(record: Any) -> Naptr:
    flags, service = record.flags.decode("ascii", "replace"), record.service.decode("ascii", "replace")
    return Naptr(record.order, record.preference, flags, service, _host(record.replacement))


def _srv(record: Any) -> Srv:
    return Srv(record.priority, record.weight, record.port, _host(record.target))


def _address(record: Any) -> str:
    return str(record.address)


_READERS: dict[str, Callable[[Any], Record]] = {"NAPTR": _naptr, "SRV": _srv, "A": _address, "AAAA": _address}
