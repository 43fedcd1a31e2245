"""`ntpd112 trace --live`: the SIP messages of calls as they come, read off the file that the agent writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from ntpd112.sip.capture import Captured, messages_since, newest_message

from .findings import label
from .moments import moment

LOOK_EVERY_S = 0.5
"The agent writes as often."
_SEARCHED = ("from", "to", "call-id", "f", "t", "i")


def follow(path: Path, words: str, wait: Callable[[float], None] = time.sleep) -> Iterator[Captured]:
    """Messages from now on that `words` fit, for ever. Raises sqlite3.Error."""
    seen = newest_message(path)
    while True:
        new = messages_since(path, seen)
        for number, message in new:
            seen = number
            if fits(message, words):
                yield message
        if not new:
            wait(LOOK_EVERY_S)


def fits(message: Captured, words: str) -> bool:
    """Whether each of the words is in the first line, the addresses, From, To, CSeq or Call-ID."""
    head = message.message.partition("\r\n\r\n")[0]
    lines = head.split("\r\n")
    named = [line for line in lines[1:] if line.partition(":")[0].strip().lower() in (*_SEARCHED, "cseq")]
    text = "\n".join([lines[0], message.remote, message.local, message.transport, *named]).lower()
    return all(word in text for word in words.lower().split())


def line_of(message: Captured, zone: ZoneInfo) -> str:
    arrow = "->" if message.direction == "out" else "<-"
    when = moment(message.at, zone).partition("T")[2][:12]
    return (
        f"{when} {arrow} {message.remote} {message.transport} {label(message.message)}  {message.sip_call_id}"
    )


def json_of(message: Captured, zone: ZoneInfo) -> str:
    return json.dumps(
        {
            "at": moment(message.at, zone),
            "direction": message.direction,
            "transport": message.transport,
            "local": message.local,
            "remote": message.remote,
            "sip_call_id": message.sip_call_id,
            "message": message.message,
        },
        ensure_ascii=False,
    )
