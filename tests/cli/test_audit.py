"""The audit log at the terminal, and what commands write into it."""

from __future__ import annotations

import sqlite3

import pytest
from tests.cli.terminal import Terminal


def test_changes_by_command_are_recorded_with_who_made_them(terminal: Terminal) -> None:
    terminal.run("operator", "add", "budi", "--name", "Budi", "--skill", "medical=3")
    terminal.run("apikey", "add", "reporting", "--scope", "cdr:read")
    terminal.run("apikey", "revoke", "reporting")
    terminal.run("operator", "remove", "budi")
    found = terminal.json("audit")
    assert [(one["action"], one["subject"], one["outcome"]) for one in found] == [
        ("operator remove", "budi", "done"),
        ("apikey revoke", "reporting", "done"),
        ("apikey add", "reporting", "done"),
        ("operator add", "budi", "done"),
    ]
    assert found[0]["who"].startswith("cli:")
    assert found[2]["detail"] == {"scopes": "cdr:read"}
    assert found[3]["detail"] == {"name": "Budi", "skills": "medical=3", "role": "operator"}


def test_an_import_names_whom_it_changed(terminal: Terminal) -> None:
    file = terminal.folder / "operators.csv"
    file.write_text("id,name,password,skills\nbudi,Budi,geheim123geheim,\nsiti,Siti,geheim456geheim,\n")
    terminal.run("operator", "import", str(file))
    (entry,) = terminal.json("audit")
    assert entry["detail"] == {"operators": "budi siti"}
    assert "geheim" not in str(entry)


def test_what_failed_is_recorded_as_that(terminal: Terminal) -> None:
    terminal.run("apikey", "revoke", "nobody", code=1)
    assert [one["outcome"] for one in terminal.json("audit")] == ["failed"]


def test_without_the_log_nothing_is_changed(terminal: Terminal) -> None:
    (terminal.folder / "ntpd112-audit.db").mkdir()
    said = terminal.run("apikey", "add", "a", "--scope", "admin", code=1)
    assert "nothing was changed" in said.stderr
    assert terminal.json("apikey", "list") == []


def test_the_table_shows_the_newest_first_and_filters_combine(terminal: Terminal) -> None:
    for name in ("a", "b"):
        terminal.run("apikey", "add", name, "--scope", "admin")
    shown = terminal.run("audit", "--action", "apikey add", "--subject", "b").stdout
    assert "apikey add" in shown
    assert "scopes=admin" in shown
    assert len(terminal.json("audit", "--limit", "1")) == 1
    assert len(terminal.json("audit", "--from", "2020-01-01")) == 2
    assert terminal.json("audit", "--to", "2020-01-01T08:00+07:00") == []
    assert terminal.json("audit", "--who", "agent") == []
    assert '"yesterday" is not a date' in terminal.run("audit", "--from", "yesterday", code=1).stderr


def test_before_the_first_entry_there_is_nothing_to_show(terminal: Terminal) -> None:
    assert terminal.json("audit") == []
    assert terminal.run("audit", "--verify").stdout.startswith("0 entries")


def test_verify_ends_with_1_when_the_log_was_changed(terminal: Terminal) -> None:
    terminal.run("apikey", "add", "a", "--scope", "admin")
    head = terminal.run("audit", "--verify").stdout.split()[-1]
    assert terminal.json("audit", "--verify", "--seen", head)["wrong"] == ""
    with sqlite3.connect(terminal.folder / "ntpd112-audit.db") as connection:
        connection.execute("UPDATE entries SET who = 'cli:nobody'")
    connection.close()
    assert "THE AUDIT LOG WAS CHANGED: entry 1" in terminal.run("audit", "--verify", code=1).stdout


@pytest.mark.parametrize("seen", ["x", "1:abc", ":" + "0" * 64])
def test_a_hash_that_is_none_is_refused(terminal: Terminal, seen: str) -> None:
    assert "is not SEQ:SHA256" in terminal.run("audit", "--verify", "--seen", seen, code=1).stderr
