"""A backup of a centre at work, and the centre that comes of it: every CDR, or nothing at all."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cdr.calls import answered
from tests.cdr.conftest import postgres_server, url
from tests.postgres import PostgresServer

from ntpd112.app.backup import BackupError, Manifest, copying, restore, take
from ntpd112.app.backup.copying import copy_sqlite
from ntpd112.app.backup.manifest import FILE
from ntpd112.cdr.database import open_database
from ntpd112.cdr.projection import CdrProjection
from ntpd112.cdr.store import CdrStore, Filter
from ntpd112.config import Config, load_config
from ntpd112.feed import Feed, Wanted
from ntpd112.feed.messages import Writer
from ntpd112.journal import Journal
from ntpd112.journal.events import CallEnded, JournalRestored

__all__ = ["postgres_server", "url"]

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
"When the backup is put back."


def quiet(part: str, done: int, total: int) -> None:
    """Nobody waits."""


class Centre:
    """A configuration in a folder of its own, and what an agent does there."""

    def __init__(self, folder: Path, url: str = "") -> None:
        folder.mkdir()
        self.folder, self.file = folder, folder / "ntpd112.toml"
        database = f'[database]\nurl = "{url}"\n' if url else ""
        self.file.write_text(f'{database}[media]\nrecordings = "recordings"\nprompts = "prompts"\n', "utf-8")

    @property
    def config(self) -> Config:
        return load_config(self.file, {})

    def open(self) -> Journal:
        return Journal(self.config.journal.path)

    def take_calls(self, *ids: str) -> None:
        journal = self.open()
        write(journal, *ids)
        journal.close()

    def put(self, name: str, content: bytes = b"content") -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def has(self, name: str) -> bytes | None:
        file = self.folder / name
        return file.read_bytes() if file.exists() else None

    async def cdrs(self, journal: Journal) -> list[str]:
        """After the projection has written what the journal has."""
        engine = await open_database(self.config.database.url)
        try:
            store = CdrStore(engine)
            await CdrProjection(journal, store).drain()
            return sorted(cdr.id for cdr in await store.page(Filter(), 100))
        finally:
            await engine.dispose()

    async def cdrs_after_start(self) -> list[str]:
        journal = self.open()
        try:
            return await self.cdrs(journal)
        finally:
            journal.close()

    async def backup(self, folder: Path, *, recordings: bool = False) -> Manifest:
        return await asyncio.to_thread(
            take, self.config, self.file, folder, recordings=recordings, now=NOW, tell=quiet
        )

    async def restore(self, folder: Path, now: datetime = LATER) -> Manifest:
        return await asyncio.to_thread(restore, self.config, folder, quiet, now)


def write(journal: Journal, *ids: str) -> None:
    for call_id in ids:
        for event in answered(call_id):
            journal.append(event)
    journal.commit()


@pytest.fixture
def other_url(url: str, request: pytest.FixtureRequest) -> str:
    """Where the same kind of database is restored to; empty: the SQLite file of the centre's own folder."""
    if url.startswith("sqlite"):
        return ""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


async def test_a_restored_centre_has_every_cdr_of_the_one_that_ran(
    url: str, other_url: str, tmp_path: Path
) -> None:
    old = Centre(tmp_path / "old", url)
    journal = old.open()
    write(journal, "A", "B")
    await old.cdrs(journal)
    write(journal, "C")  # not yet in the database
    await old.backup(tmp_path / "backup")
    journal.close()
    new = Centre(tmp_path / "new", other_url)
    await new.restore(tmp_path / "backup")
    assert await new.cdrs_after_start() == ["A", "B", "C"]


async def test_calls_that_end_between_the_copies_of_database_and_journal_are_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Centre(tmp_path / "old")
    journal = old.open()
    write(journal, "A")
    await old.cdrs(journal)
    loop = asyncio.get_running_loop()

    def slow(source: Path, target: Path, tell: copying.Tell) -> None:
        copy_sqlite(source, target, tell)
        if target.name == "database.db":  # the agent goes on meanwhile
            write(journal, "B")
            asyncio.run_coroutine_threadsafe(old.cdrs(journal), loop).result()

    monkeypatch.setattr("ntpd112.app.backup.taking.copy_sqlite", slow)
    await old.backup(tmp_path / "backup")
    new = Centre(tmp_path / "new")
    await new.restore(tmp_path / "backup")
    restored = new.open()
    write(restored, "C")  # gets the places after the copied journal's end
    assert await new.cdrs(restored) == ["A", "B", "C"]
    restored.close()
    journal.close()


