"""The database's schema, as an operator of a city sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.conftest import postgres_server, url
from tests.cli.terminal import CONFIG, Terminal

from ntpd112.cdr.database import Revision, revisions
from ntpd112.journal import Journal

__all__ = ["postgres_server", "url"]

NEWEST = revisions()[-1].id
FIRST = revisions()[0].id


@pytest.fixture
def terminal(tmp_path: Path, url: str) -> Terminal:
    """On either database."""
    terminal = Terminal(tmp_path)
    terminal.config.write_text(f'{CONFIG}[database]\nurl = "{url}"\n', "utf-8")
    return terminal


def listed(some: list[Revision]) -> str:
    return "".join(f"  {revision.id}  {revision.what}\n" for revision in some)


def test_status_says_what_is_missing_and_changes_nothing(terminal: Terminal) -> None:
    for _ in range(2):
        said = terminal.run("database", "status", code=1).stdout
        assert "empty; `ntpd112 database upgrade`, or the agent's start, makes the tables\n" in said
        assert said.endswith(listed(revisions()))


def test_upgrade_says_what_it_did_and_then_the_database_is_usable(terminal: Terminal) -> None:
    said = terminal.run("database", "upgrade").stdout
    assert said.startswith(listed(revisions()))
    assert said.endswith(f"revision {NEWEST}, the newest\n")
    assert terminal.run("database", "status").stdout.endswith(f": revision {NEWEST}, the newest\n")
    assert terminal.json("database", "status") == {
        "revision": NEWEST,
        "newest_known": NEWEST,
        "missing": [],
        "usable": True,
    }


def test_downgrade_says_what_is_lost_and_asks_first(terminal: Terminal) -> None:
    terminal.run("database", "upgrade")
    asked = terminal.run("database", "downgrade", FIRST, stdin="n\n", code=1)
    assert listed(revisions()[:0:-1]) in asked.stdout
    assert asked.stderr.endswith("nothing was changed\n")
    assert terminal.json("database", "status")["revision"] == NEWEST
    done = terminal.run("database", "downgrade", FIRST, stdin="y\n")
    assert done.stdout.endswith(f"revision {FIRST}; start the older ntpd112 now\n")
    missing = terminal.run("database", "status", code=1).stdout
    assert f"revision {FIRST}; `ntpd112 database upgrade` brings\n{listed(revisions()[1:])}" in missing


def test_operators_and_keys_survive_the_way_down_and_up(terminal: Terminal) -> None:
    terminal.run("operator", "add", "siti", "--name", "Siti Aminah", "--skill", "medical=3")
    terminal.run("apikey", "add", "reporting", "--scope", "cdr:read")
    before = terminal.json("operator", "list")
    terminal.run("database", "downgrade", FIRST, "--yes")
    assert terminal.json("operator", "list") == before
    assert [key["name"] for key in terminal.json("apikey", "list")] == ["reporting"]
    assert terminal.json("database", "status")["revision"] == NEWEST


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("base", f'there is no revision "base"; there are {FIRST}, '),
        (NEWEST, f"the database is at revision {NEWEST}: it does not have to go down"),
    ],
)
def test_downgrade_to_where_it_cannot_go_is_refused(terminal: Terminal, revision: str, said: str) -> None:
    terminal.run("database", "upgrade")
    assert terminal.run("database", "downgrade", revision, "--yes", code=1).stderr.startswith(said)


def test_downgrade_is_refused_while_the_agent_runs(terminal: Terminal) -> None:
    terminal.run("database", "upgrade")
    agent = Journal(terminal.folder / "ntpd112-journal.db")
    said = terminal.run("database", "downgrade", FIRST, "--yes", code=1).stderr
    agent.close()
    assert "is running: stop it first" in said
    assert terminal.json("database", "status")["revision"] == NEWEST


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///ntpd112.db"])
def test_a_database_of_a_newer_program_is_named_as_such(terminal: Terminal, tmp_path: Path) -> None:
    terminal.config.write_text(CONFIG, "utf-8")

    async def age(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    terminal.database(age)
    newer = f"revision 9999, made by a newer ntpd112 than this one, which knows {NEWEST} at most"
    assert newer in terminal.run("database", "status", code=1).stdout
    assert "only the newer one" in terminal.run("database", "downgrade", FIRST, "--yes", code=1).stderr
    for command in (["database", "upgrade"], ["operator", "list"]):
        assert "of a newer ntpd112; this one knows" in terminal.run(*command, code=1).stderr


@pytest.mark.parametrize("url", ["postgresql+asyncpg://me:secret@127.0.0.1:1/x"])
def test_a_server_that_is_away_is_named_without_its_password(terminal: Terminal) -> None:
    said = terminal.run("database", "status", code=1).stderr
    assert said.startswith("database postgresql+asyncpg://me:***@127.0.0.1:1/x: ")
