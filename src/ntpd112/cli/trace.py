"""`ntpd112 trace`: what was said over SIP in a call, beside what the journal says of it."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from ntpd112.config import Config
from ntpd112.journal import codec
from ntpd112.journal.events import CallStarted, JournalEvent, OfferMade, PartyRings
from ntpd112.journal.held import HeldCalls
from ntpd112.sip.capture import Captured, read_messages

from .common import ConfigOption, JsonOption, configuration, fail, print_json
from .descriptions import description_findings
from .findings import findings, times_sent
from .ladder import WIDTH, NameOf, Note, ladder
from .live import follow, json_of, line_of
from .moments import moment
from .pcap import pcap
from .sound_findings import sound_findings

CITIZEN = "caller"
"Of a call-back: the only one whose leg was never rung under a number."
_NOT_SHOWN = frozenset({"at", "call_id", "type", "location", "parts", "why"})
"The last is what `ntpd112 why` tells in words."


def trace(
    call_id: Annotated[
        str,
        typer.Argument(
            metavar="CALL_ID", help="As in CDRs and live calls. With --live: words to look for, if any."
        ),
    ] = "",
    messages: Annotated[
        bool, typer.Option("--messages", help="Also print each message in full below the diagram.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Print messages of all calls as they come, until Ctrl-C.")
    ] = False,
    capture: Annotated[
        Path | None, typer.Option("--pcap", metavar="FILE", help="Write the messages there, for Wireshark.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Draw a call's SIP messages and events as a ladder diagram, also of a running agent's calls.

    With --live, each word has to be in a message's first line, addresses, From, To, CSeq or Call-ID.

    \b
    Examples:
      ntpd112 trace 01JD2Y6V3K8QW4XN5T7RZB9MCE
      ntpd112 trace 01JD2Y6V3K8QW4XN5T7RZB9MCE --pcap call.pcap
      ntpd112 trace --live "10.1.0.5 INVITE"
    """
    settings = configuration(config)
    if live:
        _follow(settings, call_id, as_json)
        return
    if not call_id:
        fail("which call? Give its id, as in CDRs and live calls, or --live")
    try:
        events = events_of(settings, call_id)
        caller_legs = [event.sip_call_id for event in events if isinstance(event, CallStarted)]
        found = read_messages(settings.trace.path, call_id, caller_legs) if settings.trace.path else []
        found = found or held_messages(settings, call_id)
    except (sqlite3.Error, OSError, ValueError) as error:
        fail(f"journal or trace file cannot be read: {error}")
    if not events and not found:
        fail(f'no call "{call_id}" in {settings.journal.path}; ids are in the log, CDRs and live calls')
    if capture is not None:
        _write_capture(capture, call_id, found)
        return
    zone = ZoneInfo(settings.site.timezone)
    name_of = names(call_id, events)
    remarks = all_findings(call_id, events, found)
    if as_json:
        print_json(
            {
                "call_id": call_id,
                "events": [_event_as_json(event, zone) for event in events],
                "messages": _messages_as_json(found, name_of, zone),
                "findings": remarks,
            }
        )
        return
    _draw(call_id, found, events, messages, zone, name_of, remarks)
    if not found:
        kept = settings.trace.path or "the trace file: [trace] path is empty"
        print(f'the SIP messages of call "{call_id}" are not in {kept} (any more)', file=sys.stderr)


def _follow(settings: Config, words: str, as_json: bool) -> None:
    if settings.trace.path is None or not settings.trace.max_messages:
        fail("no SIP messages are kept: see [trace] path and max_messages")
    zone = ZoneInfo(settings.site.timezone)
    shown = json_of if as_json else line_of
    try:
        for message in follow(settings.trace.path, words):
            print(shown(message, zone), flush=True)
    except sqlite3.Error as error:
        fail(f"trace file cannot be read: {error}")
    except KeyboardInterrupt:
        pass  # as the help says


