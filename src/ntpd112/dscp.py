"""Marks for what a socket sends (RFC 2474): routers that were told so let sound and signalling go first."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

ECN_BITS = 2
"Below the code point in the byte of the IP header (RFC 3168)."


def mark(sock: socket.socket, code_point: int) -> None:
    """0: no mark. Never raises: an unmarked packet is better than none."""
    if not code_point:
        return
    byte = code_point << ECN_BITS
    with suppress(OSError):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, byte)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, byte)


def mark_descriptor(descriptor: int, code_point: int) -> None:
    """The same for a socket of which somebody else has the object."""
    if not code_point or descriptor < 0:
        return
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as copy:
        mark(copy, code_point)
