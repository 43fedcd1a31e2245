"""A call centre in a folder of its own: configuration, operators, API key, and the agent as a process."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from ntpd112.access.keys import KeyStore
from ntpd112.cdr.database import open_database
from ntpd112.cdr.directory import Directory, Operator
from ntpd112.sip.digest import make_credentials

READY_S = 60.0
"Seconds the agent may take to start; on a slow machine the first import takes longest."
STOP_S = 10.0
"Seconds the agent may take to end before it is killed."
REALM = "demo.112"
HOST = "127.0.0.1"

CONFIG = """\
[site]
region = "35.78"

[sip]
listen = ["udp://{host}:{sip}", "tcp://{host}:{sip}"]
realm = "{realm}"

[media]
ports = "{first}-{last}"
recordings = "recordings"

[database]
url = "sqlite+aiosqlite:///{folder}/ntpd112.db"

[journal]
path = "{folder}/journal.db"

[http]
listen = "{host}:{http}"

[[trunk]]
name = "telco"
peers = ["127.0.0.0/8"]
max_calls = 60
options = "0s"

[[queue]]
name = "112"
numbers = ["112", "urn:service:sos"]
ring_timeout = "12s"
wrap_up = "4s"

[[queue.ladder]]
after = "30s"
to = "tetangga"

[[queue]]
name = "medis"
numbers = ["119", "urn:service:sos.ambulance"]
skills = {{ medical = 1 }}
priority = 3
ring_timeout = "12s"
wrap_up = "4s"

[[queue.ladder]]
after = "15s"
to = "112"

[[destination]]
name = "tetangga"
title = "112 kota tetangga"
kind = "centre"
to = "sip:112@{host}:{neighbour}"
"""


class DemoError(Exception):
    """The demo cannot start; the message says what to do."""


@dataclass
class Site:
    """`sip` and `http` are the ports the agent listens on, `neighbour` is the next centre's; `key` reads
    everything over REST."""

    folder: Path
    sip: int = 0
    http: int = 0
    neighbour: int = 0
    key: str = ""
    passwords: dict[str, str] = field(default_factory=dict)
    _agent: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> Path:
        return self.folder / "agent.log"

    @property
    def config(self) -> Path:
        return self.folder / "ntpd112.toml"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http}"

    def write_config(self) -> None:
        self.sip = _free_port(5060, udp=True)
        self.http = _free_port(8112)
        self.neighbour = _free_port(5112, udp=True)
        text = CONFIG.format(
            host=HOST,
            sip=self.sip,
            http=self.http,
            neighbour=self.neighbour,
            realm=REALM,
            folder=self.folder,
            first=30000,
            last=30999,
        )
        self.config.write_text(text, encoding="utf-8")

    async def add_operators(self, operators: dict[str, tuple[str, dict[str, int]]]) -> None:
        """`operators`: id to name and skills. Makes their passwords and the API key."""
        database = await open_database(f"sqlite+aiosqlite:///{self.folder}/ntpd112.db")
        try:
            directory = Directory(database)
            for operator, (name, skills) in operators.items():
                password = self.passwords[operator] = secrets.token_urlsafe(6)
                hashes = make_credentials(operator, REALM, password)
                await directory.add(
                    Operator(
                        id=operator,
                        name=name,
                        skills=skills,
                        realm=REALM,
                        ha1_md5=hashes.ha1_md5,
                        ha1_sha256=hashes.ha1_sha256,
                    )
                )
            self.key = await KeyStore(database).add("demo", ["admin"])
        finally:
            await database.dispose()

    async def start_agent(self) -> None:
        """Start `ntpd112 run` and wait until it is ready. Raises DemoError with the end of its log."""
        with self.log.open("wb") as log:
            self._agent = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ntpd112", "run", "--config", str(self.config)),
                cwd=self.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        async with httpx.AsyncClient() as http:
            for _ in range(int(READY_S / 0.1)):
                if self._agent.returncode is not None:
                    break
                try:
                    if (await http.get(f"{self.url}/healthz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        tail = self.log.read_text(errors="replace")[-2000:]
        raise DemoError(f"the agent did not start; the end of its log ({self.log}):\n{tail}")

    async def stop_agent(self) -> None:
        if self._agent is None or self._agent.returncode is not None:
            return
        self._agent.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._agent.wait(), STOP_S)
        except TimeoutError:
            os.kill(self._agent.pid, signal.SIGKILL)
            await self._agent.wait()


def _free_port(wanted: int, *, udp: bool = False) -> int:
    """`wanted`, or one of the next twenty even ports if something else has it."""
    for port in range(wanted, wanted + 40, 2):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tcp.bind((HOST, port))
            if udp:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                    datagrams.bind((HOST, port))
            return port
        except OSError:
            continue
    raise DemoError(f"no free port from {wanted} to {wanted + 38} on {HOST}: end what uses them")
