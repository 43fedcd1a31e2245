"""`ntpd112 backup` and `restore` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal
from typer.testing import CliRunner

from ntpd112.cli import app
from ntpd112.cli.backup import Progress

WITH_SECRETS = """
[mqtt]
url = "mqtts://192.0.2.2"
ca = "broker.pem"
[[webhook]]
name = "cad"
url = "https://192.0.2.1/"
secret_file = "cad.secret"
events = ["cdr"]
"""


@pytest.fixture
def backup(terminal: Terminal, tmp_path: Path) -> Path:
    terminal.run("operator", "add", "siti", "--name", "Siti")
    folder = tmp_path / "backup"
    output = terminal.run("backup", str(folder)).stdout
    assert output.startswith(f"{folder}: ")
    assert output.endswith(" MB\n")
    return folder


def restore(folder: Path, config: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["restore", str(folder), "--config", str(config)])
    return result.exit_code, result.output


def test_a_centre_comes_back_with_its_configuration_on_another_machine(backup: Path, tmp_path: Path) -> None:
    config = tmp_path / "other" / "ntpd112.toml"
    code, said = restore(backup, config)
    assert code == 0
    assert "made by ntpd112 " in said
    listed = CliRunner().invoke(app, ["operator", "list", "--json", "--config", str(config)])
    assert [one["id"] for one in json.loads(listed.stdout)] == ["siti"]


def test_a_backup_says_which_keys_and_passwords_are_not_in_it(terminal: Terminal, tmp_path: Path) -> None:
    (terminal.folder / "cad.secret").write_text("s" * 32)
    terminal.config.write_text(terminal.config.read_text() + WITH_SECRETS)
    said = terminal.run("backup", str(tmp_path / "backup")).stdout.splitlines()[-1]
    named = [str(terminal.folder / name) for name in ("broker.pem", "cad.secret")]
    assert said == f"not in it, keep them elsewhere: {', '.join(named)}"


def test_a_restore_that_is_refused_leaves_no_configuration_behind(backup: Path, tmp_path: Path) -> None:
    (backup / "database.db").write_bytes(b"other")
    code, said = restore(backup, tmp_path / "other" / "ntpd112.toml")
    assert code == 1
    assert said.startswith("nothing was restored: ")
    assert list((tmp_path / "other").iterdir()) == []


def test_the_centre_that_is_there_is_not_overwritten(terminal: Terminal, backup: Path) -> None:
    before = (terminal.folder / "ntpd112.db").read_bytes()
    code, said = restore(backup, terminal.config)
    assert (code, "is there: move it away" in said) == (1, True)
    assert (terminal.folder / "ntpd112.db").read_bytes() == before


def test_a_restore_has_to_be_told_where_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backup: Path
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = CliRunner().invoke(app, ["restore", str(backup)])
    assert result.exit_code == 1
    assert result.output.startswith("--config is needed")


def test_a_backup_that_fails_says_why(terminal: Terminal, backup: Path) -> None:
    assert "is not empty" in terminal.run("backup", str(backup), code=1).stderr


def test_who_waits_is_told_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 101.9, 102.0, 102.0, 102.5, 103.1, 103.1])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    tell = Progress()
    for done in (1, 2, 3, 4):
        tell("journal.db", done, 8)
    assert capsys.readouterr().err == "journal.db: 25 %\njournal.db: 50 %\n"
