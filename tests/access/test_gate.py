"""The gate: who is let in, how often, and what ends soon."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.access.conftest import SITI, Clock, another_gate
from tests.cdr.waiting import until

from ntpd112.access import Gate, Principal, TooMany, Unknown
from ntpd112.access import gate as gates
from ntpd112.access.gate import STRANGER_TRIES
from ntpd112.cdr.directory import Directory
from ntpd112.cdr.lastknown import LastKnown

HOME, AWAY = "192.0.2.10", "198.51.100.7"


async def test_a_key_may_ask_a_burst_and_then_at_its_rate(gate: Gate, clock: Clock) -> None:
    key = await gate.keys.add("report", ["cdr:read"])
    for _ in range(3):
        assert gate.enter(key, HOME).name == "report"
    with pytest.raises(TooMany, match="too many requests of api:report") as refused:
        gate.enter(key, AWAY)
    clock.pass_(seconds=refused.value.wait_s)
    assert gate.enter(key, AWAY)
    assert gate.refused == {"rate": 1, "unknown": 0, "stranger": 0}


async def test_one_key_s_haste_is_not_another_s(gate: Gate) -> None:
    hasty, other = [await gate.keys.add(name, ["cdr:read"]) for name in ("hasty", "other")]
    for _ in range(3):
        gate.enter(hasty, HOME)
    assert gate.enter(other, HOME)


async def test_what_is_left_is_told(gate: Gate, clock: Clock) -> None:
    who = gate.enter(await gate.keys.add("report", ["cdr:read"]), HOME)
    assert gate.allowance(who) == (3, 3.0, 2, 1.0)
    clock.pass_(seconds=1)
    assert gate.allowance(who) == (3, 3.0, 3, 0.0)


async def test_without_a_rate_there_is_no_limit(engine: AsyncEngine) -> None:
    gate = Gate(engine, rate=0.0, burst=1, session_s=3600.0)
    key = await gate.keys.add("report", ["cdr:read"])
    for _ in range(1000):
        who = gate.enter(key, HOME)
    assert gate.allowance(who) is None


async def test_wrong_keys_are_refused_and_soon_braked_but_a_right_one_passes_from_the_same_address(
    gate: Gate,
) -> None:
    key = await gate.keys.add("report", ["cdr:read"])
    for number in range(STRANGER_TRIES):
        with pytest.raises(Unknown, match="is not known, was withdrawn, or is over"):
            gate.enter(f"guess{number}", HOME)
    with pytest.raises(TooMany, match="wrong keys from this address"):
        gate.enter("guess", HOME)
    assert gate.enter(key, HOME)
    with pytest.raises(Unknown):
        gate.enter("guess", AWAY)
    assert gate.refused == {"rate": 0, "unknown": STRANGER_TRIES + 1, "stranger": 1}


async def test_a_use_of_a_key_is_noted_with_its_address(gate: Gate, clock: Clock) -> None:
    key = await gate.keys.add("report", ["cdr:read"])
    gate.enter(key, HOME)
    clock.pass_(seconds=5)
    gate.enter(key, AWAY)
    (listed,) = await gate.keys.all()
    assert (listed.last_used_at, listed.last_address) == (clock.now, AWAY)


async def test_keys_that_end_soon_or_ended_lately_are_warned_of(gate: Gate, clock: Clock) -> None:
    await gate.keys.add("for-ever", ["cdr:read"])
    for name, days in (("later", 14.1), ("soon", 13), ("first", 2), ("withdrawn", 2)):
        await gate.keys.add(name, ["cdr:read"], clock.now + timedelta(days=days))
    await gate.keys.revoke("withdrawn")
    assert gate.warnings() == [
        'API key "first" ends at 2026-11-03 01:00 UTC: make another one, or withdraw it',
        'API key "soon" ends at 2026-11-14 01:00 UTC: make another one, or withdraw it',
    ]
    clock.pass_(days=2)
    assert [warning.split(" at ")[0] for warning in gate.warnings()] == [
        'API key "first" ended',
        'API key "soon" ends',
        'API key "later" ends',
    ]
    clock.pass_(days=30)
    assert gate.warnings() == []


async def test_while_it_runs_changes_elsewhere_are_noticed_last_uses_written_and_warnings_logged_once(
    gate: Gate,
    engine: AsyncEngine,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(gates, "REFRESH_S", 0.01)
    elsewhere = another_gate(engine, clock)
    running = asyncio.create_task(gate.run())
    with caplog.at_level(logging.WARNING):
        key = await elsewhere.keys.add("report", ["cdr:read"], clock.now + timedelta(days=1))
        await until(lambda: gate.find(key))
        gate.enter(key, HOME)
        clock.pass_(seconds=gates.WRITE_USES_S)
        await until(lambda: gate.keys.uses.unwritten("report") is None)
        await elsewhere.keys.revoke("report")
        await until(lambda: gate.find(key) is None)
    running.cancel()
    assert (await elsewhere.keys.all())[0].last_address == HOME
    assert [record.message.split(" at ")[0] for record in caplog.records] == ['API key "report" ends']


async def test_a_database_that_is_away_costs_no_key_its_right_and_is_said_once(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = await gate.keys.add("report", ["cdr:read"])
    asked = 0

    async def away() -> None:
        nonlocal asked
        asked += 1
        raise ConnectionError("connection refused")

    monkeypatch.setattr(gates, "REFRESH_S", 0.001)
    monkeypatch.setattr(gate.keys, "refresh", away)
    running = asyncio.create_task(gate.run())
    await until(lambda: asked > 3)
    running.cancel()
    assert gate.find(key)
    assert len(caplog.records) == 1


async def test_a_start_without_the_database_knows_keys_and_sessions_as_last_read(
    engine: AsyncEngine, directory: Directory, tmp_path: Path, clock: Clock
) -> None:
    def started() -> Gate:
        files = [LastKnown(tmp_path / name, dict[str, Principal]) for name in ("keys", "sessions")]
        return Gate(
            engine,
            rate=1.0,
            burst=3,
            session_s=3600.0,
            last_keys=files[0],
            last_sessions=files[1],
            wall=clock.wall,
        )

    gate = started()
    assert not gate.recall()
    key = await gate.keys.add("visitor", ["cdr:read"], clock.now + timedelta(days=1))
    await gate.sign_in.set_password(SITI, "perahu kertas 77")
    session = await gate.sign_in.sign_in(SITI, "perahu kertas 77", HOME)
    again = started()
    assert again.recall()
    assert again.find(key) == gate.find(key)
    assert again.find(session) == gate.find(session)
    clock.pass_(days=1)
    assert again.find(key) is None
    assert again.find(session) is None


async def test_at_the_end_last_uses_are_written_if_the_database_takes_them(
    gate: Gate, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate.enter(await gate.keys.add("report", ["cdr:read"]), HOME)

    async def away() -> None:
        raise ConnectionError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(gate.keys.uses, "write", away)
        await gate.close()
    assert "connection refused" in caplog.text
    await gate.close()
    assert gate.keys.uses.unwritten("report") is None
