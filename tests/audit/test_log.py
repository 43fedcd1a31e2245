"""The agent's side: what is written at once, what waits, what is lost where."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntpd112.audit import AuditFile, AuditLog, AuditUnavailable, Entry, Wanted, page, verify

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def entry(subject: str = "siti", at: float = 1_760_000_000.0) -> Entry:
    return Entry(at=at, who="api:console", action="PUT /operators/{id}/state", subject=subject, outcome="200")


def subjects(path: Path) -> list[str]:
    return [found.subject for found in page(path, Wanted(), 1000)][::-1]


def lock(path: Path) -> sqlite3.Connection:
    """Breaks every write as a full disk would: the table is away."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("ALTER TABLE entries RENAME TO away")
    return connection


async def written_soon(log: AuditLog, one: Entry) -> None:
    for _ in range(1_000):
        with contextlib.suppress(AuditUnavailable):
            await log.write(one)
            return
        await asyncio.sleep(0.01)


async def test_what_is_written_is_there_before_write_returns_and_behind_what_was_noted(
    tmp_path: Path,
) -> None:
    log = AuditLog(tmp_path / "audit.db")
    log.start()
    log.note(entry("first"))
    await log.write(entry("second"))
    assert subjects(log.path) == ["first", "second"]
    log.close()


async def test_closing_writes_what_was_noted(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.db")
    log.start()
    for number in range(250):
        log.note(entry(str(number)))
    log.close()
    assert subjects(log.path) == [str(number) for number in range(250)]
    assert log.lost == 0


async def test_while_the_file_fails_write_raises_and_what_was_noted_waits_in_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = AuditLog(tmp_path / "audit.db")
    log.start()
    await log.write(entry("before"))
    broken = lock(log.path)
    log.note(entry("first"))
    with pytest.raises(AuditUnavailable):
        await log.write(entry("refused"))
    log.note(entry("second"))
    broken.execute("ALTER TABLE away RENAME TO entries")
    broken.close()
    log.close()
    assert subjects(log.path) == ["before", "first", "second"]
    assert "entries wait in memory" in caplog.text


async def test_it_tries_again_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ntpd112.audit.log.RETRY_S", 0.01)
    log = AuditLog(tmp_path / "later" / "audit.db")
    log.start()
    log.note(entry("first"))
    with pytest.raises(AuditUnavailable):
        await log.write(entry("refused"))
    log.path.parent.mkdir()
    await written_soon(log, entry("second"))
    assert subjects(log.path) == ["first", "second"]
    log.close()


async def test_what_memory_cannot_hold_is_in_the_programs_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = AuditLog(tmp_path / "no folder" / "audit.db", max_pending=2)
    log.start()
    with caplog.at_level(logging.CRITICAL):
        for name in ("first", "second", "third"):
            log.note(entry(name))
        log.close()
    assert log.lost == 3
    assert all(name in caplog.text for name in ("first", "second", "third"))


async def test_an_entry_that_cannot_be_written_holds_up_no_other(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.db")
    log.start()
    with pytest.raises(AuditUnavailable):
        await log.write(entry("\ud800"))
    log.note(entry("next"))
    log.close()
    assert subjects(log.path) == ["next"]


def test_the_agent_and_a_command_write_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    agent, command = AuditFile(path), AuditFile(path)
    for number in range(6):
        (agent if number % 2 else command).append([entry(str(number))])
    agent.close()
    command.close()
    assert subjects(path) == ["0", "1", "2", "3", "4", "5"]
    assert not verify(path).wrong


def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    AuditFile(tmp_path / "audit.db").close()
    assert (tmp_path / "audit.db").stat().st_mode & 0o077 == 0


@given(st.lists(st.tuples(TEXT, TEXT, st.dictionaries(TEXT, TEXT | st.integers(-9, 9) | st.booleans()))))
def test_any_entry_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, dict[str, object]]]
) -> None:
    path = tmp_path_factory.mktemp("audit") / "audit.db"
    given = [Entry(at=1.5, who=w, action=a, outcome="200", detail=d) for w, a, d in rows]
    file = AuditFile(path)
    file.append(given)
    file.close()
    found = page(path, Wanted(), 1000)[::-1]
    assert [(one.who, one.action, one.detail) for one in found] == rows
    assert (verify(path).wrong, verify(path).entries) == ("", len(rows))
