"""One UDP socket of the SIP endpoint. Plain socket calls: they tell at once what could not be sent, and cost
less than a datagram transport."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ntpd112.dscp import mark

from .flow import Address, Flow, Outgoing
from .local_addresses import WILDCARDS, LocalAddresses

RECEIVE_BUFFER = 4 * 2**20
"Bytes the kernel keeps for us: some 4,000 messages, 4 s of 250 calls a second. It may grant less."
BATCH = 64
"Datagrams read in one go, so that timers and other sockets get their turn under any load."
MAX_FLOWS = 10_000
"Peers whose flow is remembered; forged sources can fill this, then it starts anew."
MAX_DATAGRAM = 65_535


class UdpSocket:
    """Bound when made; `dscp` marks what it sends. Raises OSError."""

    def __init__(self, address: Address, dscp: int = 0) -> None:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self.socket.setblocking(False)
            if family == socket.AF_INET6:
                # IPv4 has sockets of its own; mapped addresses would hide which trunk a peer belongs to.
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            _enlarge(self.socket)
            mark(self.socket, dscp)
            self.socket.bind(tuple(address))
        except OSError:
            self.socket.close()
            raise
        self.family = family
        self.local = Address(*self.socket.getsockname()[:2])
        self.unsent = 0
        "Datagrams that found the send buffer full; the protocol repeats what matters."
        self._buffer = memoryview(bytearray(MAX_DATAGRAM))
        self._flows: dict[tuple[str, int], Flow] = {}
        self._locals = LocalAddresses(self.local)

    def read(self, handle: Callable[[bytes, Flow], None]) -> bool:
        """Hand over what has come, up to BATCH datagrams. False if there was nothing."""
        receive, buffer = self.socket.recvfrom_into, self._buffer
        for index in range(BATCH):
            try:
                size, source = receive(buffer)
            except BlockingIOError:
                return index > 0
            except OSError:
                # An ICMP error of an earlier datagram: the transaction's timer tells that nobody is there.
                continue
            handle(bytes(buffer[:size]), self.flow_to(Address(source[0], source[1])))
        return True

    def flow_to(self, remote: Address) -> Flow:
        flow = self._flows.get(remote)
        if flow is None:
            flow = Flow("udp", self._locals.towards(remote.host), remote)
            if flow.local.host not in WILDCARDS:
                if len(self._flows) >= MAX_FLOWS:
                    self._flows.clear()
                self._flows[remote] = flow
        return flow

    def send(self, outgoing: Outgoing) -> bool:
        """False if it can never be sent so: no route, too large."""
        try:
            self.socket.sendto(outgoing.data, outgoing.flow.remote)
        except (BlockingIOError, InterruptedError):
            self.unsent += 1
        except OSError:
            return False
        return True

    def close(self) -> None:
        self.socket.close()


def _enlarge(udp: socket.socket) -> None:
    """As root the system's limit can be passed; else it is what the kernel grants."""
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    force = getattr(socket, "SO_RCVBUFFORCE", 33)
    try:
        udp.setsockopt(socket.SOL_SOCKET, force, RECEIVE_BUFFER)
    except OSError:
        return
