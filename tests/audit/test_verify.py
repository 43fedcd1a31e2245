"""What is done to the file by hand is found."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ntpd112.audit import GENESIS, AuditFile, Entry, digest, head, oldest_due, verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Ten entries, a second apart."""
    file = AuditFile(tmp_path / "audit.db")
    file.append(
        [Entry(at=float(n), who="api:a", action="GET /x", subject=str(n), outcome="200") for n in range(10)]
    )
    file.close()
    return tmp_path / "audit.db"


def by_hand(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(sql)
    connection.close()


def rewritten(path: Path) -> None:
    """An attacker's whole work: an entry changed, and the chain behind it made to fit."""
    by_hand(path, "UPDATE entries SET who = 'api:other' WHERE seq = 5")
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT * FROM entries ORDER BY seq").fetchall()
        previous = GENESIS
        for seq, at, who, address, action, subject, outcome, _, _ in rows:
            entry = Entry(at=at, who=who, address=address, action=action, subject=subject, outcome=outcome)
            previous = digest(previous, seq, entry)
            connection.execute("UPDATE entries SET sha256 = ? WHERE seq = ?", (previous, seq))
        connection.execute("UPDATE ends SET head = ?", (previous,))
    connection.close()


def test_an_untouched_log_is_right_and_its_head_is_told(path: Path) -> None:
    verdict = verify(path)
    assert (verdict.wrong, verdict.entries, (verdict.seq, verdict.sha256)) == ("", 10, head(path))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE entries SET who = 'api:b' WHERE seq = 5", "entry 5 was changed"),
        ("UPDATE entries SET at = at + 1 WHERE seq = 1", "entry 1 was changed"),
        ("UPDATE entries SET detail = '{\"range\":1}' WHERE seq = 10", "entry 10 was changed"),
        ("UPDATE entries SET detail = 'x' WHERE seq = 3", "entry 3 was changed"),
        ("UPDATE entries SET at = 'x' WHERE seq = 3", "entry 3 was changed"),
        ("DELETE FROM entries WHERE seq = 5", "entries 5 to 5 are missing"),
        ("DELETE FROM entries WHERE seq < 3", "entries 1 to 2 are missing"),
        ("DELETE FROM entries WHERE seq > 8", "entries 9 to 10 are missing"),
        ("DELETE FROM entries", "entries 1 to 10 are missing"),
        ("DELETE FROM entries WHERE seq = 10; UPDATE ends SET last = 9", "the end was changed"),
    ],
)
def test_a_changed_removed_or_added_entry_is_named(path: Path, sql: str, said: str) -> None:
    by_hand(path, sql)
    assert said in verify(path).wrong


def test_a_chain_written_anew_is_found_with_a_hash_that_was_noted_outside(path: Path) -> None:
    noted = head(path)
    rewritten(path)
    assert verify(path).wrong == ""
    assert verify(path, noted).wrong == f"entry 10 is not the one that had the hash {noted[1]}"


def test_a_file_that_was_removed_is_found_in_the_same_way(path: Path) -> None:
    noted = head(path)
    path.unlink()
    assert verify(path).entries == 0
    assert verify(path, noted).wrong == "there is no file"


def test_retention_removes_from_the_front_and_the_chain_stays_whole(path: Path) -> None:
    noted = (2, "0" * 64)
    file = AuditFile(path)
    assert oldest_due(path, 4.0) == 4
    assert file.prune(4.0) == 4
    assert file.prune(4.0) == 0
    assert (verify(path).wrong, verify(path).entries) == ("", 6)
    file.append([Entry(at=20.0, who="agent", action="retention", outcome="done")])
    assert file.prune(100.0) == 7
    file.append([Entry(at=21.0, who="agent", action="retention", outcome="done")])
    file.close()
    assert (verify(path).wrong, verify(path).entries, verify(path).seq) == ("", 1, 12)
    assert not verify(path, noted).wrong


def test_retention_stops_at_the_first_entry_that_stays_whatever_the_clock_did(path: Path) -> None:
    file = AuditFile(path)
    file.append([Entry(at=1.0, who="api:a", action="GET /x", outcome="200")])
    assert file.prune(5.0) == 5
    file.close()
    assert (verify(path).wrong, verify(path).entries) == ("", 6)


def test_retention_goes_by_bounded_steps(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ntpd112.audit.file.CHUNK_ROWS", 4)
    file = AuditFile(path)
    assert [file.prune(100.0) for _ in range(4)] == [4, 4, 2, 0]
    file.close()
