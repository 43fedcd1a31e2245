"""From the journal to the MQTT broker: in order, a few messages at a time. The position moves when the
broker has acknowledged a chunk."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from datetime import datetime, tzinfo

from ntpd112.journal import Source

from .broker import Broker, Connect
from .messages import Messages, Telling
from .position import PositionStore
from .sink import LINGER_S, RETRY_S, Sink
from .topics import Publication, Topics

NAME = "mqtt"
WINDOW = 10
"Messages under way: no more than any broker's Receive Maximum in use (HiveMQ's, the smallest known, is 10)."

log = logging.getLogger(__name__)


class MqttSink(Sink):
    label = "MQTT"
    recovered = "the broker is back"

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
        super().__init__(journal, positions, linger_s=linger_s, retry_s=retry_s)
        self._connect = connect
        self._region = region
        self._zone = zone
        self._version = version
        self._topics = Topics(region)
        self._broker: Broker | None = None
        self._unsaved: dict[str, bytes] = {}
        "Operators' states whose position could not be written; of as many operators as there are."
        self._saved = True
        "Whether the position could be written last."

    async def _serve(self) -> None:
        async with self._connect() as broker:
            self._broker = broker
            tasks = [asyncio.create_task(self._talk()), asyncio.create_task(broker.lost())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self) -> None:
        kept = await asyncio.to_thread(self._positions.kept) | self._unsaved
        await self._publish([self._status("online"), *self._topics.operators(kept)])
        await self._follow(Messages(self._region, self._zone, self._journal.read_call, kept))
        await self._publish([self._status("offline")])

    async def _tell(self, telling: Telling, seq: int) -> None:
        await self._publish([self._topics.publication(message) for message in telling.messages])
        self._unsaved |= telling.operators
        try:
            await asyncio.to_thread(self._positions.move, self._journal.id, seq, self._unsaved)
            self._unsaved = {}
            self._saved = True
        except sqlite3.Error as error:  # told all the same; should the agent die now, it is told again
            if self._saved:
                log.error("MQTT: the position cannot be written, a restart will repeat messages: %s", error)
            self._saved = False

    async def _publish(self, publications: Sequence[Publication]) -> None:
        """In order, with at most WINDOW not acknowledged."""
        assert self._broker is not None
        for start in range(0, len(publications), WINDOW):
            window = publications[start : start + WINDOW]
            async with asyncio.TaskGroup() as group:
                for publication in window:
                    group.create_task(self._broker.publish(publication))
            self._sent += len(window)

    def _status(self, state: str) -> Publication:
        now = datetime.now(self._zone).isoformat(timespec="milliseconds")
        return self._topics.status(state, at=now, version=self._version)
