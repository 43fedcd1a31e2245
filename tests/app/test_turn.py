"""A turn: events are settled, written down, and only then let out."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from ntpd112.app.turn import Turn
from ntpd112.sip.endpoint import NEVER


class Parts:
    """Everything that a turn moves, and what was asked of it, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def settle(self, now: float) -> bool:
        self.done.append("settle")
        return True

    def commit(self) -> None:
        self.done.append("commit")

    def outgoing(self) -> list[object]:
        return []

    def send(self, messages: list[object]) -> None:
        self.done.append("send")

    def reading_since(self) -> float:
        return NEVER

    def turn_over(self, took_s: float) -> None:
        self.done.append("counted")

    def flush(self) -> None:
        self.done.append("flush")

    def next_timer(self) -> float | None:
        return None


def turn_of(parts: Parts) -> Turn:
    part = cast(Any, parts)
    return Turn(part, part, part, part, part, part)


async def test_what_comes_in_together_is_one_turn_written_before_it_leaves() -> None:
    parts = Parts()
    turn = turn_of(parts)
    turn.request()
    turn.request()
    await asyncio.sleep(0)
    assert parts.done == ["settle", "commit", "send", "flush", "counted"]


async def test_after_the_last_turn_nothing_is_touched_that_may_be_closed() -> None:
    parts = Parts()
    turn = turn_of(parts)
    turn.request()
    turn.close()
    turn.request()
    await asyncio.sleep(0)
    turn.run()
    assert parts.done == []
