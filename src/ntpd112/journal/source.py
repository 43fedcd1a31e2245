"""The journal as those see it who follow it: projections, the live feed, sinks."""

from __future__ import annotations

from typing import Protocol

from .log import Stored


class Source(Protocol):
    """What is read of a journal, in order and from any position on. Reading blocks for its disk."""

    id: str

    @property
    def last_seq(self) -> int: ...

    def read(self, after_seq: int, limit: int) -> list[Stored]: ...

    def read_call(self, call_id: str) -> list[Stored]: ...
