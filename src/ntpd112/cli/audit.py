"""`ntpd112 audit`: who changed what, who fetched which recording, and whether the log is untouched."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ntpd112.audit import Recorded, Verdict, Wanted, page
from ntpd112.audit import verify as verified
from ntpd112.config import Config

from .common import ConfigOption, JsonOption, configuration, fail, print_json

DEFAULT_LIMIT = 50


def audit(
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="At or after: a date, or RFC 3339.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before.")] = None,
    who: Annotated[str | None, typer.Option(help="api:KEYNAME, operator:ID, cli:USER or agent.")] = None,
    action: Annotated[str | None, typer.Option(help="As `GET /cdrs/{id}/recording`, or a command.")] = None,
    subject: Annotated[str | None, typer.Option(help="A call's id, an operator's, a number.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Entries shown, the newest.")] = DEFAULT_LIMIT,
    verify: Annotated[bool, typer.Option("--verify", help="Check the whole log instead.")] = False,
    seen: Annotated[
        str | None,
        typer.Option(metavar="SEQ:SHA256", help="With --verify: an entry's hash as noted outside."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show who changed what and who fetched which recording, or check that nobody changed the log.

    --verify ends with 1 if an entry was changed, removed or slipped in, and prints the last one's hash. Note
    it elsewhere: with --seen it proves that what was there then was not written anew.

    Example: ntpd112 audit --action "GET /cdrs/{id}/recording" --from 2026-11-01
    """
    settings = configuration(config)
    zone = ZoneInfo(settings.site.timezone)
    try:
        if verify:
            _check(settings, seen, as_json)
            return
        wanted = Wanted(
            since=_moment("--from", since, zone),
            until=_moment("--to", until, zone),
            who=who,
            action=action,
            subject=subject,
        )
        _show(page(settings.audit.path, wanted, limit), zone, as_json)
    except sqlite3.Error as error:
        fail(f'[audit] path "{settings.audit.path}": {error}')


def _check(settings: Config, seen: str | None, as_json: bool) -> None:
    verdict = verified(settings.audit.path, _seen(seen))
    if as_json:
        print_json(msgspec.structs.asdict(verdict))
    else:
        print(_said(verdict))
    if verdict.wrong:
        raise typer.Exit(1)


def _said(verdict: Verdict) -> str:
    last = f"{verdict.seq}:{verdict.sha256}"
    if verdict.wrong:
        return f"THE AUDIT LOG WAS CHANGED: {verdict.wrong}; right up to {last}"
    return f"{verdict.entries} entries, as they were written; the last is {last}"


def _seen(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    seq, _, sha256 = text.partition(":")
    if not seq.isdecimal() or len(sha256) != 64:
        fail(f'--seen "{text}" is not SEQ:SHA256 as printed by --verify')
    return int(seq), sha256.lower()


def _moment(option: str, text: str | None, zone: ZoneInfo) -> float | None:
    """Epoch seconds."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f'{option} "{text}" is not a date or RFC 3339 time, such as 2026-11-01 or 2026-11-01T08:00')
    return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()


def _show(entries: Sequence[Recorded], zone: ZoneInfo, as_json: bool) -> None:
    if as_json:
        print_json([{**msgspec.structs.asdict(one), "at": _time(one.at, zone)} for one in entries])
        return
    table = Table("when", "who", "from", "what", "whose", "outcome", "with", box=None, pad_edge=False)
    for one in entries:
        detail = " ".join(f"{name}={value}" for name, value in one.detail.items())
        table.add_row(
            _time(one.at, zone)[:19], one.who, one.address, one.action, one.subject, one.outcome, detail
        )
    Console(highlight=False).print(table)


def _time(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).isoformat(timespec="milliseconds")
