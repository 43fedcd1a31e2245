"""A PostgreSQL server of the tests, its cluster in a temporary folder, on a Unix socket, ended with them.

PostgreSQL refuses to run as root, so root starts it as another user. Without the server's programs the
tests fail and say what to install: CDRs must work on both databases.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "50",
}


def binaries() -> Path:
    """The folder of initdb and pg_ctl."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not installed:
        pytest.fail("PostgreSQL is needed: apt-get install postgresql", pytrace=False)
    return installed[-1].parent


class PostgresServer:
    """A running server. `stop` and `start` may be called in the middle of a test."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self.folder = folder
        self._bin = binaries()
        self._user = unprivileged_user()
        if self._user is not None:
            shutil.chown(folder, self._user)
        cluster = str(folder / "data")
        self._run("initdb", "-D", cluster, "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = {**settings, "unix_socket_directories": str(folder)}
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
        self.start()

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "start")

    def stop(self) -> None:
        """Also in the middle of `hanging`, as when a test was given up: what stands still cannot be ended."""
        for process in self._processes():
            _go_on(process)
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Its processes stand still: connections stay, new ones are taken, and nobody is answered."""
        stopped = self._processes()
        for process in stopped:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                _go_on(process)

    def _processes(self) -> list[int]:
        """The postmaster first: it starts no child after it was stopped."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        return [postmaster, *_children(postmaster)]

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{uuid.uuid4().hex}"
        self._run("createdb", "-h", str(self.folder), "-U", "tests", name)
        return f"postgresql+asyncpg://tests@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            user=self._user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            pytest.fail(f"{program} {' '.join(arguments)}: {done.stderr}", pytrace=False)


def _go_on(pid: int) -> None:
    """Of a child that has ended meanwhile nothing is left to go on."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def unprivileged_user() -> str | None:
    """Whom to run the server as; None: as ourselves."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


SERVER = pytest.StashKey[PostgresServer]()


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> PostgresServer:
    """One for the whole run, however many conftests take this fixture over; each test takes databases of its
    own from it."""
    if SERVER not in pytestconfig.stash:
        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        server = pytestconfig.stash[SERVER] = PostgresServer(folder)
        pytestconfig.add_cleanup(lambda: shutil.rmtree(folder))
        pytestconfig.add_cleanup(server.stop)
    return pytestconfig.stash[SERVER]
