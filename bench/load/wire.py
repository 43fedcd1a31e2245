"""What passes on the loopback interface, seen from outside and alike for every system under test.

A packet socket with a filter in the kernel sees INVITE and BYE requests only; the kernel's own time stamp
is used, so it does not matter when we get round to reading them. Needs root (CAP_NET_RAW).
"""

from __future__ import annotations

import ctypes
import re
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

ETH_P_IP = 0x0800
SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
BUFFER_BYTES = 16 << 20
"Room for a second of requests while the machine is busy elsewhere."
CALLER_NUMBER = re.compile(rb"81290000(\d+)")
"""Callers are 081290000 and the call's number, however a system writes that number."""

LOAD_WORD, LOAD_BYTE, JUMP_EQUAL, RETURN = 0x20, 0x30, 0x15, 0x06
UDP, PROTOCOL_AT, METHOD_AT = 17, 9, 28
"In an IPv4 packet without options: the protocol's byte, and the first word behind the UDP header."
FILTER = (
    (LOAD_BYTE, 0, 0, PROTOCOL_AT),
    (JUMP_EQUAL, 0, 4, UDP),
    (LOAD_WORD, 0, 0, METHOD_AT),
    (JUMP_EQUAL, 1, 0, int.from_bytes(b"INVI", "big")),
    (JUMP_EQUAL, 0, 1, int.from_bytes(b"BYE ", "big")),
    (RETURN, 0, 0, 0xFFFF),
    (RETURN, 0, 0, 0),
)


@dataclass(frozen=True)
class Seen:
    at: float
    "Seconds, the kernel's clock."
    source: str
    target: str
    method: str
    caller: int
    "The number in the caller's telephone number; -1 when there is none."


class Wire:
    """Collects requests from `start` to `stop`."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        program = b"".join(struct.pack("HBBI", *step) for step in FILTER)
        code = ctypes.create_string_buffer(program)
        self._socket.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(FILTER), ctypes.addressof(code))
        )
        self._socket.bind(("lo", ETH_P_IP))
        self._socket.settimeout(0.2)
        self._packets: list[tuple[float, bytes]] = []
        self._running = True
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        while self._running:
            try:
                packet, ancillary, _, _ = self._socket.recvmsg(65535, 64)
            except TimeoutError:
                continue
            for _, kind, data in ancillary:
                if kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("ll", data)
                    self._packets.append((seconds + nanoseconds / 1e9, packet))

    def stop(self) -> list[Seen]:
        self._running = False
        self._thread.join()
        self._socket.close()
        return [_read(at, packet) for at, packet in self._packets]


def _read(at: float, packet: bytes) -> Seen:
    sip = packet[METHOD_AT:]
    number = CALLER_NUMBER.search(sip)
    return Seen(
        at=at,
        source=socket.inet_ntoa(packet[12:16]),
        target=socket.inet_ntoa(packet[16:20]),
        method=sip.split(b" ", 1)[0].decode("latin-1"),
        caller=int(number.group(1)) if number else -1,
    )


def invite_through(seen: list[Seen], callers: str, operators: str) -> list[float]:
    """Seconds from each call's first INVITE in to its first INVITE out to an operator."""
    came: dict[int, float] = {}
    left: dict[int, float] = {}
    for request in seen:
        if request.method == "INVITE" and request.source == callers:
            came.setdefault(request.caller, request.at)
        if request.method == "INVITE" and request.target == operators:
            left.setdefault(request.caller, request.at)
    return [left[caller] - came[caller] for caller in came if caller in left]


def handovers(seen: list[Seen], operators: str) -> list[float]:
    """Seconds from each BYE of an operator to the next INVITE there: with one operator and callers waiting,
    how long the next caller waits for a free operator."""
    return list(_handovers(seen, operators))


def _handovers(seen: list[Seen], operators: str) -> Iterator[float]:
    freed: float | None = None
    known: set[int] = set()
    for request in seen:
        if request.method == "BYE" and request.source == operators:
            freed = request.at if freed is None else freed
        new = request.method == "INVITE" and request.target == operators and request.caller not in known
        if new:
            known.add(request.caller)
            if freed is not None:
                yield request.at - freed
            freed = None
