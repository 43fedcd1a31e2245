"""What the database said last, in a file beside the journal: a start while the database is away goes on from
there. Such a file holds what phones and programs sign in with, so only its owner may read it."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
log = logging.getLogger(__name__)


class LastKnown(Generic[T]):
    """`kind`: of the value, whatever msgspec can write as JSON; `source`: what it comes from."""

    def __init__(self, path: Path, kind: type[T], source: str = "the database") -> None:
        self._path = path
        self._source = source
        self._decoder = msgspec.json.Decoder(kind)
        self._failing = False

    def recall(self) -> T | None:
        """None: nothing was ever kept, or it cannot be read (which is logged)."""
        try:
            return self._decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as problem:
            log.error('"%s" cannot be read: %s', self._path, problem)
            return None

    async def keep(self, value: T) -> None:
        """A disk that refuses it costs nothing but a line in the log: its source has it."""
        try:
            await asyncio.to_thread(write_private, self._path, msgspec.json.encode(value))
        except OSError as problem:
            if not self._failing:
                log.error(
                    '"%s" cannot be written: a start without %s would not know it: %s',
                    self._path,
                    self._source,
                    problem,
                )
            self._failing = True
        else:
            self._failing = False


def write_private(path: Path, data: bytes) -> None:
    """Whole or not at all, also over a power cut; readable by its owner only. Raises OSError."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
