"""Addresses for one test session: a network of its own inside 127.0.0.0/8, so that everyone has the standard
ports, nobody looks for free ones, and several sessions run on one machine at once."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

BLOCKS = 12
"Of 1,000 ports each for audio, from 20000, below those that the system gives away by itself (32768 and up)."


@dataclass(frozen=True)
class Loopback:
    """Who has which address in the session's network."""

    prefix: str
    "The first three bytes, `127.84.17`."
    block: int
    "Of media ports."
    agent_byte: int = 1
    "The last one of the agent's address."

    @classmethod
    def of_this_process(cls) -> Loopback:
        """Derived from the process id; 127.0 and 127.1 are left to people. The workers of one run, siblings
        each with a number (`gw0`), have different blocks of ports."""
        low, high = os.getpid() % 250, os.getpid() // 250 % 250
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        first, number = (os.getppid(), int(worker[2:])) if worker else (os.getpid(), 0)
        return cls(f"127.{high + 2}.{low + 2}", (first + number) % BLOCKS)

    def host(self, last_byte: int) -> str:
        return f"{self.prefix}.{last_byte}"

    @property
    def media_ports(self) -> str:
        """The agent's range for audio: it is bound on all addresses, so each session needs its own."""
        first = 20000 + self.block * 1000
        return f"{first}-{first + 799}"

    @property
    def second_media_ports(self) -> str:
        """Of a second agent."""
        first = int(self.media_ports.partition("-")[0]) + 800
        return f"{first}-{first + 199}"

    @property
    def agent(self) -> str:
        return self.host(self.agent_byte)

    @property
    def telco(self) -> str:
        """A trunk of the agent and of the PBX: SIPp or a softphone that dials 112."""
        return self.host(2)

    @property
    def pbx(self) -> str:
        return self.host(4)

    @property
    def narrow_trunk(self) -> str:
        """A trunk of the agent that may have two calls."""
        return self.host(6)

    @property
    def broker(self) -> str:
        """The MQTT broker."""
        return self.host(8)

    @property
    def receiver(self) -> str:
        """Of webhooks."""
        return self.host(9)

    @property
    def name_server(self) -> str:
        return self.host(10)

    @property
    def stranger(self) -> str:
        """Belongs to no trunk."""
        return self.host(66)

    def phone(self, number: int) -> str:
        """The address of one operator's phone, 1 to 99."""
        return self.host(100 + number)


def free_port(family: socket.AddressFamily = socket.AF_INET6, host: str = "::1") -> int:
    """A port that was free a moment ago, for IPv6, where loopback has one address only."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def in_uri(host: str) -> str:
    """IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def tcp_answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
