"""What has to be done now and then while the agent runs: the clock's anchor, old journal entries."""

from __future__ import annotations

import asyncio
import gc
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from ntpd112.calls.context import Clock
from ntpd112.cdr.projection import CdrProjection
from ntpd112.journal import Journal
from ntpd112.media.site import SitePrompts

CLOCK_S = 60.0
"Seconds between looks at the wall clock: how long CDR times may lag behind a corrected clock."
PRUNE_S = 3600.0
SINK_HOLDS_S = 30 * 86_400.0
"""How long beyond its time an event is kept for a sink that has not told it. A broker that is gone for good
must not fill the disk that calls are written to; one that was switched off holds nothing."""
PROMPTS_S = 2.0
"Seconds between looks at the site's announcements: a few hundred files at most, below 1 ms."
COLLECT_S = 5.0
"Seconds between looks whether the cycle collector may run."
WORTH_COLLECTING = 50_000
"Objects made and not freed since the last collection: some 2,000 calls."
MUST_COLLECT = 5_000_000
"As above, at which it runs in the middle of calls too: below 1 GB of memory."
log = structlog.get_logger("ntpd112.upkeep")


def calm_collector() -> None:
    """After start: no more automatic runs of Python's cycle collector; what is there stays for good and need
    not be looked at again. Calls leave no cycles, so nearly everything is freed without it, while its runs
    were the longest waits of a call: up to 250 ms at 250 calls/s (bench/call_cost.py)."""
    gc.collect()
    gc.freeze()
    gc.disable()


async def collect_when_quiet(calls: Callable[[], int]) -> None:
    """Collect the few cycles that libraries leave while no call is up, for ever."""
    while True:
        await asyncio.sleep(COLLECT_S)
        made = gc.get_count()[0]
        if made > MUST_COLLECT or (made > WORTH_COLLECTING and not calls()):
            gc.collect()


def allow_files() -> None:
    """As many file descriptors as the system lets us have. The usual 1,024 would be used up by phones over
    TCP long before `sip.tcp.MAX_CONNECTIONS`, and none be left for a media worker or a database."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def unwritable(folder: Path) -> str:
    """Why no file can be made in `folder`, which is made if it is not there; empty: one can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as problem:
        return problem.strerror or str(problem)


async def keep_clock(clock: Clock) -> None:
    """Take the wall clock's present value as the anchor of all times, for ever."""
    while True:
        await asyncio.sleep(CLOCK_S)
        clock.anchor = time.time() - time.monotonic()


async def watch_prompts(prompts: SitePrompts, reload: Callable[[], None]) -> None:
    """Call `reload` when an announcement of the site has come, gone or changed, by whatever way, for ever."""
    seen = await asyncio.to_thread(prompts.fingerprint)
    while prompts.folder is not None:
        await asyncio.sleep(PROMPTS_S)
        found = await asyncio.to_thread(prompts.fingerprint)
        if found != seen:
            seen = found
            reload()
            log.info("the site's announcements are read again", files=len(found))


class Reader(Protocol):
    """Of the journal."""

    @property
    def position(self) -> int: ...


async def prune_journal(
    journal: Journal, projection: CdrProjection, sinks: Sequence[Reader], keep_s: float
) -> None:
    """Each hour remove events older than `keep_s` whose CDRs are in the database and that all sinks have
    told. 0 keeps everything."""
    while keep_s > 0:
        await asyncio.sleep(PRUNE_S)
        try:
            removed = await asyncio.to_thread(prune_once, journal, projection, sinks, time.time() - keep_s)
        except sqlite3.Error as problem:
            log.warning("old journal entries not removed; tried again in an hour", reason=str(problem))
            continue
        if removed:
            log.info("old journal entries removed", events=removed, older_than_days=round(keep_s / 86400))


def prune_once(journal: Journal, projection: Reader, sinks: Sequence[Reader], before: float) -> int:
    """Remove what is older than `before` (epoch seconds) and read by everybody, and what is older by
    SINK_HOLDS_S and waits for a sink alone. Returns events removed. Raises sqlite3.Error."""
    written = projection.position
    told = min([written, *(sink.position for sink in sinks)])
    removed = journal.prune(up_to_seq=told, before=before)
    overdue = journal.prune(up_to_seq=written, before=before - SINK_HOLDS_S) if told < written else 0
    if overdue:
        log.error("events that a sink has not told for too long are removed", events=overdue)
    return removed + overdue
