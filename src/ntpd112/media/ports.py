"""UDP port pairs: RTP on an even port, RTCP on the next (RFC 3550 §11). Bound ahead of need."""

from __future__ import annotations

import errno
import socket
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ntpd112.dscp import mark

from .protocol import Family

MAX_SKIPPED: Final = 64
"Ports held by others that one call of `bind` passes over: each costs a system call while voices wait."

RECEIVE_BUFFER_BYTES: Final = 8192
"""Of a socket (Linux doubles it): about 20 packets, 0.4 s of G.711. When the worker cannot keep up
the kernel drops what is more, instead of letting everybody hear everything seconds late from then on."""

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class SocketPair(NamedTuple):
    rtp: socket.socket
    rtcp: socket.socket

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


@dataclass(slots=True)
class PortPool:
    """The ports of one family. The longest unused is taken first; one given back rests for `quarantine_s`, so
    that packets on their way to the old call never reach a new one."""

    family: Family
    host: str
    first: int
    last: int
    start_at: int
    quarantine_s: float
    dscp: int = 0
    "Marks what is sent (RFC 2474); 0: no mark."
    _free: deque[int] = field(default_factory=deque)
    _resting: deque[tuple[float, int]] = field(default_factory=deque)
    _bound: dict[int, SocketPair] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ports = [port for port in range(self.first, self.last) if port % 2 == 0]
        self._free.extend([p for p in ports if p > self.start_at] + [p for p in ports if p <= self.start_at])

    @property
    def bound(self) -> int:
        """Pairs that wait to be taken."""
        return len(self._bound)

    @property
    def free(self) -> int:
        """Pairs that could be taken or bound, if nobody else has them."""
        return len(self._bound) + len(self._free)

    @property
    def resting(self) -> int:
        return len(self._resting)

    def bind(self, count: int, now: float) -> list[int]:
        """Bind up to `count` more pairs; their RTP ports. Fewer when the range has no more; ports that
        another process holds are skipped and tried again later. Raises OSError when the address itself is
        wrong."""
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])
        ports: list[int] = []
        for _ in range(min(len(self._free), count + MAX_SKIPPED)):
            if len(ports) >= count:
                break
            port = self._free.popleft()
            try:
                self._bound[port] = SocketPair(*_bind_pair(self.family, self.host, port, self.dscp))
            except OSError as problem:
                self._free.append(port)
                if problem.errno in (errno.EADDRINUSE, errno.EACCES):
                    continue
                if problem.errno in (errno.EMFILE, errno.ENFILE):
                    break
                raise
            ports.append(port)
        return ports

    def take(self, port: int) -> SocketPair | None:
        """The sockets of a bound pair; None if it is not (any more) bound."""
        return self._bound.pop(port, None)

    def give_back(self, port: int, now: float) -> None:
        """The caller has closed the sockets."""
        self._resting.append((now + self.quarantine_s, port))

    def close(self) -> None:
        for pair in self._bound.values():
            pair.close()
        self._bound.clear()


def _bind_pair(family: Family, host: str, port: int, dscp: int) -> tuple[socket.socket, socket.socket]:
    rtp = _bind(family, host, port, dscp)
    try:
        return rtp, _bind(family, host, port + 1, dscp)
    except OSError:
        rtp.close()
        raise


def _bind(family: Family, host: str, port: int, dscp: int) -> socket.socket:
    # No SO_REUSEADDR: on UDP it would let two processes share a port, and each lose the other's packets.
    sock = socket.socket(_FAMILIES[family], socket.SOCK_DGRAM)
    try:
        if family == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        mark(sock, dscp)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
