"""`ntpd112 retention` and `ntpd112 hold` on a call of long ago."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.calls import answered
from tests.cli.terminal import Terminal

from ntpd112.cdr.fold import fold
from ntpd112.cdr.store import CdrStore, Position
from ntpd112.journal import Journal

CALL = "01JCXS8Q3M6D9W8V4T2R7N5K1B"
YEARS_S = 4 * 365 * 86_400.0


def configure(terminal: Terminal, section: str) -> None:
    terminal.config.write_text(terminal.config.read_text("utf-8") + section, "utf-8")


@pytest.fixture
def old_call(terminal: Terminal) -> str:
    """In database and journal, four years before the others of the tests."""
    configure(terminal, '[media]\nrecordings = "recordings"\n')
    events = answered(CALL, at=-YEARS_S)

    async def write(engine: AsyncEngine) -> None:
        cdr = fold(events)
        assert cdr is not None
        await CdrStore(engine).write([cdr], "cdrs", Position("j", 1))

    terminal.database(write)
    journal = Journal(terminal.folder / "ntpd112-journal.db")
    for event in events:
        journal.append(event)
    journal.close()
    sound(terminal).parent.mkdir(parents=True)
    sound(terminal).write_bytes(b"RIFF")
    return CALL


def sound(terminal: Terminal) -> Path:
    return terminal.folder / "recordings" / "2025" / f"{CALL}.wav"


def test_what_is_due_is_counted_and_stays(terminal: Terminal, old_call: str) -> None:
    counted = {"cdrs": 1, "recordings": 1, "orphans": 0, "audit": 0, "deliveries": 0}
    assert terminal.json("retention") == counted
    assert terminal.json("retention", "--dry-run") == counted
    shown = terminal.run("retention").stdout
    assert "730 days" in shown
    assert sound(terminal).exists()


def test_now_removes_it_and_that_is_recorded(terminal: Terminal, old_call: str) -> None:
    assert terminal.json("retention", "--now")["cdrs"] == 1
    assert not sound(terminal).exists()
    (entry,) = terminal.json("audit")
    assert (entry["action"], entry["outcome"]) == ("retention", "done")
    assert entry["detail"]["recordings"] == 1


def test_both_at_once_is_refused(terminal: Terminal) -> None:
    assert "give one of them" in terminal.run("retention", "--now", "--dry-run", code=1).stderr


def test_a_held_call_stays_and_tells_its_story_when_the_journal_has_forgotten_it(
    terminal: Terminal, old_call: str
) -> None:
    story = terminal.run("why", old_call).stdout
    terminal.run("hold", old_call, "--reason", "a letter")
    assert terminal.json("retention", "--now") == {
        "cdrs": 0,
        "recordings": 0,
        "orphans": 0,
        "audit": 0,
        "deliveries": 0,
    }
    (terminal.folder / "ntpd112-journal.db").unlink()
    assert terminal.run("why", old_call).stdout == story
    assert json.loads(terminal.run("trace", old_call, "--json").stdout)["events"]
    (held,) = terminal.json("hold")
    assert (held["id"], held["reason"]) == (old_call, "a letter")
    assert "a letter" in terminal.run("hold").stdout


def test_a_released_call_is_removed_as_any_other(terminal: Terminal, old_call: str) -> None:
    terminal.run("hold", old_call, "--reason", "a letter")
    terminal.run("hold", old_call, "--release")
    assert terminal.json("hold") == []
    assert terminal.json("retention", "--now")["cdrs"] == 1
    actions = [entry["action"] for entry in terminal.json("audit")]
    assert actions == ["retention", "hold release", "hold"]


def test_what_cannot_be_held_or_released_is_said(terminal: Terminal) -> None:
    assert "--reason is needed" in terminal.run("hold", CALL, code=1).stderr
    assert "no ended call" in terminal.run("hold", CALL, "--reason", "x", code=1).stderr
    assert "is not under legal hold" in terminal.run("hold", CALL, "--release", code=1).stderr


def test_recordings_are_not_kept_longer_than_their_cdrs(terminal: Terminal) -> None:
    configure(terminal, '[retention]\ncdrs = "30d"\n')
    assert "recordings are kept longer than cdrs" in terminal.run("check", code=2).stdout
