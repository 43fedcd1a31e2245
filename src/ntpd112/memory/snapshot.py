"""The memory on disk, so that a start need not read the whole journal: a file beside it, whole or not at all.

`saver.py` makes it. It says how far into which journal it goes. What is missing, damaged, of another version
or another journal is not believed: the journal is read from its beginning instead, which gives the same.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from typing import Protocol
from zlib import crc32

import msgspec

from ntpd112.journal import Stored

from .memory import Memory, State
from .settings import MemorySettings

VERSION = 1
"Of State's shape: raised with each change that old files do not fit."
MAGIC = b"NTPD112M"
CHUNK_EVENTS = 5_000
"Events read at a time: about 3 MB."
_HEADER = len(MAGIC) + 4

log = logging.getLogger(__name__)


class Snapshot(msgspec.Struct):
    version: int
    journal: str
    "Id of the journal that it is of."
    position: int
    "`seq` of the last event in it."
    state: State


class Journal(Protocol):
    """What is needed of a journal."""

    id: str

    @property
    def last_seq(self) -> int: ...

    def read(self, after_seq: int, limit: int) -> list[Stored]: ...


_decoder = msgspec.msgpack.Decoder(Snapshot)


def sealed(body: bytes) -> bytes:
    """An encoded `Snapshot` as the file has it."""
    return MAGIC + crc32(body).to_bytes(4, "big") + body


def write(path: Path, data: bytes) -> None:
    """Puts the file in place of the one before, on the disk when this returns. Raises OSError."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it has telephone numbers
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path, journal: Journal) -> Snapshot | None:
    """None, with a line in the log, when there is no file that fits this journal."""
    try:
        data = path.read_bytes()
        problem = _problem(data)
        snapshot = None if problem else _decoder.decode(memoryview(data)[_HEADER:])
    except FileNotFoundError:
        log.info("memory: no snapshot yet, the journal is read from its beginning")
        return None
    except (OSError, msgspec.MsgspecError) as error:
        problem, snapshot = str(error), None
    if snapshot is not None:
        problem = _misfit(snapshot, journal)
    if problem:
        log.warning('memory: snapshot "%s" is not used: %s; the journal is read instead', path, problem)
        return None
    return snapshot


def _problem(data: bytes) -> str:
    if not data.startswith(MAGIC):
        return "it is no snapshot"
    if crc32(data[_HEADER:]).to_bytes(4, "big") != data[len(MAGIC) : _HEADER]:
        return "it is damaged"
    return ""


def _misfit(snapshot: Snapshot, journal: Journal) -> str:
    if snapshot.version != VERSION:
        return f"it is of version {snapshot.version}, this program knows {VERSION}"
    if snapshot.journal != journal.id:
        return "it is of another journal"
    if snapshot.position > journal.last_seq:
        return f"it goes to event {snapshot.position}, the journal only to {journal.last_seq}"
    return ""


def restore(journal: Journal, path: Path, settings: MemorySettings | None = None) -> Memory:
    """The memory as of the journal's end: the snapshot, and what came after it. To be called at the start,
    when the journal is open and the calls left open are closed, before anything else is written. Never
    raises: with a journal that cannot be read the memory is what could be read."""
    snapshot = load(path, journal)
    memory = Memory(settings, snapshot.state if snapshot else None)
    position = snapshot.position if snapshot else 0
    try:
        while chunk := journal.read(position, CHUNK_EVENTS):
            for stored in chunk:
                memory.take(stored.event)
            position = chunk[-1].seq
    except sqlite3.Error as error:
        log.error("memory: the journal cannot be read after event %d: %s", position, error)
    return memory
