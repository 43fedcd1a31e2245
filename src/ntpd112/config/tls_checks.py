"""Settings for TLS that do not go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .problems import Complaint
from .tables import elements, tables
from .values import is_tls, listen_url


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
