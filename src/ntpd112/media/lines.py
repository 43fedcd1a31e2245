"""A leg's two sockets as its other parts see them: plain, or with SRTP in between.

A plain leg reads and writes the sockets themselves, so that SRTP costs it nothing.
"""

from __future__ import annotations

import socket
from typing import Protocol

from .learning import Source
from .ports import SocketPair
from .protocol import Secured
from .srtp import Srtp


class Line(Protocol):
    """What is needed of a socket. Both raise OSError, also for what SRTP refuses."""

    def recvfrom(self, bufsize: int, /) -> tuple[bytes, Source]: ...

    def sendto(self, data: bytes, address: Source, /) -> int: ...


class Lines:
    def __init__(self, sockets: SocketPair) -> None:
        self._sockets = sockets
        self.srtp: Srtp | None = None
        self.rtp: Line = sockets.rtp
        self.rtcp: Line = sockets.rtcp

    @property
    def unauthentic(self) -> int:
        """Packets refused since the leg is secured, because the peer's key does not fit."""
        return self.srtp.unauthentic if self.srtp is not None else 0

    @property
    def replayed(self) -> int:
        """Packets refused since the leg is secured, because they came before."""
        return self.srtp.replayed if self.srtp is not None else 0

    def secure(self, keys: Secured | None) -> None:
        """From now on by these keys; None: plainly. Handlers made before are to be made anew."""
        if keys is None:
            self.srtp, self.rtp, self.rtcp = None, self._sockets.rtp, self._sockets.rtcp
        elif self.srtp is None:
            self.srtp = Srtp(keys)
            self.rtp = SecuredRtp(self._sockets.rtp, self.srtp)
            self.rtcp = SecuredRtcp(self._sockets.rtcp, self.srtp)
        elif keys != self.srtp.keys:
            self.srtp.rekey(keys)


class SecuredRtp:
    def __init__(self, sock: socket.socket, srtp: Srtp) -> None:
        self._receive, self._send = sock.recvfrom, sock.sendto
        self._srtp = srtp

    def recvfrom(self, bufsize: int, /) -> tuple[bytes, Source]:
        data, sender = self._receive(bufsize)
        return self._srtp.unprotect(data), sender

    def sendto(self, data: bytes, address: Source, /) -> int:
        return self._send(self._srtp.protect(data), address)


class SecuredRtcp:
    def __init__(self, sock: socket.socket, srtp: Srtp) -> None:
        self._receive, self._send = sock.recvfrom, sock.sendto
        self._srtp = srtp

    def recvfrom(self, bufsize: int, /) -> tuple[bytes, Source]:
        data, sender = self._receive(bufsize)
        return self._srtp.unprotect_rtcp(data), sender

    def sendto(self, data: bytes, address: Source, /) -> int:
        return self._send(self._srtp.protect_rtcp(data), address)
