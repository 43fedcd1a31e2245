"""`ntpd112 retention` and `ntpd112 hold`: what is kept how long, and which calls longer."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.config import Config
from ntpd112.journal.held import HeldCalls

from .auditing import recorded, user
from .common import ConfigOption, JsonOption, configuration, fail, print_json, with_database
from .trace import read_events

if TYPE_CHECKING:
    from ntpd112.app.holds import LegalHolds
    from ntpd112.app.retention import Counts

MAX_SHOWN = 10_000
Reason = Annotated[str | None, typer.Option(help="Whose request, and its number.")]


def retention(
    now: Annotated[bool, typer.Option("--now", help="Remove it, not waiting for the agent.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count it; the default.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Count what is kept for longer than `[retention]` says, or remove it. A running agent does so each hour.

    Calls under legal hold are not counted.

    Example: ntpd112 retention --dry-run
    """
    from ntpd112.app.retention import retention_of  # late: the other commands start faster without it

    settings = configuration(config)
    if now and dry_run:
        fail("--now removes, --dry-run does not: give one of them")
    at = datetime.now(UTC)
    try:
        if not now:
            counts = with_database(settings, lambda engine: retention_of(settings, engine).due(at))
        else:
            with recorded(settings, "retention") as detail:
                counts = with_database(settings, lambda engine: retention_of(settings, engine).remove(at))
                detail.update(msgspec.structs.asdict(counts))
    except sqlite3.Error as error:
        fail(f'[audit] path "{settings.audit.path}": {error}')
    _print_counts(settings, counts, removed=now, as_json=as_json)


def _print_counts(settings: Config, counts: Counts, *, removed: bool, as_json: bool) -> None:
    told = msgspec.structs.asdict(counts)
    if as_json:
        print_json(told)
        return
    times = settings.retention
    keeps = {
        "cdrs": times.cdrs,
        "recordings": times.recordings,
        "orphans": times.recordings,
        "audit": times.audit,
        "deliveries": times.deliveries,
    }
    table = Table("what", "kept for", "removed" if removed else "due", box=None, pad_edge=False)
    for kind, count in told.items():
        days = f"{keeps[kind] / 86_400:g} days" if keeps[kind] else "ever"
        table.add_row(kind, days, str(count))
    Console(highlight=False).print(table)


def hold(
    call_id: Annotated[str | None, typer.Argument(metavar="CALL_ID", help="Without: list them.")] = None,
    reason: Reason = None,
    release: Annotated[bool, typer.Option("--release", help="End the hold.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Put a call under legal hold: CDR, recording, events and SIP messages are kept until it is released.

    Example: ntpd112 hold 01JD2Y6V3K8QW4XN5T7RZB9MCE --reason "Polrestabes, letter B/123/XI/2026"
    """
    settings = configuration(config)
    if call_id is None:
        _list(settings, as_json)
    elif release:
        _release(settings, call_id)
    else:
        if not reason:
            fail("--reason is needed: who asks later why this call is still there has nothing else")
        _hold(settings, call_id, reason)


def _hold(settings: Config, call_id: str, reason: str) -> None:
    by = f"cli:{user()}"
    with recorded(settings, "hold", call_id, reason=reason):
        if with_database(settings, lambda engine: _holds(settings, engine).hold(call_id, reason, by)) is None:
            fail(f'no ended call has the id "{call_id}"; ids are in the log and in CDRs')


def _release(settings: Config, call_id: str) -> None:
    by = f"cli:{user()}"
    with recorded(settings, "hold release", call_id):
        if not with_database(settings, lambda engine: _holds(settings, engine).release(call_id, by)):
            fail(f'call "{call_id}" is not under legal hold; `ntpd112 hold` lists those that are')


def _list(settings: Config, as_json: bool) -> None:
    zone = ZoneInfo(settings.site.timezone)
    found = with_database(settings, lambda engine: _holds(settings, engine).holds(MAX_SHOWN))
    if as_json:
        print_json([msgspec.structs.asdict(one) for one in found])
        return
    table = Table("call", "since", "by", "reason", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.id, f"{one.held_at.astimezone(zone):%Y-%m-%d %H:%M}", one.held_by, one.reason)
    Console(highlight=False).print(table)


def _holds(settings: Config, engine: AsyncEngine) -> LegalHolds:
    from ntpd112.app.holds import LegalHolds
    from ntpd112.cdr.keeping import Keeping

    copies = HeldCalls(settings.retention.holds)
    return LegalHolds(
        Keeping(engine), copies, lambda of: read_events(settings.journal.path, of), settings.trace.path
    )
