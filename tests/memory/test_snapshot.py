"""The memory over a restart: the same as if the agent had never stopped."""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from zlib import crc32

import msgspec
import pytest
from tests.memory.paper import Paper, no_rest, plain
from tests.memory.story import BUDI, T0, Story

from ntpd112.journal import Stored
from ntpd112.journal.events import JournalEvent
from ntpd112.memory import MemorySettings, Saver, ShieldSettings, restore
from ntpd112.memory import saver as saver_module
from ntpd112.memory import snapshot as module
from ntpd112.memory.snapshot import load, write


def told() -> list[JournalEvent]:
    """A prank, somebody waiting in vain, somebody waiting now."""
    story = Story()
    story.was("prank")
    story.gives_up("+628999")
    story.comes()
    return story.events


def test_without_a_file_the_whole_journal_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_EVENTS", 3)
    memory = restore(Paper(told()), tmp_path / "memory")
    assert memory.callers.score(BUDI, T0) == 1.0
    assert list(memory.state.open) == ["c3"]


def test_settings_are_those_of_today_not_of_the_file(tmp_path: Path) -> None:
    journal = Paper(told())
    saved(tmp_path / "memory", journal)
    strict = MemorySettings(ShieldSettings(prank_weight=5.0))
    assert restore(journal, tmp_path / "memory", strict).callers.standing(BUDI, T0).put_back


def saved(path: Path, journal: Paper) -> bytes:
    Saver(restore(journal, path), journal, path).save(no_rest)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: data[:-1], "damaged"),
        (lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], "damaged"),
        (lambda data: b"SQLite format 3\0" + data, "no snapshot"),
        (lambda data: b"", "no snapshot"),
    ],
)
def test_a_file_that_is_damaged_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: object, why: str
) -> None:
    path, journal = tmp_path / "memory", Paper(told())
    data = saved(path, journal)
    path.write_bytes(damage(data))  # type: ignore[operator]
    with caplog.at_level(logging.WARNING):
        assert load(path, journal) is None
    assert why in caplog.text
    assert plain(restore(journal, path)) == plain(restore(journal, tmp_path / "none"))


def test_nor_one_of_another_journal_or_of_one_that_was_cut_short(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "memory"
    saved(path, Paper(told()))
    with caplog.at_level(logging.WARNING):
        assert load(path, Paper(told(), "j2")) is None
        assert load(path, Paper(told()[:-1])) is None
    assert "of another journal" in caplog.text
    assert "the journal only to" in caplog.text


def test_nor_one_of_another_version_or_shape(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, journal = tmp_path / "memory", Paper(told())
    with monkeypatch.context() as patched:
        patched.setattr(saver_module, "VERSION", module.VERSION + 1)
        saved(path, journal)
    with caplog.at_level(logging.WARNING):
        assert load(path, journal) is None
    assert "this program knows" in caplog.text
    body = msgspec.msgpack.encode({"version": 1, "journal": "j1"})
    path.write_bytes(module.MAGIC + crc32(body).to_bytes(4, "big") + body)
    assert load(path, journal) is None


def test_a_file_that_cannot_be_read_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    assert restore(Paper(told()), tmp_path / "memory").callers.score(BUDI, T0) == 1.0


def test_numbers_are_readable_for_nobody_else_and_no_draft_is_left(tmp_path: Path) -> None:
    saved(tmp_path / "memory", Paper(told()))
    assert (tmp_path / "memory").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["memory"]


def test_a_write_that_fails_leaves_the_file_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memory"
    data = saved(path, Paper(told()))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(path, b"half")
    assert path.read_bytes() == data


def test_a_journal_that_cannot_be_read_gives_what_could_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Paper):
        def read(self, after_seq: int, limit: int) -> list[Stored]:
            if after_seq >= 4:
                raise sqlite3.DatabaseError("disk image is malformed")
            return super().read(after_seq, limit)

    monkeypatch.setattr(module, "CHUNK_EVENTS", 4)
    with caplog.at_level(logging.ERROR):
        memory = restore(Broken(told()), tmp_path / "memory")
    assert memory.callers.score(BUDI, T0) == 1.0
    assert "cannot be read after event 4" in caplog.text
