"""A webhook as the API sees one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ntpd112.sinks.delivery import Answer
from ntpd112.sinks.outbox import Counts, Dead

DELIVERY = "0b7c1e7e-6a53-5f0e-9d3c-5f6b0f4f2f10"


def dead(delivery: str = DELIVERY) -> Dead:
    return Dead(
        id=delivery,
        event="cdr",
        about="A",
        seq=7,
        tries=99,
        first_at=1_760_000_000.0,
        died_at=1_760_086_400.0,
        status=500,
        error="HTTP 500",
    )


@dataclass
class FakeHook:
    shown_url: str = "https://dispatch.example.go.id"
    events: Sequence[str] = ("call.state", "cdr")
    gone: bool = False
    problem: str | None = None
    lag: int = 0
    counts: Counts = field(default_factory=lambda: Counts(2, 1, 1_760_000_000.0, None))
    answer: Answer = field(default_factory=lambda: Answer(204))
    results: Counter[str] = field(default_factory=lambda: Counter(taken=8))
    given_up: list[Dead] = field(default_factory=lambda: [dead()])
    broken: Exception | None = None

    async def dead(self, limit: int) -> Sequence[Dead]:
        self._check()
        return self.given_up[:limit]

    async def resend(self, delivery: str | None) -> int:
        self._check()
        return sum(delivery in (None, one.id) for one in self.given_up)

    async def test(self) -> Answer:
        self._check()
        return self.answer

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken

    def breaks(self) -> None:
        self.broken = sqlite3.OperationalError("disk I/O error")
