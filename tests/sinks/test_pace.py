"""Requests at even distances."""

from __future__ import annotations

import asyncio

import pytest

from ntpd112.sinks.pace import Pace


async def test_turns_are_apart_in_the_order_they_were_asked_for_and_none_is_saved_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    now = 100.0
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    monkeypatch.setattr(loop, "time", lambda: now)
    monkeypatch.setattr("ntpd112.sinks.pace.asyncio.sleep", sleep)
    pace = Pace(per_s=10)
    for _ in range(3):
        await pace.turn()
    assert slept == [0.1, 0.2]
    now = 200.0
    for _ in range(2):
        await pace.turn()
    assert slept == [0.1, 0.2, 0.1]
