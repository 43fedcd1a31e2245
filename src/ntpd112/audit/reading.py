"""Reading the audit log beside whoever writes it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from .entry import GENESIS, Entry, Recorded

BUSY_S = 5.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries; None: any. All that are given must hold."""

    since: float | None = None
    "At or after, epoch seconds."
    until: float | None = None
    "Before."
    who: str | None = None
    action: str | None = None
    subject: str | None = None


@contextlib.contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """For reading only. Raises sqlite3.Error."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    try:
        yield connection
    finally:
        connection.close()


def page(path: Path, wanted: Wanted, limit: int, before: int | None = None) -> list[Recorded]:
    """Up to `limit` entries, the newest first, from before the one with seq `before`. None of a file that is
    not there yet. Raises sqlite3.Error."""
    conditions, values = ["1"], list[object]()
    for condition, value in (
        ("at >= ?", wanted.since),
        ("at < ?", wanted.until),
        ("who = ?", wanted.who),
        ("action = ?", wanted.action),
        ("subject = ?", wanted.subject),
        ("seq < ?", before),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if not path.exists():
        return []
    with connected(path) as connection:
        rows = connection.execute(
            f"SELECT * FROM entries WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT ?",
            (*values, limit),
        )
        return [recorded(row) for row in rows]


def head(path: Path) -> tuple[int, str]:
    """Number and hash of the last entry: noted elsewhere, they prove the log up to it. Raises
    sqlite3.Error."""
    if not path.exists():
        return 0, GENESIS
    with connected(path) as connection:
        seq, sha256 = connection.execute("SELECT last, head FROM ends").fetchone()
    return seq, sha256


def oldest_due(path: Path, before: float) -> int:
    """How many entries are older than `before` (epoch seconds). Raises sqlite3.Error."""
    if not path.exists():
        return 0
    with connected(path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM entries WHERE at < ?", (before,)).fetchone()
    return int(count)


def recorded(row: tuple[object, ...]) -> Recorded:
    """Of a row of `entries`. Raises msgspec.DecodeError for a detail that is no JSON object."""
    seq, *fields, detail, sha256 = row
    names = Entry.__struct_fields__
    values = dict(zip(names, [*fields, msgspec.json.decode(str(detail))], strict=True))
    return msgspec.convert({**values, "seq": seq, "sha256": sha256}, Recorded)
