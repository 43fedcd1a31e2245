"""SIPp as the telco's callers and as the operators' phones, the same for every system under test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.peers.loopback import Loopback
from tests.e2e.peers.process import Program
from tests.e2e.peers.scenario import (
    ack,
    expect,
    hangs_up,
    invite,
    is_hung_up,
    pause,
    phone_hangs_up,
    picks_up,
    progress,
    scenario,
)
from tests.e2e.peers.sipp import read_statistics

CALLER = "sip:081290000[call_number]@[local_ip]:[local_port]"
ANSWER_LIMIT_MS = 20_000
"A call not answered by then has failed."
MOST_AT_ONCE = 4000


@dataclass(frozen=True)
class Result:
    ok: int
    failed: int
    mean_answer_ms: float
    "From INVITE to 200."


class Operators:
    """All operators at one address and port, each call answered at once."""

    def __init__(self, folder: Path, net: Loopback, *, hang_up_after_ms: int | None = None) -> None:
        steps = picks_up(after_ms=0)
        if hang_up_after_ms is None:
            steps += is_hung_up()
        else:
            steps += [pause(hang_up_after_ms), *phone_hangs_up()]
        file = folder / "operators.xml"
        file.write_text(scenario("operators", steps))
        options: list[str | Path] = [
            "-sf",
            file,
            "-i",
            net.phone(1),
            "-p",
            "5060",
            "-mi",
            net.phone(1),
            "-nostdin",
        ]
        self._program = Program([_sipp(), *options, "-m", "1000000"], folder / "operators.log", folder=folder)

    def start(self) -> None:
        self._program.start()

    def stop(self) -> None:
        self._program.stop(patience_s=1.0)


def call(folder: Path, net: Loopback, target: str, *, rate: int, calls: int, hold_ms: int | None) -> Result:
    """Offers `rate` calls a second and waits until all have ended. `hold_ms` None: the operator hangs up."""
    ending = is_hung_up() if hold_ms is None else [pause(hold_ms), *hangs_up()]
    steps = [invite(sender=CALLER), *progress(), expect(200, timer=True), ack(), *ending]
    file = folder / "callers.xml"
    file.write_text(scenario("callers", steps))
    statistics = folder / "callers.csv"
    statistics.unlink(missing_ok=True)
    options: list[str | Path] = ["-sf", file, "-i", net.telco, "-p", "5060", "-mi", net.telco, "-nostdin"]
    options += ["-r", str(rate), "-m", str(calls), "-l", str(MOST_AT_ONCE)]
    options += ["-recv_timeout", str(ANSWER_LIMIT_MS), "-timeout", "120", "-default_behaviors", "all", "-aa"]
    options += ["-trace_stat", "-stf", statistics, "-fd", "1"]
    program = Program([_sipp(), *options, target], folder / "callers.log", folder=folder)
    program.start()
    program.wait(150)
    program.stop()
    last = read_statistics(statistics)
    return Result(
        ok=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        mean_answer_ms=_milliseconds(last["ResponseTime1(C)"]),
    )


def _milliseconds(clock: str) -> float:
    """`00:00:01:234000` (hours, minutes, seconds, microseconds)."""
    hours, minutes, seconds, microseconds = (int(part) for part in clock.split(":"))
    return (hours * 3600 + minutes * 60 + seconds) * 1000 + microseconds / 1000


def _sipp() -> str:
    command = shutil.which("sipp")
    assert command, "sipp is missing: scripts/install-test-tools.sh installs it"
    return command
