"""`ntpd112 trace`: what was said over SIP in a call, beside what the journal says of it."""

from __future__ import annotations

import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from ntpd112.journal import codec
from ntpd112.journal.events import CallStarted, JournalEvent
from ntpd112.sip.capture import Captured, read_messages

from .common import ConfigOption, JsonOption, configuration, fail, print_json
from .ladder import WIDTH, Note, ladder

_NOT_SHOWN = frozenset({"at", "call_id", "type", "location", "parts"})


def trace(
    call_id: Annotated[str, typer.Argument(metavar="CALL_ID", help="As in CDRs and live calls.")],
    messages: Annotated[
        bool, typer.Option("--messages", help="Also print each message in full below the diagram.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Draw a call's SIP messages and events as a ladder diagram, also of a running agent's calls.

    Example: ntpd112 trace 01JD2Y6V3K8QW4XN5T7RZB9MCE
    """
    settings = configuration(config)
    try:
        events = read_events(settings.journal.path, call_id)
        caller_legs = [event.sip_call_id for event in events if isinstance(event, CallStarted)]
        found = read_messages(settings.trace.path, call_id, caller_legs) if settings.trace.path else []
    except sqlite3.Error as error:
        fail(f"journal or trace file cannot be read: {error}")
    if not events and not found:
        fail(f'no call "{call_id}" in {settings.journal.path}; ids are in the log, CDRs and live calls')
    zone = ZoneInfo(settings.site.timezone)
    if as_json:
        print_json(
            {
                "call_id": call_id,
                "events": [_event_as_json(event, zone) for event in events],
                "messages": [_message_as_json(message, zone) for message in found],
            }
        )
        return
    _draw(call_id, found, events, messages, zone)
    if not found:
        kept = settings.trace.path or "the trace file: [trace] path is empty"
        print(f'the SIP messages of call "{call_id}" are not in {kept} (any more)', file=sys.stderr)


def read_events(journal: Path, call_id: str) -> list[JournalEvent]:
    """Read beside a running agent, whose lock keeps `Journal` to itself."""
    if not journal.exists():
        return []
    connection = sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT data FROM events WHERE call_id = ? ORDER BY seq", (call_id,))
        return [codec.decode(data) for (data,) in rows]
    except codec.Unreadable as error:
        fail(f'journal "{journal}": an event of call "{call_id}" cannot be read: {error}')
    finally:
        connection.close()


def _draw(
    call_id: str, messages: list[Captured], events: list[JournalEvent], in_full: bool, zone: ZoneInfo
) -> None:
    console = Console(soft_wrap=True, highlight=False)
    start = min([event.at for event in events] + [message.at for message in messages])
    console.print(Text(f"call {call_id}, {_time(start, zone)}", style="bold"))
    width = console.width if console.is_terminal else WIDTH
    for row in ladder(messages, [Note(event.at, _said(event)) for event in events], width):
        console.print(Text(row.text, style=row.style))
    if in_full:
        for message in messages:
            arrow = "->" if message.direction == "out" else "<-"
            head = f"\n{message.local} {arrow} {message.remote} ({message.transport})"
            console.print(Text(head, style="bold"))
            console.print(Text(message.message.replace("\r\n", "\n").rstrip()))


def _said(event: JournalEvent) -> str:
    """`offer.ended operator=ani outcome=rona`"""
    values = msgspec.to_builtins(event)
    shown = [f"{name}={value}" for name, value in values.items() if name not in _NOT_SHOWN and value != ""]
    return " ".join([values["type"], *shown])


def _time(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).isoformat(timespec="milliseconds")


def _event_as_json(event: JournalEvent, zone: ZoneInfo) -> dict[str, object]:
    return {**msgspec.to_builtins(event), "at": _time(event.at, zone)}


def _message_as_json(message: Captured, zone: ZoneInfo) -> dict[str, object]:
    return {
        "at": _time(message.at, zone),
        "direction": message.direction,
        "transport": message.transport,
        "local": message.local,
        "remote": message.remote,
        "sip_call_id": message.sip_call_id,
        "message": message.message,
    }
