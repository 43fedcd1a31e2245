"""A program under test or a peer of it: started with its output in a file, ended by its process id."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from .waiting import PATIENCE_S, eventually

LOG_TAIL = 4000
"Characters of a log that an error shows."


class Running(Protocol):
    """A process that was started; what subprocess.Popen can."""

    @property
    def pid(self) -> int: ...
    @property
    def stdin(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Program:
    """One running program. Its standard output and error go to `log_file`."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log_file: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        takes_commands: bool = False,
    ) -> None:
        """`takes_commands`: its standard input is what `say` writes; else it has none."""
        self.command = [str(part) for part in command]
        self._takes_commands = takes_commands
        self.log_file = log_file
        self._environment = {**os.environ, **(environment or {})}
        self._folder = folder
        self._process: Running | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.command[0]} was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._process = self._begin()

    def _begin(self) -> Running:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE if self._takes_commands else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
            )

    def say(self, command: str) -> None:
        """One line to its standard input."""
        assert self._process, f"{self.command[0]} was not started"
        assert self._process.stdin, f"{self.command[0]} takes no commands"
        self._process.stdin.write(f"{command}\n".encode())
        self._process.stdin.flush()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def wait_for_log(self, text: str, *, times: int = 1, within_s: float = PATIENCE_S) -> None:
        """Waits until `text` has been logged (that often). Fails at once if the program ends before."""

        def seen() -> bool:
            found = self.log().count(text) >= times
            if not found and not self.running:
                raise RuntimeError(
                    f"{self.command[0]} ended before it logged {text!r}:\n{self.log()[-LOG_TAIL:]}"
                )
            return found

        eventually(seen, f"{Path(self.command[0]).name} logs {text!r}", within_s=within_s)

    def wait(self, timeout_s: float) -> int:
        """Waits for the program to end by itself; its exit status."""
        assert self._process is not None
        return self._process.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL: the program gets no chance to say goodbye. Its children live on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self, patience_s: float = 10.0) -> None:
        """SIGTERM, then SIGKILL for what is left of its process group."""
        if self._process is None:
            return
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
