"""The container image of the repository's own Dockerfile, built and run by podman without any registry: its
base is made by `scripts/make-image-base.sh`, libraries come from where this machine gets its own."""

from __future__ import annotations

import fcntl
import itertools
import os
import platform
import resource
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from .agent import Agent, Settings
from .loopback import Loopback
from .process import LOG_TAIL, Program
from .waiting import eventually

ROOT = Path(__file__).parents[3]
BASE, IMAGE = "localhost/ntpd112-base", "localhost/ntpd112"
HOME = "/var/lib/ntpd112"
USER = 8112
"Number of the user and group that the image runs as."
START_S = 60.0
"A container starts in a second; a machine that runs other tests meanwhile takes longer."
_numbers = itertools.count(1)


class Podman:
    """podman with images and containers of its own in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # runc and cgroupfs also do where no systemd runs, as in the containers of CI.
        self.command = ["podman", "--root", f"{folder}/storage", "--runroot", f"{folder}/run"]
        self.command += ["--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "file"]

    def try_(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=False)

    def do(self, *arguments: str | Path, stdin: str = "") -> str:
        """Runs it; its output. Raises if it fails."""
        done = subprocess.run(
            [*self.command, *arguments], input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (
            f"podman {arguments[0]}: {done.stdout[-LOG_TAIL:]}{done.stderr[-LOG_TAIL:]}"
        )
        return done.stdout

    def build(self) -> None:
        """The image, as `make image` builds it, but for the base and where libraries come from."""
        script = ROOT / "scripts" / "make-image-base.sh"
        base = subprocess.run([script], check=True, capture_output=True, text=True).stdout.strip()
        self.do("import", "--quiet", base, BASE)
        wheels = self._wheels()
        pip = self.folder / "pip.conf"
        pip.write_text("[global]\nno-index = true\nfind-links = /wheels\n")
        options = ["--format", "docker", "--isolation", "chroot", "--layers=false"]
        options += ["--build-arg", f"BASE={BASE}", "--volume", f"{wheels}:/wheels:ro"]
        self.do("build", *options, "--volume", f"{pip}:/etc/pip.conf:ro", "--tag", IMAGE, ROOT)

    def _wheels(self) -> Path:
        """What the project needs, for the base's Python, kept for the next time."""
        minor = "import sys; print(sys.version_info[1])"
        version = f"3.{self.do('run', *LIMITS, '--rm', BASE, 'python3', '-c', minor).strip()}"
        folder = ROOT / ".cache" / "wheels"
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder)]
        command += ["--only-binary=:all:", "--python-version", version]
        for platform_ in ("manylinux2014", *(f"manylinux_2_{glibc}" for glibc in range(28, 16, -1))):
            command += ["--platform", f"{platform_}_{platform.machine()}"]
        command += [*project["build-system"]["requires"], "wheel", *project["project"]["dependencies"]]
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:  # tests run beside each other
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.run(command, check=True, capture_output=True)
        return folder

    def clear(self) -> None:
        self.try_("rm", "--all", "--force", "--time", "0")
        self.try_("rmi", "--all", "--force")


def _limits() -> list[str]:
    """podman asks for more open files than root may have in a container of CI."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return ["--ulimit", f"nofile={files}:{files}", "--ulimit", "nproc=4096:4096"]


LIMITS = _limits()


class ContainedAgent(Agent):
    """The agent in a container, run as the Dockerfile says: nothing of it can be written but its volume."""

    def __init__(self, podman: Podman, folder: Path, net: Loopback, settings: Settings | None = None) -> None:
        super().__init__(folder, net, settings)
        assert os.geteuid() == 0, f"run this test as root: what the image writes belongs to user {USER}"
        self.podman = podman
        self.name = f"agent-{next(_numbers)}"
        for path in (folder, self.config):
            os.chown(path, USER, USER)
        command = [
            *[*podman.command, "run", "--name", self.name, "--pull", "never", "--network", "host", *LIMITS],
            *["--read-only", "--tmpfs", "/tmp", "--cap-drop", "all", "--security-opt", "no-new-privileges"],
            *["--env", f"NTPD112_HEALTH={self.url}/healthz", "--volume", f"{folder}:{HOME}", IMAGE],
        ]
        self.program = Program(command, folder.parent / "agent.log", folder=folder)

    def start(self) -> None:
        self.program.start()
        eventually(self._answers, "the agent answers /healthz", within_s=START_S)

    def inside(self, *command: str, stdin: str = "") -> str:
        """Runs a command in the container; its output."""
        return self.podman.do("exec", "--interactive", self.name, *command, stdin=stdin)

    def cli(self, *arguments: str, stdin: str = "") -> str:
        return self.inside("ntpd112", *arguments, stdin=stdin)

    def end(self) -> Program:
        """Tells the container to stop, as an engine does; it ends when the agent does."""
        stop = Program(
            [*self.podman.command, "stop", "--time", "60", self.name], self.folder.parent / "stop.log"
        )
        stop.start()
        return stop

    def stop(self) -> None:
        self.podman.try_("rm", "--force", "--time", "5", self.name)
        self.program.stop()


def status_of(pid: int) -> dict[str, str]:
    """What Linux says of a process, by name of the line."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def processes(podman: Podman, name: str) -> Sequence[int]:
    """Those in a container, as this machine numbers them."""
    return [int(pid) for pid in podman.do("top", name, "hpid").split()[1:]]
