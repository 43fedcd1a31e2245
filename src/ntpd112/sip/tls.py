"""TLS of the SIP endpoint (RFC 3261 §26.2, RFC 5922): who we are, whom we trust, and handshakes that are
bounded in number and time, since each costs us about a millisecond before we know who asks.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .flow import Address

MAX_HANDSHAKES = 256
"At once. More wait in the kernel's queue until one of them is over."
MAX_HANDSHAKES_PER_HOST = 64
"Of one address, at once: a site's phones behind one NAT that all come back after an outage."
HANDSHAKE_S = 5.0
"Seconds a peer has for its part."
GOODBYE_S = 1.0
"Seconds a peer has to answer our closing of the connection."
BACKLOG = 512
BATCH = 16
"Connections accepted in one iteration of the loop."
OUT_OF_FILES_S = 1.0
"Pause when the system gives us no more file descriptors."
REPORT_S = 60.0
"Between two log lines about handshakes with the same address that failed for the same reason."
MAX_REPORTED = 1_000
"Addresses and reasons whose last log line is remembered; then all is forgotten."

Clients = Literal["off", "asked", "required"]
log = logging.getLogger(__name__)


class TlsError(ValueError):
    """A file cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """PEM files: a certificate with its chain, ours first, and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """`own`: shown to whoever asks for none of `named`. `ca`: whom to trust, the system's list if None.
    `clients`: whether a peer that connects must show a certificate too. `named`: by the name that a peer asks
    for (SNI, RFC 6066 §3), in lower case; "*." stands for one label (RFC 6125 §6.4.3)."""

    own: KeyPair
    ca: Path | None = None
    clients: Clients = "off"
    named: Mapping[str, KeyPair] = field(default_factory=dict)


class Tls:
    """The contexts for connections that peers make and that we make. Raises TlsError, as does `reload`."""

    def __init__(self, files: TlsFiles) -> None:
        self.server, self.client = _server(files), _client(files)

    def reload(self, files: TlsFiles) -> None:
        """Read the files again, after a renewal. Connections that are there go on with the old ones; if the
        new files cannot be used, so do new connections."""
        self.server, self.client = _server(files), _client(files)


def _client(files: TlsFiles) -> ssl.SSLContext:
    return _context(ssl.PROTOCOL_TLS_CLIENT, files.own, files.ca)


def _server(files: TlsFiles) -> ssl.SSLContext:
    server = _context(ssl.PROTOCOL_TLS_SERVER, files.own, files.ca)
    server.verify_mode = {
        "off": ssl.CERT_NONE,
        "asked": ssl.CERT_OPTIONAL,
        "required": ssl.CERT_REQUIRED,
    }[files.clients]
    contexts = {pair: _context(ssl.PROTOCOL_TLS_SERVER, pair, files.ca) for pair in set(files.named.values())}
    by_name = {name: contexts[pair] for name, pair in files.named.items()}

    def choose(connection: ssl.SSLObject, asked: str | None, _: ssl.SSLContext) -> None:
        """Changes the certificate only: whom to trust and whom to ask stay as `server` has it."""
        name = (asked or "").lower()
        found = by_name.get(name) or by_name.get(f"*.{name.partition('.')[2]}")
        if found is not None:
            connection.context = found

    if by_name:
        server.sni_callback = choose
    return server


def _context(side: int, own: KeyPair, ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(own.certificate, own.key)
    except (OSError, ValueError) as error:
        raise TlsError(f"certificate {own.certificate} with key {own.key}: {why(error)}") from error
    try:
        if ca is not None:
            context.load_verify_locations(ca)
        else:
            context.load_default_certs()
    except (OSError, ValueError) as error:
        raise TlsError(f"certificates to trust {ca}: {why(error)}") from error
    return context


def why(error: Exception) -> str:
    """What went wrong with a connection or file, in the words of who found it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class TlsListener:
    """Accepts connections, each handed over when its handshake is done. Raises OSError."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        address: Address,
        tls: Tls,
        protocol: Callable[[], asyncio.BaseProtocol],
    ) -> None:
        self._loop = loop
        self._tls = tls
        self._protocol = protocol
        self._handshakes: set[asyncio.Task[None]] = set()
        self._per_host: dict[str, int] = {}
        self._reports = FailureReports(loop)
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._socket = socket.create_server(
            tuple(address), family=family, backlog=BACKLOG, dualstack_ipv6=False
        )
        self._socket.setblocking(False)
        self.local = Address(*self._socket.getsockname()[:2])
        self._accepting = False
        self._go_on()

    def _go_on(self) -> None:
        if not self._accepting and self._socket.fileno() >= 0:
            self._accepting = True
            self._loop.add_reader(self._socket.fileno(), self._accept)

    def _pause(self) -> None:
        self._accepting = False
        self._loop.remove_reader(self._socket.fileno())

    def _accept(self) -> None:
        for _ in range(BATCH):
            if len(self._handshakes) >= MAX_HANDSHAKES:
                self._pause()
                return
            try:
                sock, peer = self._socket.accept()
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            except OSError as error:
                log.error("SIP over TLS: no connection can be accepted: %s", why(error))
                self._pause()
                self._loop.call_later(OUT_OF_FILES_S, self._go_on)
                return
            self._greet(sock, peer[0])

    def _greet(self, sock: socket.socket, host: str) -> None:
        sock.setblocking(False)
        if self._per_host.get(host, 0) >= MAX_HANDSHAKES_PER_HOST:
            sock.close()
            self._reports.add(host, f"{MAX_HANDSHAKES_PER_HOST} handshakes at once")
            return
        self._per_host[host] = self._per_host.get(host, 0) + 1
        task = self._loop.create_task(self._shake_hands(sock, host))
        self._handshakes.add(task)
        task.add_done_callback(lambda done: self._over(done, host))

    async def _shake_hands(self, sock: socket.socket, host: str) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._protocol,
                sock,
                ssl=self._tls.server,
                ssl_handshake_timeout=HANDSHAKE_S,
                ssl_shutdown_timeout=GOODBYE_S,
            )
        except OSError as error:
            self._reports.add(host, why(error))

    def _over(self, task: asyncio.Task[None], host: str) -> None:
        self._handshakes.discard(task)
        self._per_host[host] -= 1
        if not self._per_host[host]:
            del self._per_host[host]
        self._go_on()

    async def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
        handshakes = list(self._handshakes)
        for task in handshakes:
            task.cancel()
        await asyncio.gather(*handshakes, return_exceptions=True)


class FailureReports:
    """Log lines about connections that came to nothing, one a minute for each address and reason: that a peer
    which was off is back with a wrong certificate is said at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._last: dict[tuple[str, str], float] = {}

    def add(self, host: str, reason: str) -> None:
        now = self._loop.time()
        if now - self._last.get((host, reason), -REPORT_S) < REPORT_S:
            return
        if len(self._last) >= MAX_REPORTED:
            self._last.clear()
        self._last[host, reason] = now
        log.warning("SIP over TLS: connection with %s failed: %s", host, reason)
