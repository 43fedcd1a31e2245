"""The real broker: mosquitto, on an address of the test session; and mosquitto_sub, which listens to it."""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .loopback import tcp_answers
from .process import Program
from .waiting import eventually

USER, PASSWORD = "ntpd112", "rahasia"
PORT = 1883


class Told(NamedTuple):
    topic: str
    retained: bool
    payload: dict[str, Any]


def program(name: str) -> str:
    """Debian keeps mosquitto where only root's PATH looks."""
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if not found:
        pytest.fail(f"{name} is needed: apt-get install mosquitto mosquitto-clients", pytrace=False)
    return found


class Broker:
    """`stop` and `start` may be called in the middle of a test: it keeps sessions and what is retained."""

    def __init__(
        self, folder: Path, host: str, certificate: tuple[Path, Path] | None = None, rules: str = ""
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.host = host
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        self._run("mosquitto_passwd", "-b", str(passwords), USER, PASSWORD)
        lines = [f"listener {PORT} {host}", f"password_file {passwords}", "allow_anonymous false"]
        if certificate is not None:
            lines += [f"certfile {certificate[0]}", f"keyfile {certificate[1]}"]
        self._rules = folder / "rules"
        if rules:
            self.set_rules(rules)
            lines.append(f"acl_file {self._rules}")
        lines += ["persistence true", f"persistence_location {folder}/"]
        lines += [f"user {_whom()}", "set_tcp_nodelay true"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        command = [program("mosquitto"), "-c", str(folder / "mosquitto.conf")]
        self._program = Program(command, folder / "mosquitto.log", folder=folder)

    def set_rules(self, rules: str) -> None:
        """Who may read and write what, from the next start on."""
        self._rules.write_text(rules)

    def start(self) -> None:
        self._program.start()
        eventually(lambda: tcp_answers(self.host, PORT), "mosquitto listens")

    def stop(self) -> None:
        self._program.stop()

    @staticmethod
    def _run(name: str, *arguments: str) -> None:
        subprocess.run([program(name), *arguments], check=True, capture_output=True)


def _whom() -> str:
    """mosquitto started by root would become `mosquitto`, who may not read the test's files."""
    return getpass.getuser()


class Subscriber:
    """A mosquitto_sub with a session that outlives a broken connection: it subscribes to everything of the
    region, and comes back by itself."""

    def __init__(self, folder: Path, broker: Broker, ca: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["stdbuf", "-oL", program("mosquitto_sub"), "-V", "5", "-q", "1", "-k", "5", "-d"]
        command += ["-h", broker.host, "-p", str(PORT), "-u", USER, "-P", PASSWORD]
        command += ["-F", "%r %t %p", "-t", "ntpd112/35.78/#", "-c", "-x", "3600", "-i", folder.name]
        if ca is not None:
            command += ["--cafile", str(ca)]
        self._program = Program(command, folder / "heard.txt", folder=folder)

    def start(self) -> None:
        self._program.start()
        self._program.wait_for_log("received SUBACK")

    def stop(self) -> None:
        self._program.stop()

    def told(self, part: str = "") -> list[Told]:
        """What came in whose topic is this or below."""
        found = []
        for line in self._program.log().splitlines():
            retained, _, rest = line.partition(" ")
            topic, _, payload = rest.partition(" ")
            if payload.startswith("{") and topic.startswith(f"ntpd112/35.78/{part}"):
                found.append(Told(topic, retained == "1", json.loads(payload)))
        return found
