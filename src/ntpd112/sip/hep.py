"""SIP messages told to a Homer server as HEP 3 (Homer Encapsulation Protocol, revision 12): one datagram
each, sent where the capture is written, and dropped rather than waited for."""

from __future__ import annotations

import logging
import socket
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .capture import Captured

MAX_PAYLOAD: Final = 49_152
"Bytes of a message: a packet has a length of 16 bits, and a datagram no more than 65,507 bytes."
MAX_CORRELATION: Final = 1_024
"Bytes of its Call-ID: nobody's is longer, but a peer may try."
SIP: Final = 1
"The type of protocol that is told."
UDP, TCP = 17, 6
_V4, _V6 = 2, 10
"Address families as HEP numbers them."

log = logging.getLogger(__name__)


class HepSender:
    """`host`: an IP address. `agent_id`: which capture agent Homer shows; `password`: empty for none."""

    def __init__(self, host: str, port: int, agent_id: int, password: str) -> None:
        self._to = host, port
        self._agent_id = agent_id
        self._password = password
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.dropped = 0
        "Messages that the kernel did not take."

    def send(self, message: Captured) -> None:
        """Never waits, never raises."""
        try:
            self._socket.sendto(hep_packet(message, self._agent_id, self._password), self._to)
        except OSError as problem:
            if not self.dropped:
                log.error("SIP messages do not get to Homer at %s:%d: %s", *self._to, problem)
            self.dropped += 1


def hep_packet(message: Captured, agent_id: int, password: str) -> bytes:
    """The generic chunks of the specification (vendor 0). The correlation id is the Call-ID."""
    here, there = message.local, message.remote
    if message.direction == "in":
        here, there = there, here
    (source, source_port), (target, target_port) = _address(here), _address(there)
    seconds, micros = divmod(round(message.at * 1_000_000), 1_000_000)
    first = 0x0003 if source.version == 4 else 0x0005
    chunks = [
        _chunk(0x0001, struct.pack("!B", _V4 if source.version == 4 else _V6)),
        _chunk(0x0002, struct.pack("!B", UDP if message.transport == "udp" else TCP)),
        _chunk(first, source.packed),
        _chunk(first + 1, target.packed),
        _chunk(0x0007, struct.pack("!H", source_port)),
        _chunk(0x0008, struct.pack("!H", target_port)),
        _chunk(0x0009, struct.pack("!I", seconds)),
        _chunk(0x000A, struct.pack("!I", micros)),
        _chunk(0x000B, struct.pack("!B", SIP)),
        _chunk(0x000C, struct.pack("!I", agent_id)),
    ]
    if password:
        chunks.append(_chunk(0x000E, password.encode()))
    chunks.append(_chunk(0x000F, message.message.encode()[:MAX_PAYLOAD]))
    chunks.append(_chunk(0x0011, message.sip_call_id.encode()[:MAX_CORRELATION]))
    body = b"".join(chunks)
    return b"HEP3" + struct.pack("!H", 6 + len(body)) + body


def _chunk(kind: int, payload: bytes) -> bytes:
    return struct.pack("!HHH", 0, kind, 6 + len(payload)) + payload


def _address(host_port: str) -> tuple[IPv4Address | IPv6Address, int]:
    host, _, port = host_port.rpartition(":")
    return ip_address(host.strip("[]")), int(port)
