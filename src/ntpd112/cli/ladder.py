"""A call's SIP messages as a ladder diagram: a column for each party, an arrow for each message."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ntpd112.sip.capture import Captured

COLUMN = 30
"Characters from one lifeline to the next, where there is room."
MIN_COLUMN = 24
"With many parties the diagram gets wider rather than unreadable."
WIDTH = 100
"Characters of a line where no terminal says how many it has."
TIME = 10
"Characters of the time column."
OURS = "ntpd112"

_REASON = re.compile(r"(?<=^\d{3}) .*?(?= \(|$)")
"The reason phrase of a label, which says nothing that the code does not."
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


def ladder(messages: Sequence[Captured], notes: Sequence[Note] = (), width: int = WIDTH) -> list[Row]:
    """Rows from top to bottom, times relative to the first message or note; notes stand between the arrows
    and are wrapped at `width`."""
    frame = _Frame(parties(messages), width)
    start = min([message.at for message in messages] + [note.at for note in notes], default=0.0)
    timed = [(at, frame.arrow(message, text), style) for at, message, text, style in _labelled(messages)]
    timed += [(note.at, frame.note(note), "dim") for note in notes]
    rows = [Row(frame.head(), "bold")]
    for at, lines, style in sorted(timed, key=lambda t: t[0]):
        rows.append(Row(f"{at - start:{TIME - 1}.3f} {lines[0]}", style))
        rows += [Row(" " * TIME + line, style) for line in lines[1:]]
    return rows


def _labelled(messages: Sequence[Captured]) -> Iterator[tuple[float, Captured, str, str]]:
    """With what its arrow says: a message that is sent once more says so."""
    seen = set()
    for message in messages:
        text = label(message.message)
        same = message.remote, message.direction, message.message
        yield message.at, message, f"{text} again" if same in seen else text, style_of(message.message)
        seen.add(same)


class _Frame:
    """The columns of one diagram and what is drawn across them."""

    def __init__(self, columns: Sequence[str], width: int) -> None:
        self._columns = columns
        self._width = width
        self._column = min(COLUMN, max(MIN_COLUMN, (width - TIME) // len(columns)))

    def head(self) -> str:
        return (" " * TIME + "".join(name.center(self._column) for name in self._columns)).rstrip()

    def note(self, note: Note) -> list[str]:
        return textwrap.wrap(
            note.text,
            self._width - TIME,
            initial_indent="  * ",
            subsequent_indent="    ",
            break_long_words=False,
        )

    def arrow(self, message: Captured, text: str) -> list[str]:
        ours, theirs = self._position(OURS), self._position(message.remote)
        left, right = sorted((ours, theirs))
        to_the_right = (message.direction == "out") == (ours < theirs)
        room = right - left - 1
        shaft = f" {_shortened(text, room - 6)} ".center(room - 1, "─")
        shaft = f"{shaft}▶" if to_the_right else f"◀{shaft}"
        line = self._lifelines().ljust(right + 1)
        return [(line[: left + 1] + shaft + line[right:]).rstrip()]

    def _position(self, party: str) -> int:
        return self._columns.index(party) * self._column + self._column // 2

    def _lifelines(self) -> str:
        one = "│".rjust(self._column // 2 + 1).ljust(self._column)
        return (one * len(self._columns)).rstrip()


def _shortened(text: str, room: int) -> str:
    if len(text) > room:
        text = _REASON.sub("", text)
    return text if len(text) <= room else f"{text[: room - 1]}…"
