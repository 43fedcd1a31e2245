"""The agent under test: `ntpd112 run` as a process, set up through the command line, read over REST."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import trustme
from typer.testing import CliRunner

from ntpd112.cli import app

from .forked import Ntpd112
from .loopback import Loopback, free_port
from .process import LOG_TAIL, Program
from .waiting import PATIENCE_S, eventually

REALM = "e2e.112"
SIPS_PORT = 5061
OUTSIDE = 99
"Number of the phone that is no operator's: a destination, an off-duty operator."
Json = dict[str, Any]
http = httpx.Client(verify=False, timeout=PATIENCE_S, limits=httpx.Limits(max_keepalive_connections=0))
"""Of all tests. `httpx.get` makes a client for each request and reads all authorities that the system trusts:
30 ms of CPU, at each look for something to become true. Each request has a connection of its own: by the next
the agent may be another."""


@dataclass(frozen=True)
class Settings:
    """What differs from test to test; everything else is in `_config`."""

    ring_timeout: str = "10s"
    wrap_up: str = "0s"
    answer: str = "announce"
    announcement: str = ""
    "A prompt; none by default, so that a measured tone is alone."
    no_operator: str = "wait"
    keepalive: str = "0s"
    workers: int = 1
    ipv6: bool = False
    advertise: bool = False
    "Its IPv4 address, to peers of that version, for SIP and sound."
    ipv6_trunk: str = "telco"
    "Whose calls come from ::1: the telco's, beside its own address, or the PBX's, in place of its own."
    tls: bool = False
    "Listen for SIP over TLS too, with a certificate of the agent's own authority."
    tls_clients: str = "off"
    phones_srtp: str = "off"
    trunks_srtp: str = "off"
    skilled_numbers: Mapping[str, str] = field(default_factory=lambda: {"118": "medical"})
    "Numbers with a queue of their own that asks for a skill."
    database: str = ""
    recording: bool = True
    media_ports: str = ""
    "By default a range of the session's own."
    telco_calls: int = 60
    callbacks_to: str = ""
    "Where citizens are called back; none by default."
    pbx_options: str = "5s"
    pbx_to: str = ""
    "Gateway of the PBX's trunk, `{pbx}` in it as below; by default calls of ours do not go by it."
    drain: str = "1s"
    "How long a stop waits for calls."
    rate: str = "50/s"
    'Of REST requests; "0/s": no limit.'
    queue: str = ""
    "More TOML for the queue 112: keys, then tables of its own."
    whole: str = ""
    "The configuration file as it stands, for instance in a guide, in place of all the above."
    sections: str = ""
    """More TOML sections. `{phone}` stands for the address of the phone that the test has beside operators',
    `{pbx}` for the PBX's."""


