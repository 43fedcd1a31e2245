"""A webhook's receiver at the edge: it keeps what it was sent and answers as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from ntpd112.sinks.delivery import Answer
from ntpd112.sinks.receiver import Post

OK = Answer(200)
REFUSED = Answer(None, "Connection refused")


class Got(NamedTuple):
    headers: Mapping[str, str]
    told: dict[str, Any]

    @property
    def id(self) -> str:
        return self.headers["Ntpd112-Delivery"]


class FakeReceiver:
    """`answer`: what it says to a message. `tries`: everything that came, `got`: what it took."""

    def __init__(self, answer: Callable[[dict[str, Any]], Answer] = lambda told: OK) -> None:
        self.answer = answer
        self.tries: list[Got] = []
        self.got: list[Got] = []
        self.under_way = 0
        self.most_under_way = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Post]:
        yield self._post

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        got = Got(headers, json.loads(body))
        self.tries.append(got)
        answer = self.answer(got.told)
        if answer.taken:
            self.got.append(got)
        return answer

    def data(self, event: str) -> list[dict[str, Any]]:
        """Of what it took of this event, in order."""
        return [got.told["data"] for got in self.got if got.told["event"] == event]
