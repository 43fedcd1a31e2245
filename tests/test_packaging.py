"""The systemd unit has what the agent relies on; the parts of the compose file fit each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from sqlalchemy.engine import make_url

from ntpd112.cli.common import WRONG_CONFIG
from ntpd112.config import SipConfig, check_config, warnings_of

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "packaging" / "ntpd112.service"
OPERATIONS = ROOT / "docs" / "operations.md"
COMPOSE = ROOT / "packaging" / "compose" / "compose.yaml"


def settings() -> dict[str, str]:
    """Of all sections: no key is in two, and none twice but what adds up."""
    lines = re.findall(r"^(\w+)=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)
    names = [name for name, _ in lines if name != "SystemCallFilter"]
    assert len(set(names)) == len(names)
    return dict(lines)


def test_a_stop_waits_for_the_calls_that_drain() -> None:
    assert int(settings()["TimeoutStopSec"]) > SipConfig().drain
    assert settings()["KillMode"] == "mixed"


def test_systemd_starts_it_again_whatever_happened_but_a_wrong_configuration() -> None:
    unit = settings()
    assert (unit["Restart"], unit["RestartPreventExitStatus"]) == ("always", str(WRONG_CONFIG))
    assert (unit["Type"], int(unit["WatchdogSec"]) > 0) == ("notify", True)


def test_it_needs_no_program_but_its_own_and_the_shell() -> None:
    unit = settings()
    programs = [unit[key].split()[0] for key in unit if key.startswith("Exec")]
    assert programs == ["/opt/ntpd112/bin/ntpd112", "/bin/sh"]


def test_it_runs_as_nobody_who_could_do_harm() -> None:
    unit = settings()
    assert unit["User"] == "ntpd112"
    assert (unit["NoNewPrivileges"], unit["CapabilityBoundingSet"]) == ("yes", "")
    assert (unit["ProtectSystem"], unit["StateDirectory"]) == ("strict", "ntpd112")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """A copy that starts a program which is there."""
    program = shutil.which("true")
    assert program is not None
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={program}", UNIT.read_text("utf-8"), flags=re.MULTILINE)
    copy = tmp_path / UNIT.name
    copy.write_text(text, "utf-8")
    return copy


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.e2e
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.e2e
def test_systemd_finds_the_unit_as_little_exposed_as_the_documentation_says(unit: Path) -> None:
    done = analyze("security", "--offline=true", unit)
    found = re.search(r"exposure level for \S+: ([0-9.]+) OK", done.stdout)
    assert found, done.stdout + done.stderr
    said = re.search(r"`systemd-analyze security` gives it ([0-9.]+)", OPERATIONS.read_text("utf-8"))
    assert said
    assert float(found[1]) <= float(said[1])


def test_the_compose_file_s_centre_is_right_and_its_parts_fit_each_other() -> None:
    text = COMPOSE.read_text("utf-8").replace("${POSTGRES_PASSWORD:?choose one}", "secret")
    services = yaml.safe_load(text)["services"]
    environment = {"NTPD112_DATABASE__URL": services["ntpd112"]["environment"]["NTPD112_DATABASE__URL"]}
    config, problems = check_config(COMPOSE.with_name("ntpd112.toml"), environment)
    assert (problems, warnings_of(config)) == ([], [])
    postgres = services["postgres"]["environment"]
    url = make_url(config.database.url)
    assert (url.username, url.password, url.database) == tuple(
        postgres[f"POSTGRES_{key}"] for key in ("USER", "PASSWORD", "DB")
    )
    (peer,) = config.trunk[0].peers
    context = COMPOSE.parent / services["asterisk"]["build"]["context"]
    pbx = (context / "pjsip-site.conf").read_text("utf-8")
    assert f"bind = {peer}:5060" in pbx
    assert f"contact = sip:{config.sip.listen[0].host}:{config.sip.listen[0].port}" in pbx
    assert "listener 1883 127.0.0.1" in COMPOSE.with_name("mosquitto.conf").read_text("utf-8")
    assert config.mqtt.url == "mqtt://127.0.0.1:1883"
    assert int(services["ntpd112"]["stop_grace_period"].removesuffix("s")) > config.sip.drain
