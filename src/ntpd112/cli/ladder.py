"""A call's SIP messages as a ladder diagram: a column for each party, an arrow for each message, milliseconds
since the start; what was sent again and where time passed are marked."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ntpd112.sip.capture import Captured

from .findings import label, times_sent

COLUMN = 30
"Characters from one lifeline to the next, where there is room."
MIN_COLUMN = 18
"With more than five parties the diagram gets wider than `WIDTH` rather than unreadable."
WIDTH = 100
"Characters of a line where no terminal says how many it has."
TIME = 10
"Characters of the time column."
GAP_S = 1.0
"Seconds without a message that are marked: more than a phone or a PBX takes to answer by itself."
AGAIN = "↻"
"Before what is sent once more, with how many times it now has been sent."

_REASON = re.compile(r"(?<=\d{3}) (?!\().*?(?= \(|$)")
"The reason phrase of a label, which says nothing that the code does not."
_SDP = re.compile(r" \(SDP\)|, SDP")


class Party(NamedTuple):
    """A column: `name` as the call has it, empty if it has none, and `host:port`."""

    name: str
    address: str


OURS = Party("ntpd112", "")
NameOf = Callable[[Captured], str]
"Who is at the other end of a message."


class Note(NamedTuple):
    """Something that happened in the call besides messages. `at` is epoch seconds."""

    at: float
    text: str


class Row(NamedTuple):
    text: str
    style: str
    "For rich: how a message of this kind is shown."


def nameless(message: Captured) -> str:
    return ""


def style_of(message: str) -> str:
    if not message.startswith("SIP/2.0 "):
        return "bold cyan"
    return {"1": "yellow", "2": "green"}.get(message[8:9], "bold red")


def parties(messages: Sequence[Captured], name_of: NameOf = nameless) -> list[Party]:
    """The columns: who sent first, ourselves, then the others as they appear. An address that plays two parts
    (a PBX that brings a caller and reaches an agency) has two."""
    others = list(dict.fromkeys(Party(name_of(message), message.remote) for message in messages))
    return [*others[:1], OURS, *others[1:]]


def ladder(
    messages: Sequence[Captured],
    notes: Sequence[Note] = (),
    width: int = WIDTH,
    name_of: NameOf = nameless,
) -> list[Row]:
    """Rows from top to bottom, times relative to the first message or note; notes stand between the arrows
    and are wrapped at `width`."""
    frame = _Frame(parties(messages, name_of), width)
    start = min([message.at for message in messages] + [note.at for note in notes], default=0.0)
    timed = [
        (
            message.at,
            [frame.arrow(message, Party(name_of(message), message.remote), _marked(message, times))],
            style_of(message.message),
        )
        for message, times in zip(messages, times_sent(messages), strict=True)
    ]
    timed += [(note.at, frame.note(note), "dim") for note in notes]
    rows = [Row(line, "bold") for line in frame.head()]
    before = start
    for at, lines, style in sorted(timed, key=lambda t: t[0]):
        if at - before >= GAP_S:
            rows.append(Row(frame.gap(at - before), "dim"))
        before = at
        rows.append(Row(f"{1000 * (at - start):{TIME - 1}.1f} {lines[0]}", style))
        rows += [Row(" " * TIME + line, style) for line in lines[1:]]
    return rows


def _marked(message: Captured, times: int) -> str:
    text = label(message.message)
    return f"{AGAIN}{times} {text}" if times > 1 else text


class _Frame:
    """The columns of one diagram and what is drawn across them."""

    def __init__(self, columns: Sequence[Party], width: int) -> None:
        self._columns = columns
        self._width = width
        self._column = min(COLUMN, max(MIN_COLUMN, (width - TIME) // len(columns)))

    def head(self) -> list[str]:
        """Names, if there are any, and addresses."""
        named = any(party.name for party in self._columns if party is not OURS)
        addresses = [party.address or (not named and party.name) or "" for party in self._columns]
        lines = [[party.name for party in self._columns], addresses] if named else [addresses]
        times = [" " * TIME] * (len(lines) - 1) + ["ms ".rjust(TIME)]
        return [
            (time + "".join(_fitting(text, self._column - 1).center(self._column) for text in line)).rstrip()
            for time, line in zip(times, lines, strict=True)
        ]

    def note(self, note: Note) -> list[str]:
        return textwrap.wrap(
            note.text,
            self._width - TIME,
            initial_indent="  * ",
            subsequent_indent="    ",
            break_long_words=False,
        )

    def gap(self, seconds: float) -> str:
        """Nothing was sent for so long."""
        return f"{f'+{seconds:.1f} s':>{TIME - 1}} {self._lifelines('┊')}"

    def arrow(self, message: Captured, party: Party, text: str) -> str:
        ours, theirs = self._position(OURS), self._position(party)
        left, right = sorted((ours, theirs))
        to_the_right = (message.direction == "out") == (ours < theirs)
        room = right - left - 1
        shaft = f" {_shortened(text, room - 5)} ".center(room - 1, "─")
        shaft = f"{shaft}▶" if to_the_right else f"◀{shaft}"
        line = self._lifelines("│").ljust(right + 1)
        return (line[: left + 1] + shaft + line[right:]).rstrip()

    def _position(self, party: Party) -> int:
        return self._columns.index(party) * self._column + self._column // 2

    def _lifelines(self, line: str) -> str:
        one = line.rjust(self._column // 2 + 1).ljust(self._column)
        return (one * len(self._columns)).rstrip()


def _shortened(text: str, room: int) -> str:
    """Without the reason phrase, then without the SDP, then cut."""
    for needless in (_REASON, _SDP):
        if len(text) > room:
            text = needless.sub("", text)
    return _fitting(text, room)


def _fitting(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
