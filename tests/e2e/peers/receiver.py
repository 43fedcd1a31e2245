"""The receiver of a webhook: a server of its own that keeps what it takes, and behaves as it is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal, NamedTuple

from .loopback import tcp_answers
from .process import Program
from .waiting import eventually

PORT = 8113
SECRET = "the receiver's secret"
Mode = Literal["takes", "fails", "hangs", "redirects", "gone"]


class Taken(NamedTuple):
    headers: dict[str, str]
    "Names in lower case."
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Receiver:
    def __init__(self, folder: Path, host: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"http://{host}:{PORT}/hook"
        self._host = host
        self._taken = folder / "taken.jsonl"
        self._mode = folder / "mode"
        self.behaves("takes")
        main = Path(__file__).with_name("receiver_main.py")
        command = [sys.executable, str(main), host, str(PORT), str(self._taken), str(self._mode)]
        self._program = Program(command, folder / "receiver.log", folder=folder)

    def section(self, *events: str, more: str = "") -> str:
        """Of the agent's configuration."""
        return (
            f'[[webhook]]\nname = "dispatch"\nurl = "{self.url}"\n'
            f"events = {json.dumps(events)}\nsecret = {json.dumps(SECRET)}\n{more}"
        )

    def behaves(self, mode: Mode) -> None:
        """From the next request on."""
        self._mode.write_text(mode)

    def start(self) -> None:
        self._program.start()
        eventually(lambda: tcp_answers(self._host, PORT), "the receiver listens")

    def stop(self) -> None:
        self._program.stop()

    def kill(self) -> None:
        self._program.kill()

    def asked(self) -> list[str]:
        """The path of each request, whatever came of it."""
        return [line.split()[1] for line in self._program.log().splitlines() if line.startswith("ASKED ")]

    def taken(self, event: str = "") -> list[Taken]:
        """In the order they came, repeats too."""
        lines = self._taken.read_text().splitlines() if self._taken.exists() else []
        found = [Taken(line["headers"], line["body"].encode()) for line in map(json.loads, lines)]
        return [one for one in found if not event or one.headers["ntpd112-event"] == event]
