"""Saves the memory while calls go on: from a second copy that follows the journal, as any projection does.

A full memory takes 35 ms to encode, and only between two events is it what it was at one place of the
journal. So what calls ask and change is left alone. The copy is of the events up to `position` and of no
others, it belongs to the thread that saves, and it is encoded in pieces, after each of which other threads
have their turn. It costs its size again, 20 MB when full, and each event is taken twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from .memory import Memory, State
from .settings import MemorySettings
from .snapshot import VERSION, Journal, sealed, write

PIECE_EVENTS = 100
"Read and taken at a time, about 1 ms."
PIECE_ENTRIES = 200
"Of a table, encoded at a time: 0.3 ms of the largest ones, call-backs with all their calls."
SMALL_PIECES = {"intervals": 1}
"Of a table whose entries are large: a quarter of an hour may have MAX_NAMES of each sort."
REST_S = 0.001
"Between two pieces: the loop, if it waits for the interpreter, has it by then."

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(State)
_MAP_32 = b"\xdf"
_FIX_MAP_ENTRIES = 15
"A map of so many has a header of one byte, a larger one of up to 65,535 of three."


def rest() -> None:
    time.sleep(REST_S)


class Saver:
    """To be made at the start: `memory` is that of the journal's end. It stays the caller's; `settings` are
    those that it has."""

    def __init__(
        self, memory: Memory, journal: Journal, path: Path, settings: MemorySettings | None = None
    ) -> None:
        self._journal = journal
        self._path = path
        self._saving = threading.Lock()
        self._copy = Memory(settings, _decoder.decode(_encoder.encode(memory.state)))
        self.position = journal.last_seq
        "`seq` of the last event in the copy."

    def save(self, rest: Callable[[], None] = rest) -> None:
        """What was committed when it began is in the file when this returns. From any thread, one after the
        other. `rest` is called after each piece of work. Raises OSError, sqlite3.Error: the next one has what
        this one lacks."""
        with self._saving:
            self._follow(rest)
            parts = []
            for part in self._encoded():
                parts.append(part)
                rest()
            write(self._path, sealed(b"".join(parts)))

    def _follow(self, rest: Callable[[], None]) -> None:
        end = self._journal.last_seq
        while self.position < end:
            found = self._journal.read(self.position, min(PIECE_EVENTS, end - self.position))
            if not found:
                return  # what is missing up to the end cannot be read, now or ever
            for stored in found:
                self._copy.take(stored.event)
            self.position = found[-1].seq
            rest()

    def _encoded(self) -> Iterator[bytes]:
        """A `Snapshot` as the encoder writes it, but in pieces."""
        head = {"version": VERSION, "journal": self._journal.id, "position": self.position}
        yield _map_of(len(head) + 1) + _entries(head) + _encoder.encode("state")
        fields = msgspec.structs.fields(State)
        yield _map_of(len(fields))
        for field in fields:
            yield _encoder.encode(field.encode_name)
            yield from _value(field.name, getattr(self._copy.state, field.name))


def _value(name: str, value: object) -> Iterator[bytes]:
    if not isinstance(value, dict):
        yield _encoder.encode(value)
        return
    yield _map_of(len(value))
    entries, size = iter(value.items()), SMALL_PIECES.get(name, PIECE_ENTRIES)
    while piece := dict(islice(entries, size)):
        yield _entries(piece)


def _map_of(entries: int) -> bytes:
    """What goes before the entries (MessagePack, `map 32`)."""
    return _MAP_32 + entries.to_bytes(4, "big")


def _entries(piece: dict[Any, Any]) -> bytes:
    """Keys and values in turn, without what goes before them."""
    return _encoder.encode(piece)[1 if len(piece) <= _FIX_MAP_ENTRIES else 3 :]
