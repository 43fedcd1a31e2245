"""The systemd unit: what the agent relies on is in it, and systemd itself takes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ntpd112.cli.common import WRONG_CONFIG
from ntpd112.config import SipConfig

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "packaging" / "ntpd112.service"


def settings() -> dict[str, str]:
    """Of all sections: no key is in two."""
    lines = re.findall(r"^(\w+)=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert len(dict(lines)) == len(lines)
    return dict(lines)


def test_a_stop_waits_for_the_calls_that_drain() -> None:
    assert int(settings()["TimeoutStopSec"]) > SipConfig().drain
    assert settings()["KillMode"] == "mixed"


def test_systemd_starts_it_again_whatever_happened_but_a_wrong_configuration() -> None:
    unit = settings()
    assert (unit["Restart"], unit["RestartPreventExitStatus"]) == ("always", str(WRONG_CONFIG))
    assert (unit["Type"], int(unit["WatchdogSec"]) > 0) == ("notify", True)


def test_it_runs_as_nobody_who_could_do_harm() -> None:
    unit = settings()
    assert unit["User"] == "ntpd112"
    assert (unit["NoNewPrivileges"], unit["CapabilityBoundingSet"]) == ("yes", "")
    assert (unit["ProtectSystem"], unit["StateDirectory"]) == ("strict", "ntpd112")


@pytest.mark.e2e
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = shutil.which("true")
    assert program is not None
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={program}", UNIT.read_text("utf-8"), flags=re.MULTILINE)
    copy = tmp_path / UNIT.name
    copy.write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
