"""A broker at the edge: it keeps what it was given, goes away and comes back as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ntpd112.sinks.broker import BrokerError
from ntpd112.sinks.topics import Publication


class FakeBroker:
    """`up`: takes connections. `takes`: how many messages more, before it breaks the connection."""

    def __init__(self) -> None:
        self.up = True
        self.takes = 10**9
        self.got: list[Publication] = []
        self.connections = 0
        self.under_way = 0
        self.most_under_way = 0
        self._gone = asyncio.Event()

    def away(self) -> None:
        self.up = False
        self._gone.set()

    def back(self) -> None:
        self.up, self.takes = True, 10**9

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FakeBroker]:
        if not self.up:
            raise BrokerError("Connection refused")
        self._gone = asyncio.Event()
        self.connections += 1
        yield self

    async def publish(self, message: Publication) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            if not self.takes:
                self.away()
            if self._gone.is_set():
                raise BrokerError("the broker closed the connection")
            self.takes -= 1
            self.got.append(message)
        finally:
            self.under_way -= 1

    async def lost(self) -> None:
        await self._gone.wait()
        raise BrokerError("the broker closed the connection")

    def payloads(self, part: str) -> list[dict[str, Any]]:
        """Of messages whose topic has this part, in order."""
        return [json.loads(message.payload) for message in self.got if f"/{part}" in message.topic]
