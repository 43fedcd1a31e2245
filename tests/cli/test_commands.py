"""run, demo, check, and what all commands share."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from tests.cli.terminal import Terminal
from typer.testing import CliRunner

from ntpd112 import __version__
from ntpd112.app import StartError
from ntpd112.cli import app
from ntpd112.config import Config

COMMANDS = ["run", "demo", "check", "staff", "trace", "backup", "restore", "asterisk-config"]
COMMANDS += ["operator add", "operator import", "operator list", "operator remove"]
COMMANDS += ["apikey add", "apikey list", "apikey revoke"]
TWO_QUEUES = """\
[site]
region = "35.78"
[[trunk]]
name = "pbx"
peers = ["127.0.0.1"]
[[queue]]
name = "112"
numbers = ["112"]
max_waiting = 20
no_operator = "reject"
[[queue.ladder]]
after = "60s"
to = "police"
[[queue.ladder]]
after = "90s"
to = "sip:112@10.2.0.1"
[[queue]]
name = "medical"
numbers = ["119"]
[[queue.ladder]]
after = "10s"
to = "112"
[[destination]]
name = "police"
to = "sip:110@10.1.0.5"
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_has_an_example_and_the_config_option(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"], terminal_width=200)
    assert result.exit_code == 0
    assert re.search(rf"Example(s:\n +|: )ntpd112 {command}\b", result.output)
    assert "--config" in result.output


@pytest.mark.parametrize("group", [[], ["operator"], ["apikey"]])
def test_the_list_of_commands_has_an_example_and_cuts_no_sentence(group: list[str]) -> None:
    output = CliRunner().invoke(app, [*group, "--help"], terminal_width=80).output
    assert f"ntpd112 {' '.join([*group, ''])}" in output
    assert "..." not in output.replace("[ARGS]...", "")


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"ntpd112 {__version__}\n"


def test_check_of_a_right_file_ends_with_0(terminal: Terminal) -> None:
    *_, last = terminal.run("check").stdout.splitlines()
    assert last == f"{terminal.config}: nothing wrong"


def test_check_shows_where_calls_go_that_no_operator_takes(terminal: Terminal) -> None:
    terminal.config.write_text(TWO_QUEUES, "utf-8")
    lines = terminal.run("check").stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[:6]] == [
        "queue no operator takes the call goes to",
        "112 timed out police after 60 s, then sip:112@10.2.0.1, and again",
        "full police at once, then sip:112@10.2.0.1, and again",
        "empty, on break back to the PBX (503)",
        "medical timed out queue 112, police after 60 s, then sip:112@10.2.0.1, and again",
        "empty, on break queue 112, police at once, then sip:112@10.2.0.1, and again",
    ]
    routes = terminal.json("check")["routes"]
    assert routes[0] == {
        "queue": "112",
        "when": "timed out",
        "queues": ["112"],
        "ends": ["police", "sip:112@10.2.0.1"],
        "after_s": 60.0,
        "back_to": None,
        "proven": True,
    }
    assert [route["ends"] for route in routes[2:4]] == [["PBX"], ["PBX"]]


def test_a_queue_that_a_call_may_never_get_out_of_is_a_problem(terminal: Terminal) -> None:
    text = terminal.config.read_text("utf-8")
    terminal.config.write_text(text[: text.index("[[queue]]")], "utf-8")
    output = terminal.run("check", code=2).stdout
    assert "112 timed out, empty, on break NOBODY" in " ".join(output.split())
    assert f'{terminal.config}: queue "112": a call that no operator takes' in output
    (problem,) = json.loads(terminal.run("check", "--json", code=2).stdout)["problems"]
    assert problem["key"] == "queue.0.ladder"


def test_check_lists_every_problem_by_line_and_ends_with_2(terminal: Terminal) -> None:
    terminal.config.write_text('[sip]\nrealm = 5\n[[trunk]]\nname = "pbx"\npeers = ["10.1.0.0/33"]', "utf-8")
    assert terminal.run("check", code=2).stdout.splitlines() == [
        f"{terminal.config}:2: [sip]: realm 5 is not text in quotes",
        f'{terminal.config}:5: trunk "pbx": peer "10.1.0.0/33" is not an address or network',
    ]


