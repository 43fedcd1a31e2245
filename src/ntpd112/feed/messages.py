"""Journal events as messages: JSON, each with the position to go on from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

import msgspec

from ntpd112.journal import Stored

MARK_LENGTH = 8
"Characters of the journal's id in a position: two journals of one centre agree in them by chance only."

_POSITION = re.compile(r"(\d{1,18})(?:\.(\w{1,32}))?\Z", re.ASCII)


class UnknownPosition(ValueError):
    """Not a position of this journal; the message says why and what to do."""


class Message(NamedTuple):
    seq: int
    position: str
    type: str
    call_id: str
    queues: tuple[str, ...]
    "Queues of the call before and after the event."
    text: str
    "JSON on one line."


class Batch(NamedTuple):
    """What one read of the journal gave: all events up to and with `seq`."""

    messages: Sequence[Message]
    seq: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; empty: any. All that are given must hold."""

    types: frozenset[str] = frozenset()
    queue: str = ""
    call: str = ""

    def matches(self, message: Message) -> bool:
        return (
            (not self.types or message.type in self.types)
            and (not self.call or message.call_id == self.call)
            and (not self.queue or self.queue in message.queues)
        )


class Writer:
    """Makes messages of one journal's events. `zone`: of the times in them."""

    def __init__(self, journal_id: str, zone: tzinfo) -> None:
        self._mark = journal_id[:MARK_LENGTH]
        self._zone = zone

    def position(self, seq: int) -> str:
        return f"{seq}.{self._mark}"

    def seq(self, position: str, last_seq: int) -> int:
        """The place a position stands for; a number alone is one of this journal. Raises UnknownPosition."""
        found = _POSITION.match(position)
        if not found:
            raise UnknownPosition(f"{position!r} is not a `position` of a message, nor 0")
        seq, mark = int(found[1]), found[2]
        if (mark and mark != self._mark) or seq > last_seq:
            raise UnknownPosition(
                f"position {position} is not in this journal, which was begun anew or lost its end: "
                "follow from 0, or without `since` from now on"
            )
        return seq

    def message(self, stored: Stored, queues: tuple[str, ...] = ()) -> Message:
        seq, event = stored
        position = self.position(seq)
        values = msgspec.to_builtins(event)
        values["at"] = datetime.fromtimestamp(event.at, self._zone)
        text = msgspec.json.encode({"position": position, **values}).decode()
        return Message(seq, position, values["type"], event.call_id, queues, text)
