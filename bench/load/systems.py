"""The two systems that are loaded: the agent, and Asterisk's own Queue(). Both have the same operators at the
same address, anchor the audio, and listen on an address of the same loopback network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from tests.e2e.peers.agent import Agent, Settings
from tests.e2e.peers.asterisk import Asterisk
from tests.e2e.peers.loopback import Loopback
from tests.e2e.peers.process import Program
from tests.e2e.peers.registration import Registrar, register

TICKS = os.sysconf("SC_CLK_TCK")


class System(Protocol):
    """What the benchmark needs to know of a system under test."""

    name: str
    target: str
    "Where callers send their INVITE, `host:port`."

    def start(self, operators: int) -> None: ...

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds used so far, by process."""
        ...

    def stop(self) -> None: ...


def cpu_s(pid: int) -> float:
    """User and system time of a process with all its threads, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class AgentUnderTest:
    """`ntpd112 run` with its journal on and one media worker; operators register over SIP with digest."""

    name = "ntpd112"

    def __init__(self, folder: Path, net: Loopback, database: str = "") -> None:
        """`database`: its URL; by default SQLite."""
        settings = Settings(
            database=database,
            answer="ring",  # as Queue() does it: the caller is answered when the operator is
            recording=False,
            media_ports="20000-39999",
            telco_calls=4000,
            ring_timeout="20s",
            skilled_numbers={},
        )
        self._net = net
        self.agent = Agent(folder / "agent", net, settings)
        self.target = self.agent.sip

    def start(self, operators: int) -> None:
        names = [f"op{number}" for number in range(1, operators + 1)]
        listed = self.agent.folder / "operators.csv"
        rows = "".join(f"{name},{name},secret-{name},\n" for name in names)
        listed.write_text(f"id,name,password,skills\n{rows}")
        self.agent.cli("operator", "import", str(listed))
        self.agent.make_key()
        self.agent.start()
        registrar = Registrar(self._net.agent, 5060, self._net.agent)
        for name in names:
            register(registrar, name, f"secret-{name}", self._net.phone(1), expires=3600)

    def cpu_s(self) -> dict[str, float]:
        used = {"agent": cpu_s(self.agent.program.pid)}
        used["media"] = sum(cpu_s(pid) for pid in self.agent.worker_pids())
        return used

    def stop(self) -> None:
        self.agent.stop()


class AsteriskQueue:
    """Asterisk with one Queue() of all operators, who are rung in turn, as the agent does it."""

    name = "Asterisk Queue()"

    def __init__(self, folder: Path, net: Loopback, command: Path) -> None:
        self._net = net
        self._asterisk = Asterisk(command, folder / "asterisk", net, [])
        self.target = f"{net.pbx}:5060"

    @property
    def _program(self) -> Program:
        return self._asterisk.program

    def start(self, operators: int) -> None:
        etc, phones = self._asterisk.etc, self._net.phone(1)
        self._replace(etc / "pjsip-operators.conf", _contacts(operators, phones))
        self._replace(
            etc / "extensions.conf",
            "[from-telco]\nexten => 112,1,Queue(q112,,,,60)\n same => n,Hangup()\n",
        )
        self._replace(etc / "queues.conf", _queue(operators))
        self._replace(etc / "logger.conf", "[general]\n[logfiles]\nconsole = warning,error\n")
        self._replace(etc / "rtp.conf", "[general]\nrtpstart = 20000\nrtpend = 39999\n")
        modules = (etc / "modules.conf").read_text() + "load = app_queue.so\nload = res_musiconhold.so\n"
        self._replace(etc / "modules.conf", modules)
        self._asterisk.start()

    @staticmethod
    def _replace(file: Path, text: str) -> None:
        """In place of a link to a file of `asterisk-config/`, which must stay as it is."""
        file.unlink(missing_ok=True)
        file.write_text(text)

    def cpu_s(self) -> dict[str, float]:
        return {"asterisk": cpu_s(self._program.pid)}

    def stop(self) -> None:
        self._asterisk.stop()


def _contacts(operators: int, host: str) -> str:
    """Operators whose contacts are known from the start; the phones do not register."""
    return "".join(
        f"[op{number}]\ntype = endpoint\ncontext = none\ndisallow = all\nallow = alaw\n"
        f"direct_media = no\naors = op{number}\n"
        f"[op{number}]\ntype = aor\ncontact = sip:op{number}@{host}:5060\n"
        for number in range(1, operators + 1)
    )


def _queue(operators: int) -> str:
    members = "".join(f"member => PJSIP/op{number}\n" for number in range(1, operators + 1))
    return (
        "[general]\nautofill = yes\n[q112]\nstrategy = leastrecent\ntimeout = 20\nretry = 1\n"
        f"wrapuptime = 0\nautofill = yes\nringinuse = no\n{members}"
    )
