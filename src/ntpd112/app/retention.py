"""Removes what was kept for long enough: CDRs, recordings, audit entries, deliveries; see docs/privacy.md.

In small steps with pauses, each a transaction of its own: a call's CDR waits for one of them at most. Calls
under legal hold are left alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.audit import AuditFile, AuditLog, Entry, head, oldest_due
from ntpd112.cdr.database import first_line
from ntpd112.cdr.keeping import CHUNK, Keeping, Recording
from ntpd112.config import Config, RetentionConfig
from ntpd112.journal import Journal
from ntpd112.journal.events import JournalEvent
from ntpd112.journal.held import HeldCalls
from ntpd112.journal.ids import is_call_id
from ntpd112.sinks import deliveries_before, forget_deliveries, outbox_file

from .holds import LegalHolds

EVERY_S = 3_600.0
PAUSE_S = 0.2
"Between steps: 250 rows a second, a million CDRs in an hour."
FAILURES = (SQLAlchemyError, OSError, sqlite3.Error, TimeoutError)

log = structlog.get_logger("ntpd112.retention")


class Counts(msgspec.Struct, kw_only=True):
    """What is due, or was removed. `orphans`: recordings' files without a CDR that names them."""

    cdrs: int = 0
    recordings: int = 0
    orphans: int = 0
    audit: int = 0
    deliveries: int = 0

    def __bool__(self) -> bool:
        return any(msgspec.structs.astuple(self))


class Removed(Collector):
    """The metric that says what this process has removed."""

    def __init__(self) -> None:
        self.counts = Counts()

    def collect(self) -> Iterator[Metric]:
        metric = CounterMetricFamily(
            "ntpd112_retention_removed", "What retention has removed, by kind.", labels=["kind"]
        )
        for kind, count in msgspec.structs.asdict(self.counts).items():
            metric.add_metric([kind], count)
        yield metric


REMOVED = Removed()


