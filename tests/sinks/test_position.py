"""Where a sink is, over restarts."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ntpd112.sinks import PositionStore


def test_a_new_sink_begins_now_and_holds_that_place_from_then_on(tmp_path: Path) -> None:
    store = PositionStore(tmp_path / "s.db", "mqtt")
    assert store.load("J", first=7) == 7
    store.close()
    assert PositionStore(tmp_path / "s.db", "mqtt").load("J", first=99) == 7


def test_another_journal_is_told_from_its_beginning(tmp_path: Path) -> None:
    store = PositionStore(tmp_path / "s.db", "mqtt")
    store.move("before", 1_000, {})
    assert store.load("now", first=5) == 0
    assert store.load("now", first=5) == 0


def test_what_is_kept_moves_with_the_position_and_is_each_sink_s_own(tmp_path: Path) -> None:
    store, other = (PositionStore(tmp_path / "s.db", name) for name in ("mqtt", "other"))
    store.move("J", 1, {"siti": b"1", "budi": b"1"})
    store.move("J", 2, {"siti": b"2"})
    assert (store.load("J", 0), store.kept()) == (2, {"siti": b"2", "budi": b"1"})
    assert (other.load("J", 0), other.kept()) == (0, {})


def test_a_folder_that_is_not_there_is_an_error_each_time_until_it_is(tmp_path: Path) -> None:
    store = PositionStore(tmp_path / "later" / "s.db", "mqtt")
    for _ in range(2):
        with pytest.raises(sqlite3.Error):
            store.load("J", 0)
    (tmp_path / "later").mkdir()
    assert store.load("J", 3) == 3


def test_the_file_is_for_the_agent_s_user_alone(tmp_path: Path) -> None:
    store = PositionStore(tmp_path / "s.db", "mqtt")
    store.load("J", first=7)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    store.close()
