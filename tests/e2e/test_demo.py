"""`ntpd112 demo`, as `make run` calls it: calls flow, a softphone of one's own can join, Ctrl-C ends all."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.e2e.peers.process import Program
from tests.e2e.peers.waiting import eventually


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    command = [sys.executable, "-m", "ntpd112", "demo", "--calls-per-minute", "60"]
    program = Program(command, tmp_path / "demo.log")
    program.start()
    yield program
    program.stop()


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def test_calls_are_answered_and_control_c_ends_everything(demo: Program) -> None:
    eventually(
        lambda: bool(re.search(r"answered [1-9]", demo.log())) or _still_running(demo),
        "a simulated operator answered and the call ended",
        within_s=60,
    )
    (agent,) = children_of(demo.pid)
    (worker, *_) = children_of(agent)
    os.kill(demo.pid, signal.SIGINT)
    assert demo.wait(30) == 0
    assert demo.log().endswith("demo ended\n")
    assert not Path(f"/proc/{agent}").exists()
    assert not Path(f"/proc/{worker}").exists()


def test_the_printed_lines_let_one_register_and_read(demo: Program) -> None:
    demo.wait_for_log("Ctrl-C ends everything", within_s=60)
    said = re.search(r"user (\S+)  password (\S+)  server 127.0.0.1:(\d+)", demo.log())
    rest = re.search(r"REST: (\S+)   key (\S+)", demo.log())
    assert said is not None
    assert rest is not None
    operators = httpx.get(
        rest[1].replace("/calls", "/operators"), headers={"Authorization": f"Bearer {rest[2]}"}
    ).json()
    assert said[1] in [operator["id"] for operator in operators]


def _still_running(program: Program) -> bool:
    if not program.running:
        raise RuntimeError(f"the demo ended:\n{program.log()[-2000:]}")
    return False
