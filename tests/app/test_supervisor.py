"""What systemd is told, on a socket of its kind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ntpd112.app.supervisor import Supervisor

WAIT_S = 5.0
"For a datagram that is on its way; then the test has failed."


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(WAIT_S)
        yield sock


async def heard(sock: socket.socket) -> str:
    return (await asyncio.to_thread(sock.recv, 1_000)).decode()


async def test_systemd_hears_that_we_are_ready_and_when_we_stop(systemd: socket.socket) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": systemd.getsockname()})
    supervisor.ready()
    assert await heard(systemd) == "READY=1"
    supervisor.stopping(3)
    assert await heard(systemd) == "STOPPING=1\nSTATUS=draining, 3 calls to go"


async def test_the_watchdog_is_fed_again_and_again(systemd: socket.socket) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000"})
    supervisor.ready()
    assert [await heard(systemd) for _ in range(4)] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]


async def test_an_abstract_socket_is_found() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")  # the kernel chooses an abstract name
        sock.settimeout(WAIT_S)
        Supervisor({"NOTIFY_SOCKET": "@" + sock.getsockname()[1:].decode()}).ready()
        assert await heard(sock) == "READY=1"


@pytest.mark.parametrize(
    "environ",
    [{}, {"WATCHDOG_USEC": "20000"}, {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "soon"}],
)
async def test_without_systemd_or_with_a_strange_one_nothing_fails(environ: dict[str, str]) -> None:
    supervisor = Supervisor(environ)
    tasks = asyncio.all_tasks()
    supervisor.ready()
    supervisor.stopping(0)
    assert asyncio.all_tasks() == tasks