async def test_no_place_that_the_lost_journal_filled_after_the_backup_is_filled_with_something_else(
    tmp_path: Path,
) -> None:
    old = Centre(tmp_path / "old")
    old.take_calls("A")
    await old.backup(tmp_path / "backup")
    old.take_calls("LOST")
    with closing(old.open()) as journal:
        known_outside = journal.last_seq
    new = Centre(tmp_path / "new")
    await new.restore(tmp_path / "backup")
    new.take_calls("B")
    with closing(new.open()) as journal:
        restored, *later = journal.read(known_outside, 100)
        assert restored.event == JournalRestored(at=LATER.timestamp(), backup_at=NOW.timestamp())
        assert {stored.event.call_id for stored in later} == {"B"}
        position = Writer(journal.id, UTC).position(known_outside)
        follower = Feed(journal, UTC).join(Wanted(), position)
        assert follower.seq == known_outside


async def test_put_back_once_more_it_parts_ways_with_the_first_time_too(tmp_path: Path) -> None:
    old, first, second = (Centre(tmp_path / name) for name in ("old", "first", "second"))
    old.take_calls("A")
    await old.backup(tmp_path / "backup")
    await first.restore(tmp_path / "backup")
    first.take_calls("B")
    with closing(first.open()) as journal:
        known_outside = journal.last_seq
    await second.restore(tmp_path / "backup", LATER + timedelta(seconds=1))
    second.take_calls("C")
    with closing(second.open()) as journal:
        assert {seq for seq, _ in journal.read_call("C")}.isdisjoint(range(known_outside + 1))


async def test_root_does_not_put_files_where_another_user_s_agent_could_not_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Centre(tmp_path / "old"), Centre(tmp_path / "new")
    old.take_calls("A")
    await old.backup(tmp_path / "backup")
    if os.geteuid() == 0:
        os.chown(new.folder, 65_534, 65_534)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(BackupError, match=r'new" is of user \S+: run this as that user \(sudo -u '):
        await new.restore(tmp_path / "backup")
    assert [path.name for path in new.folder.iterdir()] == ["ntpd112.toml"]


async def test_events_that_waited_in_the_spill_file_are_in_the_restored_journal(tmp_path: Path) -> None:
    old = Centre(tmp_path / "old")
    old.take_calls("A")
    with closing(sqlite3.connect(old.config.journal.path, isolation_level=None)) as other:
        journal = old.open()
        other.execute("BEGIN IMMEDIATE")
        write(journal, "SPILLED")
        await old.backup(tmp_path / "backup")
        other.execute("ROLLBACK")
        journal.close()
    new = Centre(tmp_path / "new")
    await new.restore(tmp_path / "backup")
    assert await new.cdrs_after_start() == ["A", "SPILLED"]


async def test_a_call_that_was_up_ends_as_interrupted_and_not_later_than_the_backup(tmp_path: Path) -> None:
    old, new = Centre(tmp_path / "old"), Centre(tmp_path / "new")
    with closing(old.open()) as journal:
        for event in answered("A"):
            if not isinstance(event, CallEnded):
                journal.append(event)
    await old.backup(tmp_path / "backup")
    await new.restore(tmp_path / "backup")
    with closing(new.open()) as journal:
        *_, (seq, ended) = journal.read_call("A")
        assert isinstance(ended, CallEnded)
        assert (ended.disposition, ended.at <= NOW.timestamp()) == ("interrupted", True)
        assert seq == journal.last_seq


async def test_a_journal_that_cannot_be_opened_leaves_nothing_behind(tmp_path: Path) -> None:
    old, new = Centre(tmp_path / "old"), Centre(tmp_path / "new")
    old.take_calls("A")
    with closing(sqlite3.connect(old.config.journal.path)) as journal:
        journal.execute("PRAGMA user_version = 99")
    await old.backup(tmp_path / "backup")
    with pytest.raises(BackupError, match="run the newer program"):
        await new.restore(tmp_path / "backup")
    assert not [path.name for path in new.folder.iterdir() if path.suffix == ".db"]


