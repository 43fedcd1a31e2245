"""What the centre remembers, over restarts: read at the start, saved now and then and at the stop."""

from __future__ import annotations

import asyncio
import sqlite3

import structlog

from ntpd112.config import Config
from ntpd112.memory import (
    CallbackSettings,
    FloodSettings,
    Memory,
    MemorySettings,
    Saver,
    ShieldSettings,
)
from ntpd112.queue import Acd, Counters

SAVE_S = 60.0
"Seconds between two snapshots: how much of the journal a start after a kill reads again at most."
log = structlog.get_logger("ntpd112.memory")


def settings_of(config: Config) -> MemorySettings:
    shield, flood, callbacks = config.shield, config.flood, config.callbacks
    return MemorySettings(
        ShieldSettings(
            half_life_s=shield.half_life,
            prank_weight=shield.prank_weight,
            ghost_weight=shield.ghost_weight,
            put_back_at=shield.put_back_at,
            lift_emergency_s=shield.lift_emergency,
            sticky_s=shield.sticky,
            keep_place_s=shield.keep_place,
        ),
        FloodSettings(
            calls=flood.calls,
            window_s=flood.window,
            radius_km=flood.radius_km,
            ends_after_s=flood.ends_after,
        ),
        CallbackSettings(keep_s=callbacks.keep, claim_s=callbacks.claim),
    )


def give_back_counters(memory: Memory, acd: Acd, now: float) -> None:
    """What operators had done before the restart, so that the strategies go on fairly. `now`: epoch
    seconds."""
    for name, done in memory.levels.counters(now).items():
        if acd.operator(name) is not None:
            acd.set_counters(name, Counters(done.calls, done.talk_s, done.offers, done.rona))


async def keep_saved(saver: Saver) -> None:
    """Save every minute, for ever, in a thread that gives way to the loop."""
    while True:
        await asyncio.sleep(SAVE_S)
        try:
            await asyncio.to_thread(saver.save)
        except (OSError, sqlite3.Error) as problem:
            log.error("memory not saved; tried again in a minute", reason=str(problem))


async def save_last(saver: Saver) -> None:
    """At the stop. What cannot be saved is read from the journal at the next start."""
    try:
        await asyncio.to_thread(saver.save)
    except (OSError, sqlite3.Error) as problem:
        log.error("memory not saved: the next start reads more", reason=str(problem))
