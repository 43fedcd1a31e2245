"""From a webhook's outbox to its receiver: several calls' deliveries at once, each call's in order.

While the receiver fails, one delivery at a time is tried, with growing pauses, each time another one: a
delivery that the receiver cannot digest does not stop those behind it, and a receiver that is away is not
hammered.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .delivery import RETRY_FOR_S, Answer, Clock, headers, rest_s, verdict
from .outbox import HOLDS_TRIES, MAX_DEAD, MAX_PENDING, Counts, Due, Outbox, Tried
from .pace import Pace
from .receiver import Post

BATCH = 64
"Deliveries read, sent and written off together: what a killed agent may send twice."
WINDOW = 8
"Requests under way to one receiver."
LOOK_S = 2.0
"Between looks for deliveries that the command line has put back."

log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """Of a batch, to be written down."""

    taken: list[int] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)


class Courier:
    """`results`: tries by what came of them, since the start. `counts`: of the outbox, as last seen."""

    def __init__(
        self,
        label: str,
        outbox: Outbox,
        secrets: Callable[[], Sequence[str]],
        pace: Pace,
        *,
        retry_for_s: float = RETRY_FOR_S,
        clock: Clock = time.time,
        look_s: float = LOOK_S,
    ) -> None:
        self._label = label
        self._outbox = outbox
        self._secrets = secrets
        self._pace = pace
        self._retry_for_s = retry_for_s
        self._clock = clock
        self._look_s = look_s
        self._failures = 0
        "In a row."
        self._last = Answer(None)
        "What went wrong last."
        self._asked_for_s = 0.0
        "Of pause by the receiver, in this batch."
        self._disk = ""
        "Why the outbox cannot be used."
        self._unwritten: Outcome | None = None
        "Of a batch that was sent when the outbox could not be written: it is not sent again."
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._waiting = True
        self._stopping = False
        self.counts = Counts(0, 0, None, None)
        self.results: Counter[str] = Counter()
        self.gone = False
        "The receiver has said that it wants nothing any more."

    @property
    def problem(self) -> str | None:
        if self.gone:
            return f"{self._label}: switched off, its receiver answered 410: take it out, or test it"
        if self._disk:
            return f"{self._label}: {self._disk}"
        if self._failures > 1:
            return f"{self._label}: {self.counts.pending} deliveries wait: {self._last.reason}"
        return None

    def wake(self) -> None:
        """There is something to be done in the outbox."""
        self._wake.set()

    async def look(self) -> None:
        """At how many wait, so that the outbox is not filled beyond its bound while the courier rests. Raises
        sqlite3.Error."""
        self.counts = await asyncio.to_thread(self._outbox.counts, self._clock())

    def wait_no_more(self) -> None:
        """For room: the agent is going."""
        self._waiting = False
        self._room.set()

    def stop(self) -> None:
        """Try once what is due, then let `run` end."""
        self._stopping = True
        self._wake.set()

    async def room(self) -> bool:
        """Waits until the outbox takes more; False: not before the stop."""
        while self._full and self._waiting:
            self._room.clear()
            await self._room.wait()
        return not self._full

    @property
    def _full(self) -> bool:
        return self.gone or self.counts.pending >= MAX_PENDING

    def accepted(self, answer: Answer) -> None:
        """The receiver answered something outside of the stream."""
        if answer.taken and self.gone:
            log.warning("%s: switched on again", self._label)
            self.gone = False
            self._room.set()
            self._wake.set()

    async def run(self, post: Post) -> None:
        """Until `stop`."""
        while True:
            self._wake.clear()
            try:
                more = await self._step(post)
            except sqlite3.Error as error:
                self._disk_fails(error)
                more = False
            if more:
                continue
            if self._stopping:
                return
            await self._idle(self._until_next())

    async def _step(self, post: Post) -> bool:
        """Sends what is due, and rests if the receiver needs it. False: nothing was to be done. Raises
        sqlite3.Error."""
        await self._write()
        due = [] if self.gone or self._leaving else await asyncio.to_thread(self._due)
        if not due:
            return False
        try:
            secrets = await asyncio.to_thread(self._secrets)
        except (OSError, ValueError) as error:
            self._failures = max(self._failures, 1)  # it would be the same with another delivery
            self._fails(Answer(None, str(error)))
            await self._rest(rest_s(self._failures, _jitter()))
            return True
        await self._send(post, due, secrets)
        await self._write()
        rest, self._asked_for_s = max(rest_s(self._failures, _jitter()), self._asked_for_s), 0.0
        await self._rest(rest)
        return True

    @property
    def _leaving(self) -> bool:
        """A receiver that fails is not waited for."""
        return self._stopping and self._failures > 0

    def _due(self) -> list[Due]:
        return self._outbox.due(self._clock(), 1 if self._failures else BATCH)

    async def _send(self, post: Post, batch: Sequence[Due], secrets: Sequence[str]) -> None:
        outcome = self._unwritten = Outcome()
        window = asyncio.Semaphore(WINDOW)

        async def one_call(deliveries: Sequence[Due]) -> None:
            async with window:
                for due in deliveries:
                    if self.gone or not await self._try(post, due, secrets, outcome):
                        return

        by_call: dict[str, list[Due]] = defaultdict(list)
        for due in batch:
            by_call[due.delivery.about].append(due)
        async with asyncio.TaskGroup() as group:
            for deliveries in by_call.values():
                group.create_task(one_call(deliveries))

    async def _try(self, post: Post, due: Due, secrets: Sequence[str], outcome: Outcome) -> bool:
        """Whether the next one about the same call may be tried."""
        await self._pace.turn()
        begun = self._clock()
        answer = await post(due.delivery.body, headers(due.delivery, secrets, begun))
        now, first_at, tries = self._clock(), due.first_at or begun, due.tries + 1
        found = verdict(
            answer,
            tries=tries,
            first_at=first_at,
            now=now,
            retry_for_s=self._retry_for_s,
            jitter=_jitter(),
        )
        self.results[found.result] += 1
        if found.result == "taken":
            outcome.taken.append(due.n)
            self._works()
            return True
        if found.result == "gone":
            self._switched_off()
            return False
        self._fails(answer)
        due_at = found.due_at if found.result == "again" else None
        outcome.tried.append(Tried(due.n, tries, first_at, answer.status, answer.reason, due_at))
        if due_at is None:
            self._given_up(due, tries, answer)
        return due_at is None or tries >= HOLDS_TRIES

    async def _write(self) -> None:
        """What came of the last batch, and how the outbox is now. Raises sqlite3.Error."""
        if (outcome := self._unwritten) is not None:
            now = self._clock()
            removed = await asyncio.to_thread(self._outbox.settle, outcome.taken, outcome.tried, now)
            self._unwritten = None
            if removed:
                text = "%s: the oldest %d dead deliveries are removed: %d are kept"
                log.error(text, self._label, removed, MAX_DEAD)
        await self.look()
        self._room.set()
        if self._disk:
            log.warning("%s: the outbox works again", self._label)
            self._disk = ""

    def _until_next(self) -> float:
        if self.counts.next_at is None or self.gone or self._disk:
            return self._look_s
        return min(max(self.counts.next_at - self._clock(), 0.0), self._look_s)

    async def _idle(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _rest(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self._stopping and (left := until - loop.time()) > 0:
            self._wake.clear()
            await self._idle(left)

    # ---- what is said

    def _works(self) -> None:
        if self._failures > 1:
            log.warning("%s: delivers again; %d wait", self._label, self.counts.pending)
        self._failures = 0

    def _fails(self, answer: Answer) -> None:
        self._last = answer
        self._failures += 1
        self._asked_for_s = max(self._asked_for_s, answer.asked_for_s)
        if self._failures == 2:  # one alone is tried again, and seen in the metrics
            log.error("%s: %s (%d wait)", self._label, answer.reason, self.counts.pending)

    def _given_up(self, due: Due, tries: int, answer: Answer) -> None:
        what = due.delivery
        text = "%s: delivery %s (%s) is given up after %d tries: %s"
        log.error(text, self._label, what.id, what.event, tries, answer.reason)

    def _switched_off(self) -> None:
        if not self.gone:
            text = "%s: switched off: its receiver answered 410, it wants nothing any more"
            log.critical(text, self._label)
        self.gone = True

    def _disk_fails(self, error: sqlite3.Error) -> None:
        if not self._disk:
            log.error("%s: the outbox cannot be used: %s", self._label, error)
        self._disk = f"the outbox cannot be used: {error}"


def _jitter() -> float:
    return random.uniform(-1.0, 1.0)
