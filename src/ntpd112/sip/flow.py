"""Where a message came from and where one goes: a flow is one socket of ours and one address of a peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

TRANSPORTS = ("udp", "tcp", "tls")


class Address(NamedTuple):
    """An IP address (no name, IPv6 without brackets) and a port."""

    host: str
    port: int


def advertised(host: str, instead: str | None) -> str:
    """What peers are told who reach us at our `host`: the configured address instead of it, if it is of the
    same IP version. A NAT of IPv4 is none for IPv6."""
    return instead if instead is not None and (":" in instead) == (":" in host) else host


@dataclass(frozen=True, slots=True)
class Flow:
    """`transport` is one of TRANSPORTS. `local` is the listening socket's address that the flow belongs to;
    for TCP and TLS it also names the listener whose address we advertise. Two messages of one connection
    have equal flows."""

    transport: str
    local: Address
    remote: Address
    name: str = ""
    "Of TLS: whom the peer's certificate has to be for; empty: `remote`, or it was the peer who connected."

    @property
    def reliable(self) -> bool:
        return self.transport != "udp"


FlowTo = Callable[[str, Address], Flow | None]
"Our way to an address by a transport; None where no socket of ours fits."


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes to send over a flow. A TCP flow without a connection is connected first."""

    flow: Flow
    data: bytes
