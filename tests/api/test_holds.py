"""Legal hold over REST, and recordings that retention has removed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.api.conftest import Site, call_id

from ntpd112.api import models
from ntpd112.cdr.keeping import Keeping

HOLD = f"/api/v1/cdrs/{call_id(2)}/hold"
REASON = "Polrestabes Surabaya, letter B/123/XI/2026"


async def test_a_call_is_held_looked_at_listed_and_released(site: Site) -> None:
    put = await site.client.put(HOLD, json={"reason": REASON}, headers=site.bearer(scope="holds:write"))
    held = models.HoldOut.model_validate_json(put.text)
    assert (held.id, held.reason, held.held_by) == (call_id(2), REASON, "api:holds-write")
    assert put.json()["held_at"].endswith("+07:00")
    headers = site.bearer(scope="cdr:read")
    assert (await site.client.get(HOLD, headers=headers)).json()["reason"] == REASON
    assert [one["id"] for one in (await site.client.get("/api/v1/holds", headers=headers)).json()] == [
        held.id
    ]
    assert (await site.client.delete(HOLD)).status_code == 204
    assert (await site.client.delete(HOLD)).status_code == 404
    assert (await site.client.get(HOLD)).status_code == 404
    assert (await site.client.get("/api/v1/holds")).json() == []


@pytest.mark.parametrize("wrong", [call_id(9), "x", "%00"])
async def test_only_a_call_that_has_ended_can_be_held(site: Site, wrong: str) -> None:
    answer = await site.client.put(f"/api/v1/cdrs/{wrong}/hold", json={"reason": REASON})
    assert answer.status_code == 404


@pytest.mark.parametrize("reason", ["", "x" * 501])
async def test_a_hold_needs_a_reason(site: Site, reason: str) -> None:
    assert (await site.client.put(HOLD, json={"reason": reason})).status_code == 422


async def test_a_recording_that_retention_removed_is_gone_and_says_so(site: Site) -> None:
    file = site.recordings / "2025" / f"{call_id(2)}.wav"
    file.parent.mkdir()
    file.write_bytes(b"RIFF")  # marked first: between mark and removal it is not sent either
    at = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)
    await Keeping(site.engine).remove_recordings(datetime(2030, 1, 1, tzinfo=UTC), at)
    answer = await site.client.get(f"/api/v1/cdrs/{call_id(2)}/recording")
    assert answer.status_code == 410
    assert answer.json()["detail"] == (
        f"the recording of call {call_id(2)} was removed by retention on 2026-11-02"
    )
    cdr = (await site.client.get(f"/api/v1/cdrs/{call_id(2)}")).json()
    assert cdr["recording"] == f"2025/{call_id(2)}.wav"
