"""Fixtures: a client with a real worker process, and phones that are closed after the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from ntpd112.media import MediaClient

from .phone import Phone, running

MakePhone = Callable[..., Phone]


@pytest_asyncio.fixture
async def media() -> AsyncIterator[MediaClient]:
    async with running() as client:
        yield client


@pytest.fixture
def phone() -> Iterator[MakePhone]:
    phones: list[Phone] = []

    def make(host: str = "127.0.0.2", law: str = "PCMA", hz: float | None = None) -> Phone:
        phones.append(Phone(host, "PCMU" if law == "PCMU" else "PCMA", hz))
        return phones[-1]

    yield make
    for one in phones:
        one.close()
