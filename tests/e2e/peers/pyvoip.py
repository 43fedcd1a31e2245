"""pyVoIP as an operator's softphone, in a process of its own (see `pyvoip_main`)."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

from .process import Program
from .waiting import eventually

ROOT = Path(__file__).parents[3]


class PyVoipPhone:
    """One softphone at an address of its own; it answers every call and says `tone` (Hz)."""

    def __init__(
        self,
        folder: Path,
        host: str,
        user: str,
        password: str,
        server: str,
        *,
        tone: int,
        hang_up_after_s: float = 0.0,
    ) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        options = ["--server", server, "--host", host, "--user", user, "--password", password]
        options += ["--tone", str(tone), "--folder", str(folder), "--hang-up-after-s", str(hang_up_after_s)]
        self.program = Program(
            [sys.executable, "-m", "tests.e2e.peers.pyvoip_main", *options],
            folder / "pyvoip.log",
            folder=ROOT,
        )

    def start(self) -> None:
        """Starts it and waits until it is registered."""
        self.program.start()
        self.program.wait_for_log("PhoneStatus.REGISTERED")

    def stop(self) -> None:
        self.program.stop()

    def dial(self, number: str) -> None:
        """Rings there; pyVoIP neither says nor hears anything in a call of its own."""
        (self._folder / "dial").write_text(number)
        os.kill(self.program.pid, signal.SIGUSR1)

    def wait_for_call(self, *, times: int = 1) -> None:
        self.program.wait_for_log(f"answered {times}")

    def heard(self) -> Path:
        """What the phone heard in its latest ended call, WAV."""
        written = eventually(lambda: re.findall(r"wrote (\S+)", self.program.log()), "the phone's call ends")
        return Path(written[-1])
