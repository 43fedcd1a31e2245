"""A journal that is a list, for what reads one."""

from __future__ import annotations

import msgspec

from ntpd112.journal import Stored
from ntpd112.journal.events import JournalEvent
from ntpd112.memory import Memory


class Paper:
    def __init__(self, events: list[JournalEvent], journal_id: str = "j1") -> None:
        self.id = journal_id
        self.events = list(events)

    @property
    def last_seq(self) -> int:
        return len(self.events)

    def read(self, after_seq: int, limit: int) -> list[Stored]:
        found = self.events[after_seq : after_seq + limit]
        return [Stored(after_seq + n, event) for n, event in enumerate(found, 1)]


def plain(memory: Memory) -> bytes:
    """Equal for equal memories, in content and order."""
    return msgspec.msgpack.encode(memory.state)


def no_rest() -> None:
    """For a test that waits for nobody."""
