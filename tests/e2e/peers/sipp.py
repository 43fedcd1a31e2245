"""Runs SIPp with a scenario and reads its verdict."""

from __future__ import annotations

import csv
import itertools
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .process import LOG_TAIL, Program
from .scenario import scenario
from .waiting import eventually

RECEIVE_TIMEOUT_MS = 15_000
"How long a step waits for its message; longer than any ring timeout of the tests."
LIMIT_S = 100
"A whole run: longer than the longest timer of SIP that a test waits for."
_numbers = itertools.count(1)


class SippFailed(AssertionError):
    """The conversation went otherwise than the scenario says; the message has SIPp's error log."""


@dataclass(frozen=True)
class Counts:
    """What SIPp's statistics say of a finished run."""

    ok: int
    failed: int
    retransmissions: int


class Sipp:
    """One run of a scenario. With `target` it calls, without it is called."""

    def __init__(
        self,
        folder: Path,
        steps: Iterable[str],
        *,
        host: str,
        port: int = 5060,
        target: str = "",
        calls: int = 1,
        rate: int = 1,
        transport: str = "u1",
        answers_options: bool = False,
    ) -> None:
        """`answers_options`: within a call, at any step; else they end it, as all unexpected does."""
        command = shutil.which("sipp")
        assert command, "sipp is missing: scripts/install-test-tools.sh installs it"
        self._folder = folder / f"sipp-{next(_numbers)}"
        self._folder.mkdir(parents=True)
        file = self._folder / "scenario.xml"
        file.write_text(scenario(self._folder.name, steps))
        self._listens_at = None if target or transport != "u1" else (host, port)
        self.program = Program(
            [
                command,
                *self._options(file, host, port, transport, calls, rate),
                *(["-aa"] if answers_options else []),
                *([target] if target else []),
            ],
            self._folder / "log",
            folder=self._folder,
            environment={"TERM": "dumb"},
        )

    def _options(
        self, scenario_file: Path, host: str, port: int, transport: str, calls: int, rate: int
    ) -> list[str]:
        options = {
            "-sf": scenario_file,
            "-i": host,
            "-p": port,
            "-mi": host.strip("[]"),
            "-t": transport,
            "-m": calls,
            "-r": rate,
            "-timeout": LIMIT_S,
            "-recv_timeout": RECEIVE_TIMEOUT_MS,
            "-error_file": self._folder / "errors",
            "-message_file": self._folder / "messages",
            "-stf": self._folder / "statistics.csv",
            "-fd": 1,
            "-default_behaviors": "all,-bye",  # a scenario says itself what it hangs up
        }
        flags = ["-nostdin", "-timeout_error", "-trace_err", "-trace_msg", "-trace_stat"]
        return [*flags, *(str(part) for option in options.items() for part in option)]

    def start(self) -> None:
        """Starts it; a called side listens when this returns."""
        self.program.start()
        if self._listens_at:
            eventually(self._listening, f"SIPp listens at {self._listens_at}")

    def _listening(self) -> bool:
        assert self._listens_at
        if not self.program.running:
            raise SippFailed(f"SIPp did not start: {self._read('log')}{self._read('errors')}")
        host, port = self._listens_at
        address = "".join(f"{int(byte):02X}" for byte in reversed(host.split(".")))
        return f"{address}:{port:04X} " in Path("/proc/net/udp").read_text()

    def finish(self) -> Counts:
        """Waits for the end. Raises SippFailed unless every call went as written."""
        status = self.program.wait(LIMIT_S + 10)
        if status != 0:
            raise SippFailed(
                f"SIPp ended with {status}\n{self._read('errors')}\nmessages:\n{self._read('messages')}"
            )
        return self.counts()

    def run(self) -> Counts:
        self.start()
        return self.finish()

    def stop(self) -> None:
        self.program.stop()

    def messages(self) -> str:
        """All messages sent and received so far, with times."""
        return self._text("messages")

    def counts(self) -> Counts:
        last = read_statistics(self._folder / "statistics.csv")
        return Counts(
            ok=int(last["SuccessfulCall(C)"]),
            failed=int(last["FailedCall(C)"]),
            retransmissions=int(last["Retransmissions(C)"]),
        )

    def _read(self, name: str) -> str:
        return self._text(name)[-LOG_TAIL:]

    def _text(self, name: str) -> str:
        file = self._folder / name
        return file.read_text(errors="replace") if file.exists() else ""


def read_statistics(file: Path) -> dict[str, str]:
    """The last line of SIPp's statistics, by column; `(C)` columns are cumulative."""
    rows = list(csv.reader(file.read_text().splitlines(), delimiter=";"))
    return dict(zip(rows[0], rows[-1], strict=False))