class Agent:
    """One call centre in a folder of its own, at its address of the loopback network."""

    def __init__(self, folder: Path, net: Loopback, settings: Settings | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.net = net
        self.settings = settings or Settings()
        self.port6, self.port6_tls = (free_port() if self.settings.ipv6 else 0 for _ in range(2))
        self.config = folder / "ntpd112.toml"
        self.config.write_text(self._config())
        self.key = ""
        command = ["run", "--config", str(self.config)]
        self.program: Program = Ntpd112(command, folder / "agent.log", folder=folder)

    def _config(self) -> str:
        settings, net = self.settings, self.net
        if settings.whole:
            return settings.whole
        listen = [f"udp://{net.agent}:5060", f"tcp://{net.agent}:5060"]
        tls = self._papers() if settings.tls else ""
        if settings.tls:
            listen.append(f"tls://{net.agent}:{SIPS_PORT}")
        if settings.ipv6:
            listen += [f"udp://[::1]:{self.port6}", f"tcp://[::1]:{self.port6}"]
            if settings.tls:
                listen.append(f"tls://[::1]:{self.port6_tls}")
        database = settings.database or f"sqlite+aiosqlite:///{self.database_file.name}"
        recordings = 'recordings = "recordings"' if settings.recording else ""
        callbacks = f'[callbacks]\nto = "{settings.callbacks_to}"' if settings.callbacks_to else ""
        advertise = f'advertise = "{net.agent}"' if settings.advertise else ""
        telco, pbx = [net.telco], [net.pbx]
        if settings.ipv6_trunk == "pbx":
            pbx = ["::1"]
        else:
            telco.append("::1")
        to = f'to = "{settings.pbx_to.replace("{pbx}", net.pbx)}"' if settings.pbx_to else ""
        queues = self._queue("112", ["112", "urn:service:sos"], {}) + settings.queue
        sections = settings.sections.replace("{phone}", net.phone(OUTSIDE)).replace("{pbx}", net.pbx)
        for number, skill in settings.skilled_numbers.items():
            queues += self._queue(skill, [number], {skill: 1})
        return f"""[site]
region = "35.78"
[sip]
listen = {listen}
realm = "{REALM}"
{advertise}
drain = "{settings.drain}"
{tls}
[registrar]
expires = "1s..1h"
keepalive = "{settings.keepalive}"
srtp = "{settings.phones_srtp}"
[media]
ports = "{settings.media_ports or net.media_ports}"
workers = {settings.workers}
{advertise}
prompts = "prompts"
{recordings}
[database]
url = "{database}"
[journal]
path = "journal.db"
[http]
listen = "{net.agent}:8112"
rate = "{settings.rate}"
{self._trunk("pbx", pbx, 60, settings.pbx_options)}{to}
{self._trunk("telco", telco, settings.telco_calls, "0s")}
{self._trunk("narrow", [net.narrow_trunk], 2, "0s")}
{callbacks}
{sections}
{queues}"""

    @property
    def ca(self) -> Path:
        """Who vouches for the agent's certificate, and for the PBX's, `pbx.pem` beside it."""
        return self.folder / "ca.pem"

    def _papers(self) -> str:
        authority = self.authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca))
        for name, address in (("agent", self.net.agent), ("pbx", self.net.pbx)):
            issued = authority.issue_cert(address, "::1")
            issued.private_key_and_cert_chain_pem.write_to_path(str(self.folder / f"{name}.pem"))
        files = 'certificate = "agent.pem"\nkey = "agent.pem"\nca = "ca.pem"'
        return f'[tls]\n{files}\nclients = "{self.settings.tls_clients}"'

    def _trunk(self, name: str, peers: Sequence[str], max_calls: int, options: str) -> str:
        return f"""[[trunk]]
name = "{name}"
peers = {list(peers)}
max_calls = {max_calls}
options = "{options}"
srtp = "{self.settings.trunks_srtp}"
"""

    def _queue(self, name: str, numbers: Sequence[str], skills: Mapping[str, int]) -> str:
        settings = self.settings
        required = ", ".join(f"{skill} = {level}" for skill, level in skills.items())
        return f"""[[queue]]
name = "{name}"
numbers = {list(numbers)}
skills = {{ {required} }}
ring_timeout = "{settings.ring_timeout}"
wrap_up = "{settings.wrap_up}"
answer = "{settings.answer}"
announcement = "{settings.announcement}"
no_operator = "{settings.no_operator}"
"""

    @property
    def database_file(self) -> Path:
        """SQLite, unless the settings name another database."""
        return self.folder / "cdrs.db"

    # ---- command line

    def cli(self, *arguments: str, stdin: str = "") -> str:
        """Runs `ntpd112 ...`; its output. Raises if it fails."""
        return self._run(arguments, stdin, 0)

    def cli_finds_fault(self, *arguments: str) -> str:
        """The same of a command that finds something wrong: it ends with the exit code 1."""
        return self._run(arguments, "", 1)

    def _run(self, arguments: Sequence[str], stdin: str, code: int) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "ntpd112", *arguments, "--config", str(self.config)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
        )
        assert done.returncode == code, f"ntpd112 {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def set_up(self, *arguments: str, stdin: str = "") -> str:
        """As `cli`, but within this process: half of a test's CPU would be Python's starts."""
        done = CliRunner().invoke(app, [*arguments, "--config", str(self.config)], input=stdin)
        assert done.exit_code == 0, f"ntpd112 {' '.join(arguments)}: {done.output}"
        return done.stdout

    def add_operator(self, operator: str, skills: Mapping[str, int] | None = None) -> str:
        """Adds an operator; the password of the SIP account."""
        password = f"secret-{operator}"
        wanted = [part for skill, level in (skills or {}).items() for part in ("--skill", f"{skill}={level}")]
        name = f"Operator {operator}"
        self.set_up("operator", "add", operator, "--name", name, *wanted, "--password-stdin", stdin=password)
        if self.program.running:
            eventually(
                lambda: self.request("GET", f"/operators/{operator}").status_code == 200,
                f"the agent notices operator {operator}",
            )
        return password

    # ---- life and death

    def make_key(self) -> None:
        """An API key that may do everything, for `request`."""
        key = re.search(r"\S{20,}", self.set_up("apikey", "add", "e2e", "--scope", "admin"))
        assert key, "apikey add printed no key"
        self.key = key.group()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.program.start()
        eventually(self._answers, "the agent answers /healthz")

    def _answers(self) -> bool:
        if not self.program.running:
            raise RuntimeError(f"the agent ended:\n{self.program.log()[-LOG_TAIL:]}")
        try:
            return http.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9 of the agent and, as when the machine goes, of its media workers."""
        workers = self.worker_pids()
        self.program.kill()
        for worker in workers:
            _kill(worker)

    def stop(self) -> None:
        self.program.stop()

    def worker_pids(self) -> list[int]:
        """The agent's child processes: its media workers."""
        return _children(self.program.pid)

    # ---- REST

    @property
    def url(self) -> str:
        return f"http://{self.net.agent}:8112"

    @property
    def sip(self) -> str:
        """Where calls go, for SIPp."""
        return f"{self.net.agent}:5060"

    def request(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        return http.request(
            method, f"{self.url}/api/v1{path}", json=body, headers={"Authorization": f"Bearer {self.key}"}
        )

    def upload(self, path: str, sound: bytes) -> Json:
        """Puts a WAV file there; what is answered."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "audio/wav"}
        response = http.put(f"{self.url}/api/v1{path}", content=sound, headers=headers)
        assert response.status_code == 200, f"PUT {path}: {response.status_code} {response.text}"
        made: Json = response.json()
        return made

    def get(self, path: str) -> Any:
        response = self.request("GET", path)
        assert response.status_code == 200, f"GET {path}: {response.status_code} {response.text}"
        return response.json()

    def ready(self) -> Json:
        """What `/readyz` says."""
        found: Json = http.get(f"{self.url}/readyz").json()
        return found

    def listed(self, path: str) -> list[Json]:
        found: list[Json] = self.get(path)
        return found

    def calls(self) -> list[Json]:
        return self.listed("/calls")

    def events(self, call: str, kind: str) -> list[Json]:
        """The call's events of this type, oldest first."""
        found: list[Json] = self.get(f"/calls/{call}/events")["events"]
        return [event for event in found if event["type"] == kind]

    def command(self, method: str, path: str, body: Json | None = None) -> Json:
        """A request that has to succeed; what it answers."""
        response = self.request(method, path, body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        found: Json = response.json()
        return found

    def operator(self, operator: str) -> Json:
        found: Json = self.get(f"/operators/{operator}")
        return found

    def wait_for_operator(self, operator: str, state: str) -> Json:
        def look() -> Json | None:
            found = self.operator(operator)
            assert found["state"] == state, f"{operator} is {found['state']} ({found['reason']})"
            return found

        return eventually(look, f"operator {operator} is {state}") or {}

    def wait_for_saved_phones(self, operator: str) -> None:
        """Waits until a kill cannot lose the operator's registration."""
        file = self.folder / "journal-phones.json"
        eventually(lambda: file.exists() and f'"{operator}"' in file.read_text(), f"{operator} is saved")

    def wait_for_calls(self, *states: str) -> list[Json]:
        """Waits until the live calls, oldest first, are exactly in these states."""

        def look() -> list[Json]:
            found = sorted(self.calls(), key=lambda call: str(call["created_at"]))
            assert [call["state"] for call in found] == list(states), f"calls: {[c['state'] for c in found]}"
            return found

        if not states:
            eventually(lambda: not self.calls(), "no call is left")
            return []
        return eventually(look, f"calls are {states}")

    def cdrs(self) -> list[Json]:
        """Newest first."""
        found: list[Json] = self.get("/cdrs?limit=500")["items"]
        return found

    def wait_for_cdrs(self, count: int = 1) -> list[Json]:
        def look() -> list[Json]:
            found = self.cdrs()
            assert len(found) == count, f"{len(found)} CDRs"
            return found

        return eventually(look, f"{count} CDRs are there")


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
