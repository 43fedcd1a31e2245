"""The certificates for SIP over TLS: read at the start, and again when they are renewed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ntpd112.config import TlsConfig, UnusableFile, expires_at, names_of, read_certificate
from ntpd112.sip.tls import KeyPair, Tls, TlsError, TlsFiles

LOOK_S = 30.0
"Between looks at the files: a renewal is made days before it is needed."

log = structlog.get_logger("ntpd112.app")
Stamps = dict[Path, int]
"When each file was changed last, in ns."


def tls_of(config: TlsConfig) -> Tls | None:
    """None if no certificate is configured. Raises TlsError."""
    files = _files(config)
    return Tls(files) if files is not None else None


def _files(config: TlsConfig) -> TlsFiles | None:
    """With the names that further certificates are for as these say now. Raises TlsError."""
    if config.certificate is None or config.key is None:
        return None
    named = {}
    for host in config.host:
        try:
            names = names_of(read_certificate(host.certificate))
        except UnusableFile as problem:
            raise TlsError(f"certificate {host.certificate} {problem}") from problem
        named.update({name.lower(): KeyPair(host.certificate, host.key) for name in names})
    return TlsFiles(KeyPair(config.certificate, config.key), config.ca, config.clients, named)


class Expiry(Collector):
    """The metric that says how long the certificate is still good, of the one that serves: files that cannot
    be used change nothing. Without a certificate there is no sample."""

    def __init__(self, config: TlsConfig) -> None:
        self._file = config.certificate if config.key is not None else None
        self._at: float | None = None
        self.renewed()

    def renewed(self) -> None:
        """The file is in use now."""
        if self._file is None:
            return
        try:
            self._at = expires_at(self._file).timestamp()
        except UnusableFile as problem:  # as between two writes of whoever renews it
            log.warning("no telling when the TLS certificate ends", file=str(self._file), reason=str(problem))

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "ntpd112_certificate_expires_seconds",
            "Until the certificate of SIP over TLS ends; negative: it has.",
            value=self._at - time.time() if self._at is not None else None,
        )


async def keep_renewed(tls: Tls | None, config: TlsConfig, expiry: Expiry) -> None:
    """Takes over files that have changed, for ever. Half a renewal (a certificate whose key is still to come)
    is tried again when the next file changes; until then the old one serves."""
    if tls is None:
        return
    seen = _stamps(config)
    while True:
        await asyncio.sleep(LOOK_S)
        now = _stamps(config)
        if now == seen:
            continue
        seen = now
        try:
            if (files := _files(config)) is not None:
                tls.reload(files)
        except TlsError as problem:
            log.error("the changed TLS certificate cannot be used, the old one still is", reason=str(problem))
        else:
            expiry.renewed()
            log.info("TLS certificate renewed", certificate=str(config.certificate))


def _stamps(config: TlsConfig) -> Stamps:
    own = (config.certificate, config.key, config.ca)
    named = (file for host in config.host for file in (host.certificate, host.key))
    paths = [path for path in (*own, *named) if path is not None]
    return {path: path.stat().st_mtime_ns if path.exists() else 0 for path in paths}
