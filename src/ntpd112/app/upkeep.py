"""What has to be done now and then while the agent runs: the clock's anchor, old journal entries."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import tempfile
import time
from pathlib import Path

import structlog

from ntpd112.calls.context import Clock
from ntpd112.cdr.projection import CdrProjection
from ntpd112.journal import Journal

CLOCK_S = 60.0
"Seconds between looks at the wall clock: how long CDR times may lag behind a corrected clock."
PRUNE_S = 3600.0
COLLECTOR = (5_000, 20, 100)
"""Thresholds of Python's cycle collector. With its defaults it walks every object alive again and again: at
250 calls/s pauses of up to 250 ms, a fifth of the CPU (bench/call_cost.py). So: seldom, young ones first."""
log = structlog.get_logger("ntpd112.upkeep")


def calm_collector() -> None:
    """After start: what is there stays for good and need not be looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


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


async def prune_journal(journal: Journal, projection: CdrProjection, keep_s: float) -> None:
    """Each hour remove events older than `keep_s` whose CDRs are in the database. 0 keeps everything."""
    while keep_s > 0:
        await asyncio.sleep(PRUNE_S)
        before, position = time.time() - keep_s, projection.position
        try:
            removed = await asyncio.to_thread(journal.prune, up_to_seq=position, before=before)
        except sqlite3.Error as problem:
            log.warning("old journal entries not removed; tried again in an hour", reason=str(problem))
            continue
        if removed:
            log.info("old journal entries removed", events=removed, older_than_days=round(keep_s / 86400))
