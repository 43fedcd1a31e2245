"""A sink: it follows the journal behind a position of its own and tells another system, for ever, at that
system's pace.

Woken by the journal's commits, never polling. A chunk is read, folded and encoded in a thread, and told in
order; the position moves when all of it was taken. So another system that is away, or an agent that dies,
repeats at most one chunk, and nothing is kept in memory meanwhile.
"""

from __future__ import annotations

import asyncio
import logging

from ntpd112.journal import Source

from .messages import Messages, Telling
from .position import PositionStore

CHUNK_EVENTS = 100
"Read at a time: a few ms of the interpreter, in which calls wait at most for one of its switches."
LINGER_S = 0.1
"After a commit: media figures come shortly after a call's end, and several turns are read at once."
RETRY_S = (0.5, 15.0)
"First and longest pause before the next try to connect; doubled in between."
MAX_SAID = 5
"Reasons that are logged while the other side is away, each once; more are the same trouble in other words."

log = logging.getLogger(__name__)


class Sink:
    """What all sinks have in common; each says in `_serve` and `_tell` whom it tells, and how."""

    label: str
    "In log lines."
    recovered: str
    "Said when it works again."

    def __init__(
        self,
        journal: Source,
        positions: PositionStore,
        *,
        linger_s: float = LINGER_S,
        retry_s: tuple[float, float] = RETRY_S,
    ) -> None:
        self._journal = journal
        self._positions = positions
        self._linger_s = linger_s
        self._retry_s = retry_s
        self._pause = retry_s[0]
        self._first = journal.last_seq
        "A sink that is new tells what happens from here on."
        self._position: int | None = None
        self._behind = 0
        "Events, when the other side was there again."
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._said: set[str] = set()
        self._trouble: str | None = None
        self._sent = 0

    @property
    def problem(self) -> str | None:
        """Why nothing is told now; None when it is."""
        return self._trouble

    @property
    def sent(self) -> int:
        """Messages that were taken since the start."""
        return self._sent

    @property
    def position(self) -> int:
        """Up to where the journal is no longer needed; 0 before that is known."""
        return self._position or 0

    @property
    def lag(self) -> int:
        """Events of the journal not yet told."""
        return max(0, self._journal.last_seq - (self._first if self._position is None else self._position))

    def wake(self, _last_seq: int) -> None:
        """For the journal's `on_commit`."""
        self._wake.set()

    def stop(self) -> None:
        """Tell what is left, say goodbye, and let `run` end. Who is away is not waited for."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`, or cancelled."""
        while not self._stopping.is_set():
            try:
                await self._load()
                await self._serve()
            except Exception as error:  # whatever it is, messages must go on being told
                self._failed(error)
                await self._rest()

    async def _serve(self) -> None:
        """One connection: calls `_follow`, and returns after it. Raises what goes wrong, also while there is
        nothing to tell."""
        raise NotImplementedError

    async def _tell(self, telling: Telling, seq: int) -> None:
        """Tells one chunk, and keeps that everything up to `seq` was told."""
        raise NotImplementedError

    async def _may_tell(self) -> bool:
        """Returns when there is room for more; False: there will be none before the stop."""
        return True

    async def _load(self) -> None:
        if self._position is None:
            told = await asyncio.to_thread(self._positions.load, self._journal.id, self._first)
            # A power cut may have cost the journal what had been told already.
            self._position = min(told, self._first)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pause):
                await self._stopping.wait()
        except TimeoutError:
            self._pause = min(2 * self._pause, self._retry_s[1])

    async def _follow(self, messages: Messages) -> None:
        """Tells what is there and what comes, until stopping."""
        self._behind = self.lag
        while True:
            self._wake.clear()
            while self.lag and await self._may_tell():
                await self._step(messages)
                self._works()
            if self._stopping.is_set():
                return
            self._works()
            await self._wake.wait()
            await asyncio.sleep(self._linger_s)

    async def _step(self, messages: Messages) -> None:
        """Tells one chunk of events."""
        assert self._position is not None
        last = self._journal.last_seq
        telling, seq = await asyncio.to_thread(self._read, messages, self._position, last)
        await self._tell(telling, seq)
        self._position = seq

    def _read(self, messages: Messages, after: int, last: int) -> tuple[Telling, int]:
        """In a thread: what comes behind `after`, and up to which event; `last` is known to be there."""
        events = self._journal.read(after, CHUNK_EVENTS)
        return messages.of(events), events[-1].seq if events else last

    def _works(self) -> None:
        self._pause = self._retry_s[0]
        if self._trouble is not None:
            log.warning("%s: %s; %d events behind", self.label, self.recovered, self._behind)
        self._trouble = None
        self._said.clear()

    def _failed(self, error: Exception) -> None:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        reason = str(error) or type(error).__name__
        self._trouble = f"{self.label}: {self.lag} events wait in the journal: {reason}"
        self._say(reason)

    def _say(self, reason: str) -> None:
        if reason not in self._said and len(self._said) < MAX_SAID:
            self._said.add(reason)
            log.error("%s: %s (%d events wait in the journal)", self.label, reason, self.lag)
