"""Settings for TLS and SRTP that do not go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .models import Config
from .problems import Complaint
from .reach import is_tls
from .tables import elements, tables
from .values import listen_url


def tls_checks(given: dict[str, Any]) -> Iterator[Complaint]:
    tls = given.get("tls")
    tls = tls if isinstance(tls, dict) else {}
    if tls.get("certificate") and tls.get("key"):
        return
    if tls.get("certificate") or tls.get("key"):
        needed = "key" if tls.get("certificate") else "certificate"
        yield Complaint(("tls",), f"[tls]: {needed} is missing: give certificate and key, two PEM files", "")
    else:
        yield from _users_without_certificate(given)


def _users_without_certificate(given: dict[str, Any]) -> Iterator[Complaint]:
    wanted = "needs [tls] certificate and key"
    sip = given.get("sip")
    for index, url in enumerate(elements(sip, "listen") if isinstance(sip, dict) else []):
        try:
            secure = listen_url(url).transport == "tls"
        except ValueError:
            continue  # reported as no URL
        if secure:
            yield Complaint(("sip", "listen", index), f'[sip]: listen URL "{url}" {wanted}', str(url))
    for index, table in tables(given, "destination"):
        to = table.get("to")
        for uri in to if isinstance(to, list) else [to]:
            if isinstance(uri, str) and is_tls(uri):
                message = f'destination "{table.get("name")}": to "{uri}" {wanted}'
                yield Complaint(("destination", index, "to"), message, uri)


def srtp_doubts(config: Config) -> Iterator[str]:
    """SRTP by SDES is worth as much as what its keys travel in (RFC 4568 §8.3)."""
    if any(url.transport == "tls" for url in config.sip.listen):
        yield from _gateways_in_the_clear(config)
        return
    secured = [f'trunk "{trunk.name}"' for trunk in config.trunk if trunk.srtp != "off"]
    for owner in [*secured, *(["[registrar]"] if config.registrar.srtp != "off" else [])]:
        yield (
            f"{owner}: srtp is on, but [sip] listen has no tls:// URL: the keys travel in the clear, and who "
            "can listen to the sound can read them"
        )


def _gateways_in_the_clear(config: Config) -> Iterator[str]:
    for trunk in config.trunk:
        for uri in (gateway.uri for gateway in trunk.to if trunk.srtp != "off"):
            if not is_tls(uri):
                yield (
                    f'trunk "{trunk.name}": srtp is on, but to "{uri}" is not by TLS: the keys of our calls '
                    "travel in the clear; add ;transport=tls if the gateway has it"
                )
