"""From the journal to everybody who follows. One reads it for all, in a thread, woken by commits; nothing is
read while nobody follows. Who began at an earlier position reads the journal on their own, one chunk at a
time and one follower at a time, until they have reached the common reader.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from datetime import tzinfo

from ntpd112.journal import Source

from .follower import MAX_BUFFERED, Follower
from .messages import Batch, Wanted, Writer
from .queues import QueueOf

MAX_FOLLOWERS = 200
"At the same time. Each is a connection that a request might need (`api.server.MAX_CONNECTIONS`)."
CHUNK_EVENTS = 50
"Read at a time: 1 ms of the interpreter, and 1 ms to send them to one follower by WebSocket."
LINGER_S = 0.05
"After a commit, so that events of several turns are sent at once; a person does not notice it."
RETRY_S = 1.0
"Pause when the journal cannot be read."

log = logging.getLogger(__name__)


class FeedFull(Exception):
    """Nobody more can follow now; the message says why."""


class Feed:
    """`cut_off`: followers that were too slow, since the start."""

    def __init__(
        self,
        source: Source,
        zone: tzinfo,
        *,
        max_followers: int = MAX_FOLLOWERS,
        max_buffered: int = MAX_BUFFERED,
        linger_s: float = LINGER_S,
    ) -> None:
        self._source = source
        self._writer = Writer(source.id, zone)
        self._max_followers = max_followers
        self._max_buffered = max_buffered
        self._linger_s = linger_s
        self._seq = source.last_seq
        "Everything up to here was offered to those who are live."
        self._queues = QueueOf(source.read_call)
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()
        self._replaying = asyncio.Lock()
        self._joined: set[Follower] = set()
        self._live: set[Follower] = set()
        self._stopped = False
        self.cut_off = 0

    @property
    def followers(self) -> int:
        return len(self._joined)

    def wake(self, _last_seq: int) -> None:
        """For the journal's `on_commit`."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self._catch_up()
            except Exception as error:  # whatever it is, followers must not stay behind for ever
                log.error("live feed: the journal cannot be read: %s", error)
                self._wake.set()
                await asyncio.sleep(RETRY_S)
            await self._wake.wait()
            await asyncio.sleep(self._linger_s)

    async def stop(self) -> None:
        """Offers what is left, then ends all; nobody can join any more."""
        self._stopped = True
        try:
            await self._catch_up()
        except sqlite3.Error as error:
            log.error("live feed: the last events are not told: %s", error)
        for follower in self._joined:
            follower.end("shutting_down")

    def join(self, wanted: Wanted, since: str | None = None) -> Follower:
        """`since`: a position, behind which to begin; None: now. Raises FeedFull, UnknownPosition."""
        if self._stopped:
            raise FeedFull("the agent is stopping")
        if len(self._joined) >= self._max_followers:
            raise FeedFull(f"{self._max_followers} follow already")
        last = self._source.last_seq
        seq = last if since is None else self._writer.seq(since, last)
        queues = QueueOf(self._source.read_call)

        async def replay(follower: Follower) -> Batch | None:
            return await self._replay(follower, queues)

        follower = Follower(wanted, seq, None if since is None else replay, self._max_buffered)
        self._joined.add(follower)
        if since is None:
            self._live.add(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        self._joined.discard(follower)
        self._live.discard(follower)

    def position(self, follower: Follower) -> str:
        """Where the follower can go on later."""
        return self._writer.position(follower.seq)

    async def _replay(self, follower: Follower, queues: QueueOf) -> Batch | None:
        async with self._replaying:
            # What the common reader has not reached is left to it: it will come live.
            if follower.seq >= self._seq:
                self._live.add(follower)
                return None
            up_to = self._seq
            return await asyncio.to_thread(
                self._read, follower.seq, up_to, queues if follower.wanted.queue else None
            )

    async def _catch_up(self) -> None:
        async with self._reading:
            while self._seq < self._source.last_seq:
                if not self._live:
                    self._seq = self._source.last_seq
                    self._queues.clear()
                    return
                batch = await asyncio.to_thread(self._read, self._seq, self._source.last_seq, self._queues)
                self._seq = batch.seq
                for follower in tuple(self._live):  # who joins meanwhile begins behind this batch
                    self._offer(follower, batch)
                    # One is woken at a time: calls have their turn while a hundred are being told.
                    await asyncio.sleep(0)

    def _offer(self, follower: Follower, batch: Batch) -> None:
        if not follower.offer(batch):
            self._live.discard(follower)
            self.cut_off += 1
            log.warning("live feed: a follower that does not keep up is cut off at %d", follower.seq)

    def _read(self, after: int, up_to: int, queues: QueueOf | None) -> Batch:
        """In a thread."""
        found = self._source.read(after, CHUNK_EVENTS)
        events = [stored for stored in found if stored.seq <= up_to]
        around = queues.around if queues is not None else lambda _: ()
        messages = [self._writer.message(stored, around(stored)) for stored in events]
        complete = len(found) < CHUNK_EVENTS or len(events) < len(found)
        return Batch(messages, up_to if complete else events[-1].seq)
