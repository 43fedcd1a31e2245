"""`ntpd112` as a process of its own that begins with everything imported: Python's start and the imports are
2 s of CPU, everything else in the test of a short call is one. It is forked from a process that has imported
it and done nothing else. How it starts by itself is in test_demo.py, test_image.py and where `Agent.cli` is
called."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import cast

from .process import Program, Running


@cache
def _nursery() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ntpd112.cli", "ntpd112.app", __name__])
    return context


class Ntpd112(Program):
    """`ntpd112 ARGUMENTS`."""

    def __init__(self, arguments: Sequence[str], log_file: Path, *, folder: Path) -> None:
        super().__init__(["ntpd112", *arguments], log_file, folder=folder)

    def _begin(self) -> Running:
        order = (self.command, self.log_file, self._folder, self._environment)
        process = _nursery().Process(target=_become, args=order, daemon=True)
        process.start()
        return _Forked(process)


class _Forked:
    """What `Program` needs of a subprocess.Popen."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = cast(int, process.pid)
        self.stdin = None

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("ntpd112", timeout or 0.0)
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def _become(command: list[str], log_file: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """In the forked process: as if it had been started with these."""
    from ntpd112.cli import main

    os.setsid()
    os.chdir(folder)
    log = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    os.close(log)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command
    main()
