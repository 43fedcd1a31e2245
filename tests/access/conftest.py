"""Each test of a database runs on SQLite and on PostgreSQL. The clocks are set by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.conftest import engine, postgres_server, url

from ntpd112.access import Gate
from ntpd112.cdr.directory import Directory, Operator

__all__ = ["engine", "postgres_server", "url"]
START = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
SITI, BUDI = "siti", "budi"


class Clock:
    """Both clocks of a gate."""

    def __init__(self) -> None:
        self.now = START

    def wall(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return (self.now - START).total_seconds()

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(engine: AsyncEngine, clock: Clock) -> Gate:
    return another_gate(engine, clock)


def another_gate(engine: AsyncEngine, clock: Clock) -> Gate:
    """One request a second, three at once; a session lasts an hour."""
    return Gate(engine, rate=1.0, burst=3, session_s=3600.0, wall=clock.wall, monotonic=clock.monotonic)


@pytest.fixture
async def directory(engine: AsyncEngine) -> Directory:
    """Siti, a supervisor, and Budi, an operator."""
    made = Directory(engine)
    await made.put([person(SITI, role="supervisor"), person(BUDI)])
    return made


def person(operator: str, role: str = "operator") -> Operator:
    return Operator(
        id=operator,
        name=operator.title(),
        realm="112.example.go.id",
        ha1_md5="0" * 32,
        ha1_sha256="a" * 64,
        role=role,
    )
