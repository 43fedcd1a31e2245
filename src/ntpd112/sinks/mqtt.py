"""From the journal to the MQTT broker, for ever, at its own pace.

Woken by the journal's commits, never polling. A chunk is read, folded and encoded in a thread, and
published in order, a few messages at a time; the position moves when the broker has acknowledged all of it.
So a broker that is away, or an agent that dies, repeats at most one chunk, and nothing is kept in memory
meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Protocol

from ntpd112.journal import Stored

from .broker import Broker, Connect
from .messages import Message, Messages, Telling
from .position import PositionStore

NAME = "mqtt"
CHUNK_EVENTS = 100
"Read at a time: a few ms of the interpreter, in which calls wait at most for one of its switches."
WINDOW = 10
"Messages under way: no more than any broker's Receive Maximum in use (HiveMQ's, the smallest known, is 10)."
LINGER_S = 0.1
"After a commit: media figures come shortly after a call's end, and several turns are read at once."
RETRY_S = (0.5, 15.0)
"First and longest pause before the next try to connect; doubled in between."
MAX_SAID = 5
"Reasons that are logged while the broker is away, each once; more are the same trouble in other words."

log = logging.getLogger(__name__)


class Source(Protocol):
    """What the sink needs of the journal."""

    id: str

    @property
    def last_seq(self) -> int: ...

    def read(self, after_seq: int, limit: int) -> list[Stored]: ...

    def read_call(self, call_id: str) -> list[Stored]: ...


class MqttSink:
    """`problem`: why nothing is published now, None when it is. `sent`: messages acknowledged since the
    start."""

    def __init__(
        self,
        journal: Source,
        positions: PositionStore,
        connect: Connect,
        *,
        region: str,
        zone: tzinfo,
        version: str,
        linger_s: float = LINGER_S,
        retry_s: tuple[float, float] = RETRY_S,
    ) -> None:
        self._journal = journal
        self._positions = positions
        self._connect = connect
        self._region = region
        self._zone = zone
        self._version = version
        self._linger_s = linger_s
        self._retry_s = retry_s
        self._pause = retry_s[0]
        self._first = journal.last_seq
        "A sink that is new tells what happens from here on."
        self._position: int | None = None
        self._unsaved: dict[str, bytes] = {}
        "Operators' states whose position could not be written; of as many operators as there are."
        self._saved = True
        "Whether the position could be written last."
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._said: set[str] = set()
        self.problem: str | None = None
        self.sent = 0

    @property
    def position(self) -> int:
        """Up to where the broker has the journal; 0 before that is known."""
        return self._position or 0

    @property
    def lag(self) -> int:
        """Events of the journal not yet told."""
        return max(0, self._journal.last_seq - (self._first if self._position is None else self._position))

    def wake(self, _last_seq: int) -> None:
        """For the journal's `on_commit`."""
        self._wake.set()

    def stop(self) -> None:
        """Tell what is left, say goodbye, and let `run` end. A broker that is away is not waited for."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`, or cancelled."""
        while not self._stopping.is_set():
            try:
                await self._load()
                async with self._connect() as broker:
                    await self._serve(broker)
            except Exception as error:  # whatever it is, messages must go on being told
                self._failed(error)
                await self._rest()

    async def _load(self) -> None:
        if self._position is None:
            self._position = await asyncio.to_thread(self._positions.load, self._journal.id, self._first)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pause):
                await self._stopping.wait()
        except TimeoutError:
            self._pause = min(2 * self._pause, self._retry_s[1])

    async def _serve(self, broker: Broker) -> None:
        """Until stopping. Raises what goes wrong, also while there is nothing to tell."""
        tasks = [asyncio.create_task(self._follow(broker)), asyncio.create_task(broker.lost())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, broker: Broker) -> None:
        kept = await asyncio.to_thread(self._positions.kept) | self._unsaved
        messages = Messages(self._region, self._zone, self._journal.read_call, kept)
        await self._publish(broker, [self._status(messages, "online"), *messages.retained()])
        behind = self.lag
        while True:
            self._wake.clear()
            while self.position < self._journal.last_seq:
                await self._step(broker, messages)
                self._works(behind)
            self._works(behind)
            if self._stopping.is_set():
                await self._publish(broker, [self._status(messages, "offline")])
                return
            await self._wake.wait()
            await asyncio.sleep(self._linger_s)

    async def _step(self, broker: Broker, messages: Messages) -> None:
        """Tells one chunk of events."""
        assert self._position is not None
        last = self._journal.last_seq
        telling, seq = await asyncio.to_thread(self._read, messages, self._position, last)
        await self._publish(broker, telling.messages)
        self._position = seq
        self._unsaved |= telling.operators
        try:
            await asyncio.to_thread(self._positions.move, self._journal.id, seq, self._unsaved)
            self._unsaved = {}
            self._saved = True
        except sqlite3.Error as error:  # told all the same; should the agent die now, it is told again
            if self._saved:
                log.error("MQTT: the position cannot be written, a restart will repeat messages: %s", error)
            self._saved = False

    def _read(self, messages: Messages, after: int, last: int) -> tuple[Telling, int]:
        """In a thread: what comes behind `after`, and up to which event; `last` is known to be there."""
        events = self._journal.read(after, CHUNK_EVENTS)
        return messages.of(events), events[-1].seq if events else last

    async def _publish(self, broker: Broker, messages: Sequence[Message]) -> None:
        """In order, with at most WINDOW not acknowledged."""
        for start in range(0, len(messages), WINDOW):
            window = messages[start : start + WINDOW]
            async with asyncio.TaskGroup() as group:
                for message in window:
                    group.create_task(broker.publish(message))
            self.sent += len(window)

    def _status(self, messages: Messages, state: str) -> Message:
        now = datetime.now(self._zone).isoformat(timespec="milliseconds")
        return messages.status(state, at=now, version=self._version)

    def _works(self, behind: int) -> None:
        self._pause = self._retry_s[0]
        if self.problem is not None:
            log.warning("MQTT: the broker is back; %d events behind", behind)
        self.problem = None
        self._said.clear()

    def _failed(self, error: Exception) -> None:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        reason = str(error) or type(error).__name__
        self.problem = f"MQTT: {self.lag} events wait in the journal: {reason}"
        self._say(reason)

    def _say(self, reason: str) -> None:
        if reason not in self._said and len(self._said) < MAX_SAID:
            self._said.add(reason)
            log.error("MQTT: %s (%d events wait in the journal)", reason, self.lag)
