"""What is removed once it has been kept long enough, and what is left alone."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.calls import T0, answered

from ntpd112.app import retention as module
from ntpd112.app.holds import LegalHolds
from ntpd112.app.retention import REMOVED, Counts, Retention, run_once
from ntpd112.audit import AuditFile, AuditLog, Entry, Wanted, page, verify
from ntpd112.cdr.database import open_database
from ntpd112.cdr.fold import fold
from ntpd112.cdr.keeping import Keeping
from ntpd112.cdr.store import CdrStore, Filter, Position
from ntpd112.config import RetentionConfig
from ntpd112.journal.events import JournalEvent
from ntpd112.journal.held import HeldCalls
from ntpd112.sinks import Outbox
from ntpd112.sinks.delivery import Delivery
from ntpd112.sinks.outbox import Tried

DAY_S = 86_400.0
NOW = datetime.fromtimestamp(T0, UTC) + timedelta(days=100)


def call_id(day: int) -> str:
    return f"{day:026}"


@dataclass
class House:
    """Calls with recordings, one a day since T0."""

    folder: Path
    engine: AsyncEngine
    keeping: Keeping
    copies: HeldCalls

    def retention(self, *, cdrs: float, recordings: float, audit: float = 0.0) -> Retention:
        """In days before NOW; 0: for ever."""
        times = RetentionConfig(cdrs=cdrs * DAY_S, recordings=recordings * DAY_S, audit=audit * DAY_S)
        return Retention(
            times,
            self.keeping,
            self.folder / "recordings",
            self.folder / "audit.db",
            self.copies,
            self.folder / "webhooks.db",
        )

    def sound(self, day: int, name: str = "") -> Path:
        """A recording's file, as old as its call."""
        file = self.folder / "recordings" / "2025" / (name or f"{call_id(day)}.wav")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"RIFF")
        os.utime(file, (T0 + day * DAY_S,) * 2)
        return file

    async def calls(self, *some: int) -> None:
        made = [fold(answered(call_id(day), at=day * DAY_S)) for day in some]
        await CdrStore(self.engine).write([cdr for cdr in made if cdr], "cdrs", Position("j", 1))
        for day in some:
            self.sound(day)

    async def left(self) -> tuple[list[int], list[int]]:
        """Days of CDRs, days of recordings' files."""
        cdrs = await CdrStore(self.engine).page(Filter(), 100)
        files = (self.folder / "recordings").rglob("*.wav")
        return sorted(int(cdr.id) for cdr in cdrs), sorted(int(file.stem) for file in files)


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/main.db")
    yield House(tmp_path, engine, Keeping(engine), HeldCalls(tmp_path / "holds"))
    await engine.dispose()


async def test_recordings_go_first_and_cdrs_later(house: House) -> None:
    await house.calls(0, 30, 60)
    retention = house.retention(cdrs=80, recordings=50)
    expected = Counts(cdrs=1, recordings=2)
    assert await retention.due(NOW) == expected
    assert await retention.remove(NOW) == expected
    assert await house.left() == ([30, 60], [60])
    assert await retention.remove(NOW) == Counts()


async def test_a_recording_goes_with_its_cdr(house: House) -> None:
    await house.calls(0, 60)
    assert await house.retention(cdrs=80, recordings=80).remove(NOW) == Counts(cdrs=1, recordings=1)
    assert await house.left() == ([60], [60])


async def test_zero_keeps_for_ever(house: House) -> None:
    await house.calls(0)
    retention = house.retention(cdrs=0, recordings=0)
    assert (await retention.due(NOW), await retention.remove(NOW)) == (Counts(), Counts())
    assert await house.left() == ([0], [0])


async def test_what_is_under_legal_hold_stays_whole(house: House) -> None:
    await house.calls(0, 1)
    await house.keeping.hold(call_id(0), "a letter", "api:console", NOW)
    await house.retention(cdrs=50, recordings=50).remove(NOW)
    assert await house.left() == ([0], [0])
    await house.keeping.release(call_id(0))
    await house.retention(cdrs=50, recordings=50).remove(NOW)
    assert await house.left() == ([], [])


async def test_a_removal_that_was_broken_off_is_finished(house: House) -> None:
    """Killed between the mark and the file."""
    await house.calls(0)
    await house.keeping.remove_recordings(NOW, NOW)
    retention = house.retention(cdrs=0, recordings=50)
    assert await retention.due(NOW) == Counts(orphans=1)
    assert await retention.remove(NOW) == Counts(orphans=1)
    assert await house.left() == ([0], [])


async def test_a_file_without_a_cdr_goes_with_its_time_and_not_before(house: House) -> None:
    house.sound(0)
    house.sound(90)
    assert await house.retention(cdrs=50, recordings=50).remove(NOW) == Counts(orphans=1)
    assert await house.left() == ([], [90])


async def test_a_file_without_a_cdr_stays_if_the_call_was_held(house: House) -> None:
    """The database was lost, the hold's copy was not."""
    house.sound(0)
    house.copies.save(call_id(0), answered(call_id(0)), [])
    await house.retention(cdrs=50, recordings=50).remove(NOW)
    assert await house.left() == ([], [0])


async def test_only_what_is_named_as_a_recording_is_one(house: House) -> None:
    others = [house.sound(0, "notes.wav"), house.sound(0, "backup.tar")]
    await house.retention(cdrs=50, recordings=50).remove(NOW)
    assert all(file.exists() for file in others)


