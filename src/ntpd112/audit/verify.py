"""Whether the audit log is as it was written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from .entry import GENESIS, Entry, digest
from .reading import connected, recorded


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`wrong`: what does not agree, in words; empty: all does. `seq`, `sha256`: the last entry's."""

    entries: int
    seq: int
    sha256: str
    wrong: str = ""


def verify(path: Path, seen: tuple[int, str] | None = None) -> Verdict:
    """Walks the whole chain. `seen`: number and hash of an entry as noted earlier outside this file, which
    also uncovers a chain that was written anew from some entry on. Raises sqlite3.Error."""
    if not path.exists():
        missing = seen is not None and seen[0] > 0
        return Verdict(entries=0, seq=0, sha256=GENESIS, wrong="there is no file" if missing else "")
    with connected(path) as connection:
        connection.execute("BEGIN")  # one state of the file for all that is read
        return _walk(connection, seen)


def _walk(connection: sqlite3.Connection, seen: tuple[int, str] | None) -> Verdict:
    removed, previous, last, head = connection.execute(
        "SELECT removed, before, last, head FROM ends"
    ).fetchone()
    seq, count = removed, 0
    agrees = seen is None or seen[0] <= removed  # what retention removed cannot be looked at any more

    def verdict(wrong: str = "") -> Verdict:
        return Verdict(entries=count, seq=seq, sha256=previous, wrong=wrong)

    for row in connection.execute("SELECT * FROM entries ORDER BY seq"):
        if row[0] != seq + 1:
            return verdict(f"entries {seq + 1} to {row[0] - 1} are missing")
        try:
            entry = recorded(row)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return verdict(f"entry {row[0]} was changed: {error}")
        plain = Entry(**{name: getattr(entry, name) for name in Entry.__struct_fields__})
        expected = digest(previous, entry.seq, plain)
        if expected != entry.sha256:
            return verdict(f"entry {entry.seq} was changed, or the one before it")
        seq, previous, count = entry.seq, expected, count + 1
        if seen == (seq, previous):
            agrees = True
    if (seq, previous) != (last, head):
        return verdict(f"entries {seq + 1} to {last} are missing" if seq < last else "the end was changed")
    if not agrees and seen is not None:
        return verdict(f"entry {seen[0]} is not the one that had the hash {seen[1]}")
    return verdict()