async def test_what_belongs_to_a_centre_comes_back(tmp_path: Path) -> None:
    old, new = Centre(tmp_path / "old"), Centre(tmp_path / "new")
    old.take_calls("A")
    kept = [f"ntpd112-journal-{name}.json" for name in ("phones", "operators", "keys", "sessions", "names")]
    kept += ["ntpd112-journal-memory"]
    kept += ["ntpd112-holds/A.json", "prompts/id/welcome.wav", "recordings/2026/11/24/A.wav"]
    for name in kept:
        old.put(name, name.encode())
    made = await old.backup(tmp_path / "backup", recordings=True)
    assert (tmp_path / "backup" / "ntpd112.toml").read_bytes() == old.file.read_bytes()
    assert await new.restore(tmp_path / "backup") == made
    assert [new.has(name) for name in kept] == [name.encode() for name in kept]
    assert not list(new.folder.rglob("*.restoring"))


async def test_recordings_are_left_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    old = Centre(tmp_path / "old")
    old.put("recordings/2026/11/24/A.wav")
    made = await old.backup(tmp_path / "backup")
    assert not [one.name for one in made.files if one.part == "recordings"]


async def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    old = Centre(tmp_path / "old")
    old.put("recordings/A.wav")
    (old.folder / "recordings" / "B.wav").symlink_to("/etc/passwd")
    made = await old.backup(tmp_path / "backup", recordings=True)
    assert [one.name for one in made.files if one.part == "recordings"] == ["recordings/A.wav"]


async def test_only_the_owner_can_read_a_backup(tmp_path: Path) -> None:
    old = Centre(tmp_path / "old")
    old.take_calls("A")
    old.put("prompts/id/welcome.wav")
    await old.backup(tmp_path / "backup")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "backup").rglob("*") if path.is_file()}
    assert (modes, stat.S_IMODE((tmp_path / "backup").stat().st_mode)) == ({0o600}, 0o700)


def test_a_copy_is_of_one_moment_however_much_is_written_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PAGES", 2)
    source = sqlite3.connect(tmp_path / "source.db", isolation_level=None)
    source.execute("PRAGMA journal_mode = wal")
    source.execute("CREATE TABLE t (n INTEGER, filler BLOB)")
    source.executemany("INSERT INTO t VALUES (?, zeroblob(3000))", [(n,) for n in range(50)])
    reports = []

    def writes_on(done: int, total: int) -> None:
        reports.append((done, total))
        source.execute("INSERT INTO t VALUES (99, zeroblob(3000))")

    copy_sqlite(tmp_path / "source.db", tmp_path / "copy.db", writes_on)
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT count(*), max(n) FROM t").fetchone() == (50, 49)
    assert len(reports) > 10
    assert reports[-1][0] == reports[-1][1]
    copy.close()
    source.close()