async def test_nothing_outside_the_folder_is_removed(house: House) -> None:
    outside = house.folder / "secret.wav"
    outside.write_bytes(b"x")
    made = fold(answered(call_id(0)))
    assert made is not None
    evil = msgspec.structs.replace(made, recording="../secret.wav")
    await CdrStore(house.engine).write([evil], "cdrs", Position("j", 1))
    (house.folder / "recordings").mkdir()
    await house.retention(cdrs=50, recordings=50).remove(NOW)
    assert outside.exists()


async def test_empty_folders_go_with_their_last_recording(house: House) -> None:
    await house.calls(0)
    await house.retention(cdrs=50, recordings=50).remove(NOW)
    assert list((house.folder / "recordings").iterdir()) == []


async def test_a_call_among_many_is_removed_in_steps(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    monkeypatch.setattr("ntpd112.cdr.keeping.CHUNK", 2)
    await house.calls(*range(5))
    house.sound(10)
    house.sound(11)
    house.sound(12)
    removed = await house.retention(cdrs=50, recordings=50).remove(NOW)
    assert removed == Counts(cdrs=5, recordings=5, orphans=3)
    assert await house.left() == ([], [])


async def test_audit_entries_go_with_their_time_and_the_chain_stays_whole(house: House) -> None:
    file = AuditFile(house.folder / "audit.db")
    at = [T0, T0 + 90 * DAY_S]
    file.append([Entry(at=when, who="api:a", action="PUT /flood", outcome="200") for when in at])
    file.close()
    retention = house.retention(cdrs=0, recordings=0, audit=50)
    assert await retention.due(NOW) == Counts(audit=1)
    assert await retention.remove(NOW) == Counts(audit=1)
    assert (verify(house.folder / "audit.db").wrong, verify(house.folder / "audit.db").entries) == ("", 1)


async def test_deliveries_go_with_their_time_whether_they_wait_or_were_given_up(house: House) -> None:
    outbox = Outbox(house.folder / "webhooks.db", "dispatch")
    for name, age_days in (("dead", 60), ("waits", 40), ("new", 20)):
        delivery = Delivery(name, "cdr", "A", 1, b"{}")
        outbox.put("J", 1, {}, [delivery], NOW.timestamp() - age_days * DAY_S)
    (first, *_) = outbox.due(NOW.timestamp(), 1)
    outbox.settle([], [Tried(first.n, 9, 0.0, 500, "HTTP 500", None)], NOW.timestamp() - 59 * DAY_S)
    retention = house.retention(cdrs=0, recordings=0)
    assert await retention.due(NOW) == Counts(deliveries=2)
    assert await retention.remove(NOW) == Counts(deliveries=2)
    assert [one.delivery.id for one in outbox.due(NOW.timestamp(), 9)] == ["new"]
    assert outbox.dead(9) == []
    outbox.close()


async def test_what_was_removed_is_told_in_audit_log_and_metric(house: House) -> None:
    await house.calls(0, 1)
    audit = AuditLog(house.folder / "audit.db")
    audit.start()
    holds = LegalHolds(house.keeping, house.copies, lambda call_id: [], None)
    registry = CollectorRegistry()
    registry.register(REMOVED)
    before = registry.get_sample_value("ntpd112_retention_removed_total", {"kind": "cdrs"}) or 0.0
    await run_once(house.retention(cdrs=50, recordings=50), holds, audit)
    audit.close()
    (entry,) = page(audit.path, Wanted(), 10)
    assert (entry.who, entry.action, entry.outcome) == ("agent", "retention", "done")
    assert entry.detail == {"cdrs": 2, "recordings": 2, "orphans": 0, "audit": 0, "deliveries": 0}
    after = registry.get_sample_value("ntpd112_retention_removed_total", {"kind": "cdrs"})
    assert after == before + 2


class TestHolds:
    async def test_a_hold_copies_what_the_journal_has_before_it_forgets(self, house: House) -> None:
        await house.calls(0)
        journal: list[JournalEvent] = answered(call_id(0))
        holds = LegalHolds(house.keeping, house.copies, lambda call_id: journal, None)
        await holds.hold(call_id(0), "a letter", "api:console")
        whole = list(journal)
        journal.clear()
        assert list(holds.history(call_id(0))) == whole
        assert await holds.release(call_id(0), "api:console")
        assert holds.history(call_id(0)) == []

    async def test_what_comes_later_is_copied_hourly(self, house: House) -> None:
        await house.calls(0)
        journal: list[JournalEvent] = answered(call_id(0))[:5]
        holds = LegalHolds(house.keeping, house.copies, lambda call_id: journal, None)
        await holds.hold(call_id(0), "a letter", "api:console")
        journal = answered(call_id(0))
        await holds.refresh()
        journal = []
        assert list(holds.history(call_id(0))) == answered(call_id(0))

    async def test_a_copy_that_fails_leaves_the_hold(self, house: House) -> None:
        await house.calls(0)
        (house.folder / "holds").write_text("no folder")
        holds = LegalHolds(house.keeping, house.copies, lambda call_id: answered(call_id), None)
        assert await holds.hold(call_id(0), "a letter", "api:console") is not None
        await house.retention(cdrs=50, recordings=50).remove(NOW)
        assert (await house.left())[0] == [0]

    async def test_a_call_without_cdr_cannot_be_held(self, house: House) -> None:
        holds = LegalHolds(house.keeping, house.copies, lambda call_id: [], None)
        assert await holds.hold(call_id(9), "a letter", "api:console") is None
        assert not house.copies.folder.exists()
