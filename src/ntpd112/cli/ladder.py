"""A call's SIP messages as a ladder diagram: a column for each party, an arrow for each message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ntpd112.sip.capture import Captured

COLUMN = 30
"Characters from one lifeline to the next."
TIME = 10
"Characters of the time column."
OURS = "ntpd112"

_CSEQ = re.compile(r"^cseq[ \t]*:[ \t]*\d+[ \t]+([A-Za-z]+)", re.IGNORECASE | re.MULTILINE)


class Note(NamedTuple):
    """Something that happened in the call besides messages. `at` is epoch seconds."""

    at: float
    text: str


class Row(NamedTuple):
    text: str
    style: str
    "For rich: how a message of this kind is shown."


def label(message: str) -> str:
    """`INVITE (SDP)` or `200 OK (INVITE, SDP)`."""
    first = message.partition("\r\n")[0]
    head, _, body = message.partition("\r\n\r\n")
    sdp = ["SDP"] if body.startswith("v=0") or "\nv=0" in body else []
    if first.startswith("SIP/2.0 "):
        method = _CSEQ.search(head)
        extras = [method[1], *sdp] if method else sdp
        name = first.removeprefix("SIP/2.0 ").strip()
    else:
        extras = sdp
        name = first.partition(" ")[0]
    return f"{name} ({', '.join(extras)})" if extras else name


def style_of(message: str) -> str:
    if not message.startswith("SIP/2.0 "):
        return "bold cyan"
    return {"1": "yellow", "2": "green"}.get(message[8:9], "bold red")


def parties(messages: Sequence[Captured]) -> list[str]:
    """The columns: who sent first, ourselves, then the others as they appear."""
    remotes = list(dict.fromkeys(message.remote for message in messages))
    return [*remotes[:1], OURS, *remotes[1:]]


def ladder(messages: Sequence[Captured], notes: Sequence[Note] = ()) -> list[Row]:
    """Rows from top to bottom, times relative to the first message or note."""
    columns = parties(messages)
    start = min([message.at for message in messages] + [note.at for note in notes], default=0.0)
    names = "".join(name.center(COLUMN) for name in columns)
    rows = [Row((" " * TIME + names).rstrip(), "bold")]
    timed = [(message.at, _arrow(message, columns), style_of(message.message)) for message in messages]
    timed += [(note.at, f"{_lifelines(columns)}  {note.text}", "dim") for note in notes]
    rows += [
        Row(f"{at - start:{TIME - 1}.3f} {text}", style)
        for at, text, style in sorted(timed, key=lambda t: t[0])
    ]
    return rows


def _position(column: int) -> int:
    return column * COLUMN + COLUMN // 2


def _lifelines(columns: Sequence[str]) -> str:
    return "".join("│".rjust(COLUMN // 2 + 1).ljust(COLUMN) for _ in columns).rstrip()


def _arrow(message: Captured, columns: Sequence[str]) -> str:
    ours, theirs = _position(columns.index(OURS)), _position(columns.index(message.remote))
    left, right = sorted((ours, theirs))
    to_the_right = (message.direction == "out") == (ours < theirs)
    room = right - left - 1
    text = f" {label(message.message)[: room - 6]} ".center(room - 1, "─")
    shaft = f"{text}▶" if to_the_right else f"◀{text}"
    line = _lifelines(columns).ljust(right + 1)
    return (line[: left + 1] + shaft + line[right:]).rstrip()
