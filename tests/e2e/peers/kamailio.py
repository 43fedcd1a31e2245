"""A real Kamailio with the files of `kamailio-config/`, whose example addresses are put at the session's."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import trustme

from .guides import ROOT, placed
from .loopback import Loopback
from .process import LOG_TAIL, Program
from .waiting import eventually

CONFIG = ROOT / "kamailio-config"
SITE_FILES = ("site.cfg", "dispatcher.list", "address.list", "tls.cfg")
SECOND_AGENT = 3
"Last byte of its address; the first is the session's agent."


class Kamailio:
    """One edge in a folder of its own."""

    def __init__(self, folder: Path, net: Loopback, *, tls: bool = False, pbx: bool = False) -> None:
        """`tls`: it has its lines about TLS, and a certificate of an authority of its own. `pbx`: it has its
        line about the PBX that takes calls when no agent does."""
        command = shutil.which("kamailio", path="/usr/sbin:/usr/bin")
        assert command, "kamailio is missing: scripts/install-test-tools.sh installs it"
        folder.mkdir(parents=True)
        self._folder = folder
        self.net = net
        shutil.copy(CONFIG / "kamailio.cfg", folder)
        for name in SITE_FILES:
            self._write(name)
        if tls:
            self._add_tls()
        if pbx:
            self._take_comment_off("dispatcher.list", "1     sip:")
        self.program = Program([command, *self._options()], folder / "kamailio.log")

    def _options(self) -> list[str | Path]:
        file = self._folder / "kamailio.cfg"
        return [
            "-f",
            file,
            "-DD",
            "-E",
            "-m",
            "32",
            "-M",
            "4",
            "-P",
            self._folder / "pid",
            "-Y",
            self._folder,
        ]

    def _write(self, name: str) -> None:
        text = placed((CONFIG / name).read_text("utf-8"), places(self.net))
        for system in ("/etc/kamailio", "/run/kamailio"):
            text = text.replace(system, str(self._folder))
        (self._folder / name).write_text(text)

    @property
    def ca(self) -> Path:
        """Who vouches for its certificate."""
        return self._folder / "ca.pem"

    def _add_tls(self) -> None:
        self._take_comment_off("site.cfg", "#!define WITH_TLS")
        self._take_comment_off("site.cfg", "listen=tls:")
        with (self._folder / "address.list").open("a") as known:
            known.write("2 127.0.0.1 32 0 phones\n")  # baresip connects from there, wherever it listens
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca))
        issued = authority.issue_cert(self.outside.partition(":")[0])
        issued.private_key_pem.write_to_path(str(self._folder / "key.pem"))
        issued.cert_chain_pems[0].write_to_path(str(self._folder / "cert.pem"))

    def _take_comment_off(self, name: str, line: str) -> None:
        file = self._folder / name
        text = file.read_text()
        assert f"\n#{line}" in text, f"{name} has no line #{line}"
        file.write_text(text.replace(f"\n#{line}", f"\n{line}"))

    @property
    def outside(self) -> str:
        """Where telcos send calls and phones register."""
        return f"{places(self.net)['192.0.2.10']}:5060"

    @property
    def inside(self) -> set[str]:
        """Its addresses towards the agents."""
        return {places(self.net)[f"10.1.0.{last}"] for last in (10, 11, 12)}

    def start(self) -> None:
        self.program.start()
        eventually(self.agent_states, "Kamailio answers")

    def stop(self) -> None:
        self.program.stop()

    def ask(self, *command: str) -> str:
        """What kamcmd says."""
        done = subprocess.run(
            ["kamcmd", "-s", f"unix:{self._folder}/kamailio_ctl", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def agent_states(self) -> list[str]:
        """Of the agents as they stand in dispatcher.list: `AP` is active, `IP` and `TP` are not. Empty before
        it answers."""
        if not self.program.running:
            raise RuntimeError(f"Kamailio ended:\n{self.program.log()[-LOG_TAIL:]}")
        sets = self.ask("dispatcher.list").split("SET: {")
        agents = [one for one in sets if "ID: 1\n" in one]
        return re.findall(r"FLAGS: (\w+)", "".join(agents))


def places(net: Loopback) -> Mapping[str, str]:
    """The session's address for each of the files' and the guide's."""
    return {
        "192.0.2.10": net.host(10),
        "10.1.0.10": net.host(11),
        "10.1.0.11": net.host(12),
        "10.1.0.12": net.host(13),
        "10.1.0.1": net.agent,
        "10.1.0.2": net.host(SECOND_AGENT),
        "10.1.0.4": net.pbx,
        "10.2.0.0": net.host(0),
        "198.51.100.5": net.host(170),
        "203.0.113.0": net.host(176),
        "203.0.113.7": net.host(183),
    }
