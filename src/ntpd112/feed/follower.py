"""One who follows: first what the journal has since a position, at their own pace, then what comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Literal

from .messages import Batch, Message, Wanted

MAX_BUFFERED = 5_000
"""Messages kept for one who does not take them: seven seconds at 50 calls/s. They are shared by all who
follow, so together about 3 MB, however many there are."""

EndReason = Literal["too_slow", "shutting_down"]
Replay = Callable[["Follower"], Awaitable[Batch | None]]
"Gives the next batch of the journal; None: the follower is up to date, and batches are offered from now on."


class Follower:
    """Made by `Feed.join`; whoever takes from it calls `Feed.leave` at the end."""

    def __init__(
        self, wanted: Wanted, seq: int, replay: Replay | None, max_buffered: int = MAX_BUFFERED
    ) -> None:
        self.wanted = wanted
        self.seq = seq
        "Up to and with this event everything wanted was taken."
        self._replay = replay
        self._max_buffered = max_buffered
        self._batches: deque[Batch] = deque()
        self._buffered = 0
        self._news = asyncio.Event()
        self._end: EndReason | None = None

    @property
    def over(self) -> EndReason | None:
        """Why nothing will come any more; None while something may."""
        return None if self._batches else self._end

    async def take(self, timeout_s: float) -> list[Message]:
        """The next wanted messages in order; none if nothing came in time, or nothing that is wanted.
        Raises sqlite3.Error."""
        if self.over:
            return []
        batch = await self._next(timeout_s)
        if batch is None or batch.seq <= self.seq:
            return []
        taken, self.seq = self.seq, batch.seq
        return [m for m in batch.messages if m.seq > taken and self.wanted.matches(m)]

    async def _next(self, timeout_s: float) -> Batch | None:
        if self._replay is not None:
            batch = await self._replay(self)
            if batch is not None:
                return batch
            self._replay = None
        if not self._batches:
            self._news.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._news.wait()
            except TimeoutError:
                return None
        if not self._batches:
            return None
        batch = self._batches.popleft()
        self._buffered -= len(batch.messages)
        return batch

    def offer(self, batch: Batch) -> bool:
        """Never waits. False: it has not taken what it was offered before, and is cut off."""
        if self._buffered + len(batch.messages) > self._max_buffered:
            self._batches.clear()
            self.end("too_slow")
            return False
        self._batches.append(batch)
        self._buffered += len(batch.messages)
        self._news.set()
        return True

    def end(self, reason: EndReason) -> None:
        """Nothing more comes after what was offered."""
        self._end = reason
        self._news.set()