def test_check_warns_of_a_file_that_serves_nobody_and_ends_with_0(terminal: Terminal) -> None:
    text = terminal.config.read_text("utf-8")
    terminal.config.write_text(text[text.index("[[queue]]") :], "utf-8")
    *_, first, second, _, last = terminal.run("check").stdout.splitlines()
    assert first.startswith("warning: no [[trunk]]: ")
    assert second.startswith("warning: [site]: region is not set")
    assert last == f"{terminal.config}: no errors"


def test_check_as_json(terminal: Terminal) -> None:
    found = terminal.json("check")
    assert (found["file"], found["problems"], found["warnings"]) == (str(terminal.config), [], [])
    terminal.config.write_text("[http]\nlisten = 1", "utf-8")
    (problem,) = json.loads(terminal.run("check", "--json", code=2).stdout)["problems"]
    assert (problem["line"], problem["key"]) == (2, "http.listen")


@pytest.mark.parametrize("command", ["run", "operator list", "apikey list", "trace X"])
def test_no_command_starts_with_a_wrong_configuration(terminal: Terminal, command: str) -> None:
    terminal.config.write_text("[sip]\nrealm = 5", "utf-8")
    result = terminal.run(*command.split(), code=2)
    assert result.stderr == f"{terminal.config}:2: [sip]: realm 5 is not text in quotes\n"


def test_the_file_is_found_by_variable_then_in_the_folder(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["check"]).output.endswith("\nntpd112.toml: nothing wrong\n")
    other = tmp_path / "other.toml"
    other.write_text("[sip]\nrealm = 5", "utf-8")
    result = CliRunner().invoke(app, ["check"], env={"NTPD112_CONFIG": str(other)})
    assert (result.exit_code, result.output) == (2, f"{other}:2: [sip]: realm 5 is not text in quotes\n")


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stands in for the agent, which other tests start."""
    module = ModuleType("ntpd112.app")
    monkeypatch.setitem(sys.modules, "ntpd112.app", module)
    module.StartError = StartError  # type: ignore[attr-defined]
    monkeypatch.setattr("ntpd112.app", module, raising=False)
    return module


def test_run_hands_the_configuration_to_the_agent(terminal: Terminal, agent: ModuleType) -> None:
    started: list[Config] = []
    agent.run = lambda config, read: started.append(config)  # type: ignore[attr-defined]
    terminal.run("run")
    assert [config.sip.realm for config in started] == ["test.112"]


def test_what_keeps_the_agent_from_starting_is_one_line(terminal: Terminal, agent: ModuleType) -> None:
    def run(config: Config, read: Callable[[], Config]) -> None:
        raise StartError('journal "j.db" is in use')

    agent.run = run  # type: ignore[attr-defined]
    said = terminal.run("run", code=1).stderr
    assert said == 'ntpd112 cannot start: journal "j.db" is in use\n'


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stands in for the demo, which other tests start."""
    module, site = ModuleType("ntpd112.demo"), ModuleType("ntpd112.demo.site")
    site.DemoError = RuntimeError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ntpd112.demo", module)
    monkeypatch.setitem(sys.modules, "ntpd112.demo.site", site)
    return module


def test_demo_needs_no_configuration(
    demo: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    started: list[tuple[object, ...]] = []
    demo.run = lambda *options: started.append(options)  # type: ignore[attr-defined]
    assert CliRunner().invoke(app, ["demo", "--operators", "3"]).exit_code == 0
    assert started == [(3, 12.0, None)]


def test_a_demo_that_cannot_start_says_why(demo: ModuleType) -> None:
    def run(*options: object) -> None:
        raise RuntimeError("no free port")

    demo.run = run  # type: ignore[attr-defined]
    result = CliRunner().invoke(app, ["demo"])
    assert (result.exit_code, result.stderr) == (1, "no free port\n")