def test_a_damaged_database_is_not_taken_for_a_backup(tmp_path: Path) -> None:
    file = tmp_path / "source.db"
    source = sqlite3.connect(file, isolation_level=None)
    source.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)")
    source.executemany("INSERT INTO t VALUES (?, zeroblob(3000))", [(n,) for n in range(50)])
    source.close()
    content = bytearray(file.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    file.write_bytes(content)
    with pytest.raises((BackupError, sqlite3.DatabaseError), match=r"damaged|malformed"):
        copy_sqlite(file, tmp_path / "copy.db", lambda done, total: None)


def spoil_content(backup: Path) -> str:
    (backup / "journal-memory").write_bytes(b"other")
    return 'journal-memory" is not what it was'


def remove_a_file(backup: Path) -> str:
    (backup / "journal-memory").unlink()
    return "No such file"


def break_off(backup: Path) -> str:
    (backup / FILE).unlink()
    return "has no manifest.json: it is no backup, or one that was broken off"


def come_from_a_newer_one(backup: Path) -> str:
    text = (backup / FILE).read_text()
    (backup / FILE).write_text(text.replace('"layout": 1', '"layout": 2'))
    return "was made by a newer ntpd112"


def point_outside(backup: Path) -> str:
    text = (backup / FILE).read_text()
    (backup / FILE).write_text(text.replace('"journal-memory"', '"journal-memory/../../../evil"'))
    return "which is outside of the backup"


@pytest.mark.parametrize(
    "spoil", [spoil_content, remove_a_file, break_off, come_from_a_newer_one, point_outside]
)
async def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_put(
    tmp_path: Path, spoil: Callable[[Path], str]
) -> None:
    old, new = Centre(tmp_path / "old"), Centre(tmp_path / "new")
    old.take_calls("A")
    old.put("ntpd112-journal-memory")
    await old.backup(tmp_path / "backup")
    said = spoil(tmp_path / "backup")
    with pytest.raises(BackupError) as raised:
        await new.restore(tmp_path / "backup")
    assert said in str(raised.value)
    assert [path.name for path in new.folder.iterdir()] == ["ntpd112.toml"]


@pytest.mark.parametrize(
    "name",
    ["ntpd112.db", "ntpd112.db-wal", "ntpd112-journal.db", "ntpd112-journal-webhooks.db", "ntpd112-audit.db"],
)
async def test_nothing_that_is_there_is_overwritten(tmp_path: Path, name: str) -> None:
    old, new = Centre(tmp_path / "old"), Centre(tmp_path / "new")
    old.take_calls("A")
    await old.backup(tmp_path / "backup")
    new.put(name)
    with pytest.raises(BackupError, match=f'{name}" is there: move it away'):
        await new.restore(tmp_path / "backup")
    assert new.has(name) == b"content"


async def test_a_folder_with_something_in_it_is_not_restored_into(tmp_path: Path) -> None:
    old, new = Centre(tmp_path / "old"), Centre(tmp_path / "new")
    old.put("prompts/id/welcome.wav")
    await old.backup(tmp_path / "backup")
    new.put("prompts/id/own.wav")
    with pytest.raises(BackupError, match='prompts" is not empty'):
        await new.restore(tmp_path / "backup")


async def test_a_postgresql_database_with_something_in_it_is_not_restored_into(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    old = Centre(tmp_path / "old", postgres_server.new_database())
    await (await open_database(old.config.database.url)).dispose()
    await old.backup(tmp_path / "backup")
    with pytest.raises(BackupError, match=r"database .* is not empty: make a new one"):
        await Centre(tmp_path / "new", old.config.database.url).restore(tmp_path / "backup")


async def test_a_backup_of_the_other_kind_of_database_is_refused(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    old = Centre(tmp_path / "old")
    await (await open_database(old.config.database.url)).dispose()
    await old.backup(tmp_path / "backup")
    new = Centre(tmp_path / "new", postgres_server.new_database())
    with pytest.raises(BackupError, match="database is SQLite"):
        await new.restore(tmp_path / "backup")


async def test_what_postgresql_s_programs_say_is_said_without_the_password(tmp_path: Path) -> None:
    old = Centre(tmp_path / "old", "postgresql+asyncpg://me:hidden@127.0.0.1:1/x")
    with pytest.raises(BackupError, match=r"pg_dump: .*refused") as raised:
        await old.backup(tmp_path / "backup")
    assert "hidden" not in str(raised.value)


async def test_without_postgresql_s_programs_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    old = Centre(tmp_path / "old", "postgresql+asyncpg://me@127.0.0.1:1/x")
    with pytest.raises(BackupError, match="pg_dump is needed for a PostgreSQL database"):
        await old.backup(tmp_path / "backup")


async def test_a_running_agent_s_place_is_not_restored_into(tmp_path: Path) -> None:
    old, new = Centre(tmp_path / "old"), Centre(tmp_path / "new")
    await old.backup(tmp_path / "backup")
    journal = new.open()
    with pytest.raises(BackupError, match=r"the agent \(process \d+\) is running: stop it first"):
        await new.restore(tmp_path / "backup")
    journal.close()


async def test_two_backups_are_never_mixed(tmp_path: Path) -> None:
    old = Centre(tmp_path / "old")
    await old.backup(tmp_path / "backup")
    with pytest.raises(BackupError, match="is not empty: give a folder of its own to each backup"):
        await old.backup(tmp_path / "backup")
