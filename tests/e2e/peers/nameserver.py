"""A real name server, dnsmasq, for the domain `telkom.example`; `stop`, `start` and `has` in mid-test."""

from __future__ import annotations

import getpass
import shutil
from pathlib import Path

import pytest

from .loopback import tcp_answers
from .process import Program
from .waiting import eventually

PORT = 5353
"Below 1024 only root may listen."
DOMAIN = "telkom.example"
TTL_S = 1


class NameServer:
    def __init__(self, folder: Path, host: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.host = host
        self._config = folder / "dnsmasq.conf"
        # Debian keeps it where only root's PATH looks.
        command = shutil.which("dnsmasq", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        if not command:
            pytest.fail("dnsmasq is needed: apt-get install dnsmasq-base", pytrace=False)
        self._program = Program(
            [command, "--keep-in-foreground", f"--conf-file={self._config}"], folder / "log", folder=folder
        )

    @property
    def section(self) -> str:
        """Of the agent's configuration."""
        return f'[dns]\nservers = ["{self.host}:{PORT}"]\ntimeout = "1s"\nttl = "{TTL_S}s..1h"\n'

    def has(self, *records: str) -> None:
        """From now on these and no others, in dnsmasq's words: `host-record=sbc.telkom.example,10.1.0.5`."""
        lines = [
            f"listen-address={self.host}",
            f"port={PORT}",
            f"user={getpass.getuser()}",
            f"local=/{DOMAIN}/",
            f"local-ttl={TTL_S}",
            *("no-resolv", "no-hosts", "bind-interfaces", "pid-file", "log-queries", "log-facility=-"),
            *records,
        ]
        self._config.write_text("\n".join(lines) + "\n")
        self.stop()
        self.start()

    def start(self) -> None:
        self._program.start()
        eventually(lambda: tcp_answers(self.host, PORT), "dnsmasq listens")

    def stop(self) -> None:
        self._program.stop()
