"""What it costs to remember: an event taken live, a start without a snapshot, the snapshot itself, and for
how long saving it holds up a loop beside it.

Writes a journal of calls as a centre has them (13 events each, 1 in 4 given up, every caller calls some
times) into a temporary folder, then reads it. Seconds of CPU, not of the clock.
Run: `python bench/memory.py [EVENTS]`, 200,000 by default.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time, thread_time

from ntpd112.journal import Journal
from ntpd112.journal.events import (
    CallAccepted,
    CallClassified,
    CallConnected,
    CallEnded,
    CallQueued,
    CallStarted,
    Classification,
    JournalEvent,
    LegEnded,
    LegQuality,
    OfferEnded,
    OfferMade,
    OfferRinging,
    OperatorChanged,
)
from ntpd112.memory import Memory, Saver, restore

EVENTS = 200_000
OPERATORS = 40
CALLERS = 30_000
SECONDS_A_CALL = 20.0
"Between calls: 4,300 a day."
COMMIT = 1_000
MINUTE_EVENTS = 13 * 60
"Between two snapshots at a call a second."
TICK_S = 0.001
QUIET_S = 0.4
"As long as saving takes."
KINDS: list[Classification] = ["emergency", "information", "ghost", "ghost", "prank"]


def day(seed: int = 112) -> Iterator[JournalEvent]:
    """Calls one after another, without end."""
    draw = random.Random(seed)
    at, number = 1_760_000_000.0, 0
    while True:
        number += 1
        at += draw.expovariate(1 / SECONDS_A_CALL)
        yield from call(f"01K{number:023d}", at, f"+62812{draw.randrange(CALLERS):08d}", draw)


def call(call_id: str, at: float, caller: str, draw: random.Random) -> Iterator[JournalEvent]:
    operator = f"op{draw.randrange(OPERATORS)}"
    offer = {"call_id": call_id, "offer": 1, "operator": operator}
    given_up = draw.random() < 0.25
    yield CallStarted(
        at=at,
        call_id=call_id,
        region="35.78",
        trunk=draw.choice(["telkomsel", "indosat", "xl"]),
        dialled="112",
        caller=caller,
        sip_call_id=f"{call_id}@192.0.2.1",
        source="192.0.2.1:5060",
        access_network="3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=510100A1B2C3D4",
    )
    yield CallAccepted(at=at, call_id=call_id)
    yield CallQueued(at=at, call_id=call_id, queue="112", priority=5, reasons=["number 112"])
    yield OfferMade(at=at, why={"waited_ms": 0, "lane": "normal", "free": 3}, **offer)  # type: ignore[arg-type]
    yield OperatorChanged(at=at, operator=operator, state="ringing", previous="ready")
    yield OfferRinging(at=at + 0.1, **offer)  # type: ignore[arg-type]
    yield OfferEnded(at=at + 6, outcome="withdrawn" if given_up else "answered", **offer)  # type: ignore[arg-type]
    if not given_up:
        yield CallConnected(at=at + 6, **offer)  # type: ignore[arg-type]
        yield OperatorChanged(at=at + 6, operator=operator, state="talking", previous="ringing")
        yield CallClassified(at=at + 50, call_id=call_id, classification=draw.choice(KINDS), by=operator)
    yield OperatorChanged(at=at + 60, operator=operator, state="ready", previous="talking")
    yield LegEnded(at=at + 60, call_id=call_id, party="caller")
    yield CallEnded(
        at=at + 60,
        call_id=call_id,
        disposition="abandoned" if given_up else "answered",
        hangup_by="caller",
        sip_code=200,
        q850_cause=16,
    )
    yield LegQuality(at=at + 60.2, call_id=call_id, party="caller", packets=3000, lost=0, jitter_ms=1.0)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.db")
        live, taking = Memory(), 0.0
        for number, event in zip(range(1, count + 1), day(), strict=False):
            before = process_time()
            live.take(event)
            taking += process_time() - before
            journal.append(event)
            if number % COMMIT == 0:
                journal.commit()
        journal.commit()
        print(
            f"take: {taking / count * 1e6:.2f} µs an event, {count:,} events, the clock's own cost included"
        )
        report(journal, live, Path(folder) / "memory")
        journal.close()


def report(journal: Journal, live: Memory, path: Path) -> None:
    before = process_time()
    restore(journal, path)
    took = process_time() - before
    print(
        f"start without a snapshot: {took:.2f} s, {took / journal.last_seq * 1e6:.2f} s per 1,000,000 events"
    )
    saver, state = Saver(live, journal, path), live.state
    for event, _ in zip(day(seed=113), range(MINUTE_EVENTS), strict=False):
        live.take(event)
        journal.append(event)
    journal.commit()
    quiet = asyncio.run(longest_wait_beside(lambda: time.sleep(QUIET_S)))
    before = process_time()
    longest = asyncio.run(longest_wait_beside(saver.save))
    took = process_time() - before
    print(
        f"snapshot after {MINUTE_EVENTS:,} more events: {took * 1e3:.0f} ms of CPU with the loop beside it, "
        f"which was late by {longest * 1e3:.1f} ms at most ({quiet * 1e3:.1f} ms without); "
        f"{path.stat().st_size / 1e6:.2f} MB "
        f"({len(state.records):,} callers, {len(state.lost):,} call-backs, {len(state.ended):,} calls)"
    )
    print(f"longest piece of it: {longest_piece(saver) * 1e3:.2f} ms")
    before = process_time()
    restore(journal, path)
    print(f"start with it: {(process_time() - before) * 1e3:.0f} ms")


def longest_piece(saver: Saver) -> float:
    """Seconds of CPU that the saving thread takes at most without a rest, the last one with the file's
    writing apart: for no longer the loop may have to wait for the interpreter."""
    longest, began = 0.0, thread_time()

    def rest() -> None:
        nonlocal longest, began
        longest = max(longest, thread_time() - began)
        began = thread_time()

    saver.save(rest)
    return longest


async def longest_wait_beside(work: Callable[[], None]) -> float:
    """Seconds that the loop was late at most, of what it wanted to do every TICK_S while this was done in a
    thread."""
    task = asyncio.create_task(asyncio.to_thread(work))
    longest = 0.0
    while not task.done():
        before = perf_counter()
        await asyncio.sleep(TICK_S)
        longest = max(longest, perf_counter() - before - TICK_S)
    await task
    return longest


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