def _write_capture(file: Path, call_id: str, found: Sequence[Captured]) -> None:
    if not found:
        fail(f'the SIP messages of call "{call_id}" are not kept (any more)')
    try:
        with file.open("wb") as written:
            written.writelines(pcap(found))
    except OSError as error:
        fail(f"capture cannot be written: {error}")
    print(f"{file}: {len(found)} messages")


def events_of(settings: Config, call_id: str) -> list[JournalEvent]:
    """A call's events; of one under legal hold also when the journal has them no longer. Raises
    sqlite3.Error, OSError, ValueError."""
    return read_events(settings.journal.path, call_id) or _copies(settings).events(call_id)


def held_messages(settings: Config, call_id: str) -> list[Captured]:
    """Raises OSError, ValueError."""
    held = _copies(settings).load(call_id)
    return msgspec.convert(held.messages, list[Captured]) if held else []


def _copies(settings: Config) -> HeldCalls:
    return HeldCalls(settings.retention.holds)


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


def names(call_id: str, events: Sequence[JournalEvent]) -> NameOf:
    """Who is at the other end of a message: the trunk or the operator that began the call, and whoever was
    rung, whose Call-ID has our `call_id` and the leg's number in front."""
    first, rung = "", {}
    for event in events:
        match event:
            case CallStarted():
                first = event.trunk or event.operator
            case OfferMade():
                rung[event.offer] = event.operator
            case PartyRings():
                rung[event.leg] = event.name

    def name_of(message: Captured) -> str:
        leg = message.sip_call_id.removeprefix(f"{call_id}-") if call_id in message.sip_call_id else ""
        number = leg.partition("-")[0].partition("@")[0]
        if not leg:
            return first
        return rung.get(int(number), CITIZEN) if number.isdecimal() else ""

    return name_of


def all_findings(call_id: str, events: Sequence[JournalEvent], messages: Sequence[Captured]) -> list[str]:
    """What stands out in a call, in words: of its messages, of what they say of the sound, of the sound."""
    who = _who(names(call_id, events))
    started = next((event for event in events if isinstance(event, CallStarted)), None)
    caller = (started.trunk if started.direction == "in" else CITIZEN) if started is not None else ""
    return [
        *findings(messages, who),
        *description_findings(messages, who),
        *sound_findings(events, messages, who, caller),
    ]


def _who(name_of: NameOf) -> NameOf:
    """With an address for who has no name."""
    return lambda message: name_of(message) or message.remote


def _draw(
    call_id: str,
    messages: list[Captured],
    events: list[JournalEvent],
    in_full: bool,
    zone: ZoneInfo,
    name_of: NameOf,
    remarks: list[str],
) -> None:
    console = Console(soft_wrap=True, highlight=False)
    start = min([event.at for event in events] + [message.at for message in messages])
    console.print(Text(f"call {call_id}, {moment(start, zone)}", style="bold"))
    width = console.width if console.is_terminal else WIDTH
    for row in ladder(messages, [Note(event.at, _said(event)) for event in events], width, name_of):
        console.print(Text(row.text, style=row.style))
    for finding in remarks:
        console.print(Text(f"! {finding}", style="bold red"))
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


def _event_as_json(event: JournalEvent, zone: ZoneInfo) -> dict[str, object]:
    return {**msgspec.to_builtins(event), "at": moment(event.at, zone)}


def _messages_as_json(
    messages: Sequence[Captured], name_of: NameOf, zone: ZoneInfo
) -> list[dict[str, object]]:
    """`sent`: how many times the very same message had been sent with this one."""
    return [
        {
            "at": moment(message.at, zone),
            "ms": round(1000 * (message.at - messages[0].at), 1),
            "direction": message.direction,
            "transport": message.transport,
            "local": message.local,
            "remote": message.remote,
            "party": name_of(message),
            "sip_call_id": message.sip_call_id,
            "sent": sent,
            "message": message.message,
        }
        for message, sent in zip(messages, times_sent(messages), strict=True)
    ]
