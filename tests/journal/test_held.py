"""What is kept of a call under legal hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cdr.calls import answered

from ntpd112.journal.held import HeldCalls

ID = "01JCXS8Q3M6D9W8V4T2R7N5K1B"
MESSAGES = [{"at": 1.5, "message": "INVITE"}]


def test_events_and_messages_are_read_as_they_were(tmp_path: Path) -> None:
    held = HeldCalls(tmp_path / "holds")
    held.save(ID, answered(ID), MESSAGES)
    assert held.events(ID) == answered(ID)
    kept = held.load(ID)
    assert kept is not None
    assert kept.messages == MESSAGES


def test_what_comes_later_is_added_and_what_the_journal_forgot_stays(tmp_path: Path) -> None:
    held = HeldCalls(tmp_path)
    held.save(ID, answered(ID)[:5], [])
    held.save(ID, answered(ID), MESSAGES)
    held.save(ID, [], [])
    assert held.events(ID) == answered(ID)
    kept = held.load(ID)
    assert kept is not None
    assert kept.messages == MESSAGES


def test_nobody_else_can_read_it_and_it_goes_with_the_hold(tmp_path: Path) -> None:
    held = HeldCalls(tmp_path / "holds")
    held.save(ID, answered(ID), [])
    (file,) = held.folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    held.remove(ID)
    held.remove(ID)
    assert list(held.folder.iterdir()) == []
    assert held.events(ID) == []


@pytest.mark.parametrize("wrong", ["../../etc/passwd", "", "x", "01JCXS8Q3M6D9W8V4T2R7N5K1C"])
def test_of_a_call_that_is_not_held_or_no_call_there_is_nothing(tmp_path: Path, wrong: str) -> None:
    assert HeldCalls(tmp_path).load(wrong) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / f"{ID}.json").write_text("{")
    with pytest.raises(ValueError, match=ID):
        HeldCalls(tmp_path).events(ID)