class Retention:
    """`recordings`: the folder, None: none. `copies`: of held calls. `outbox`: of webhooks. Methods raise
    `FAILURES`."""

    def __init__(
        self,
        times: RetentionConfig,
        keeping: Keeping,
        recordings: Path | None,
        audit: Path,
        copies: HeldCalls,
        outbox: Path,
    ) -> None:
        self._times = times
        self._keeping = keeping
        self._folder = recordings.resolve() if recordings else None
        self._audit = audit
        self._copies = copies
        self._outbox = outbox

    async def due(self, now: datetime) -> Counts:
        """Counts what `remove` would remove. A recording goes with its CDR, if it does not go before it."""
        cdrs, recordings = await self._keeping.due(*self._before(now))
        before = _before(now, self._times.audit)
        orphans = [file async for files in self._orphans(now) for file in files]
        audit = await asyncio.to_thread(oldest_due, self._audit, before.timestamp()) if before else 0
        return Counts(
            cdrs=cdrs,
            recordings=recordings,
            orphans=len(orphans),
            audit=audit,
            deliveries=await self._deliveries(deliveries_before, now),
        )

    async def remove(self, now: datetime) -> Counts:
        """Removes it. What was removed before a failure is gone, and not told."""
        removed = Counts()
        cdrs_before, recordings_before = self._before(now)
        while recordings_before and (marked := await self._keeping.remove_recordings(recordings_before, now)):
            removed.recordings += len(marked)
            await self._step(marked)
        while cdrs_before and (gone := await self._keeping.remove_cdrs(cdrs_before)):
            there = [recording for recording in gone if recording and recording.removed_at is None]
            removed.cdrs += len(gone)
            removed.recordings += len(there)
            await self._step(there)
        async for files in self._orphans(now):
            removed.orphans += await asyncio.to_thread(self._unlink, files)
            await asyncio.sleep(PAUSE_S)
        before = _before(now, self._times.audit)
        if before is not None:
            removed.audit = await asyncio.to_thread(_prune_audit, self._audit, before.timestamp())
        removed.deliveries = await self._deliveries(forget_deliveries, now)
        return removed

    async def _deliveries(self, do: Callable[[Path, float], int], now: datetime) -> int:
        before = _before(now, self._times.deliveries)
        return await asyncio.to_thread(do, self._outbox, before.timestamp()) if before else 0

    async def _step(self, recordings: Sequence[Recording]) -> None:
        """A file that cannot be removed now has no CDR that names it, and is tried again as such."""
        if self._folder is not None:
            await asyncio.to_thread(self._unlink, [self._folder / recording.file for recording in recordings])
        await asyncio.sleep(PAUSE_S)

    def _before(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        return _before(now, self._times.cdrs), _before(now, self._times.recordings)

    async def _orphans(self, now: datetime) -> AsyncIterator[list[Path]]:
        """Files of recordings past their time without a CDR that has them: it was lost or removed, or the
        removal was broken off. Younger ones are left alone, since their CDR may still come."""
        before = _before(now, self._times.recordings)
        if before is None or self._folder is None:
            return
        found = await asyncio.to_thread(_old_files, self._folder, before.timestamp())
        for start in range(0, len(found), CHUNK):
            files = found[start : start + CHUNK]
            known = await self._keeping.recordings(file.stem for file in files)
            yield [
                file
                for file in files
                if not ((recording := known.get(file.stem)) and recording.removed_at is None)
                and self._copies.load(file.stem) is None
            ]

    def _unlink(self, files: Iterable[Path]) -> int:
        """Nothing outside the folder, whatever a CDR says. Returns how many are gone."""
        count = 0
        for file in files:
            assert self._folder is not None
            if not file.resolve().is_relative_to(self._folder):
                continue
            try:
                file.unlink(missing_ok=True)
                count += 1
            except OSError as error:
                log.error("a recording past its time cannot be removed", file=str(file), reason=str(error))
            for folder in file.parents[: len(file.relative_to(self._folder).parts) - 1]:
                with contextlib.suppress(OSError):  # there are others in it
                    folder.rmdir()
        return count


def _before(now: datetime, keep_s: float) -> datetime | None:
    """None: for ever."""
    return now - timedelta(seconds=keep_s) if keep_s else None


def _old_files(folder: Path, before: float) -> list[Path]:
    """Files named as recordings are, last written before `before` (epoch seconds)."""
    return [
        file
        for file in folder.rglob("*.wav")
        if is_call_id(file.stem) and not file.is_symlink() and _written_at(file) < before
    ]


def _written_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # gone meanwhile
        return float("inf")


def _prune_audit(path: Path, before: float) -> int:
    if not path.exists():
        return 0
    file = AuditFile(path)
    try:
        count = 0
        while removed := file.prune(before):
            count += removed
        return count
    finally:
        file.close()


def keepers(config: Config, engine: AsyncEngine, journal: Journal) -> tuple[LegalHolds, Retention]:
    keeping, copies = Keeping(engine), HeldCalls(config.retention.holds)

    def read_call(call_id: str) -> list[JournalEvent]:
        return [stored.event for stored in journal.read_call(call_id)]

    holds = LegalHolds(keeping, copies, read_call, config.trace.path)
    return holds, retention_of(config, engine)


def retention_of(config: Config, engine: AsyncEngine) -> Retention:
    copies = HeldCalls(config.retention.holds)
    outbox = outbox_file(config.journal.path)
    return Retention(
        config.retention, Keeping(engine), config.media.recordings, config.audit.path, copies, outbox
    )


async def keep_retention(retention: Retention, holds: LegalHolds, audit: AuditLog) -> None:
    """Each hour, for ever. Says what was removed: log, audit log, metric."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await run_once(retention, holds, audit)
        except FAILURES as error:
            log.warning("retention: tried again in an hour", reason=first_line(error))


async def run_once(retention: Retention, holds: LegalHolds, audit: AuditLog) -> Counts:
    """Raises `FAILURES`."""
    await holds.refresh()
    removed = await retention.remove(datetime.now(UTC))
    told = msgspec.structs.asdict(removed)
    for kind, count in told.items():
        setattr(REMOVED.counts, kind, getattr(REMOVED.counts, kind) + count)
    if removed:
        log.info("retention: removed what was kept long enough", **told)
        audit.note(Entry(at=time.time(), who="agent", action="retention", outcome="done", detail=told))
    seq, sha256 = await asyncio.to_thread(head, audit.path)
    log.info("audit log", last=f"{seq}:{sha256}")  # elsewhere than in the file: `ntpd112 audit --seen`
    return removed
