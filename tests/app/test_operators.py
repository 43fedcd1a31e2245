"""The operators' directory while its database is away."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from ntpd112.app import operators
from ntpd112.app.operators import OperatorWatch
from ntpd112.cdr.directory import Directory, Operator
from ntpd112.cdr.lastknown import LastKnown
from ntpd112.queue import Acd


class AwayDirectory:
    """A database that answers again after `failures` questions."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.answered = asyncio.Event()

    async def version(self) -> int:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("connection refused\nBackground on this error at: ...")
        self.answered.set()
        return 1

    async def all(self) -> list[object]:
        return []


async def test_a_database_that_is_away_is_said_once_and_its_return_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(operators, "REFRESH_S", 0.001)
    directory = AwayDirectory(failures=5)
    file: LastKnown[list[Operator]] = LastKnown(tmp_path / "operators.json", list[Operator])
    watch = OperatorWatch(cast(Directory, directory), Acd(), "realm", lambda: None, file)
    with capture_logs() as lines:
        task = asyncio.create_task(watch.run())
        await directory.answered.wait()
        directory.answered.clear()
        await directory.answered.wait()
        task.cancel()
    assert [(line["log_level"], line.get("reason")) for line in lines] == [
        ("warning", "connection refused"),
        ("info", None),
    ]
