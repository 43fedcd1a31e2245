"""The spill file: where events go while SQLite's file is locked (a checkpoint, a backup), so that a commit
neither waits nor leaves an event in memory only. Lines of `seq TAB json`; taken over at the next commit or
start.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


class Spill:
    """An append-only file. Methods raise OSError."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        self._size = os.fstat(self._fd).st_size

    def recover(self) -> list[tuple[int, bytes]]:
        """The whole lines of an earlier process, as (seq, json). A torn last line was never acknowledged."""
        with open(self._fd, "rb", closefd=False) as file:
            lines = file.read().split(b"\n")[:-1]
        found = []
        for line in lines:
            seq, tab, data = line.partition(b"\t")
            if tab and seq.isdigit():
                found.append((int(seq), data))
        return found

    def write(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Appends all rows; on failure (disk full) none of them."""
        data = b"".join([b"%d\t%s\n" % row for row in rows])
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        self._size += written

    def clear(self) -> None:
        """SQLite has everything: forget it here."""
        if self._size:
            os.ftruncate(self._fd, 0)
            self._size = 0

    def sync(self) -> None:
        """Waits for the disk."""
        if self._size:
            os.fdatasync(self._fd)

    def close(self) -> None:
        os.close(self._fd)
