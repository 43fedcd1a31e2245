"""`ntpd112 why`: why a call waited, who was rung and who was passed over, in words."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ntpd112.cdr.why import account

from .common import ConfigOption, JsonOption, configuration, fail, print_json
from .trace import events_of


def why(
    call_id: Annotated[str, typer.Argument(metavar="CALL_ID", help="As in CDRs and live calls.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Tell why a call went as it did: what it waited for, who was rung, who was passed over and why.

    Works for live calls of a running agent too. The SIP side of it is shown by `ntpd112 trace`.

    Example: ntpd112 why 01JD2Y6V3K8QW4XN5T7RZB9MCE
    """
    settings = configuration(config)
    try:
        events = events_of(settings, call_id)
    except (sqlite3.Error, OSError, ValueError) as error:
        fail(f"journal cannot be read: {error}")
    if not events:
        fail(f'no call "{call_id}" in {settings.journal.path}; ids are in the log, CDRs and live calls')
    lines = account(events)
    zone = ZoneInfo(settings.site.timezone)
    if as_json:
        shown = [{**msgspec.structs.asdict(line), "at": _time(line.at, zone)} for line in lines]
        print_json({"call_id": call_id, "lines": shown})
        return
    table = Table(
        box=None, pad_edge=False, title=f"call {call_id}, {_time(events[0].at, zone)}", title_justify="left"
    )
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("")
    for line in lines:
        table.add_row(f"{line.ms / 1000:.3f}", line.what, line.text)
    Console(highlight=False, soft_wrap=False).print(table)


def _time(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).isoformat(timespec="milliseconds")
