"""Flood mode is seen and switched."""

from __future__ import annotations

import pytest
from tests.api.conftest import Site

from ntpd112.api.models import FloodOut

REASON = "market fire"


async def test_flood_mode_is_switched_with_the_key_that_did_it_and_seen_afterwards(site: Site) -> None:
    before = (await site.client.get("/api/v1/flood")).json()
    assert (FloodOut.model_validate(before).on, before["since"]) == (False, None)
    answer = await site.client.put("/api/v1/flood", json={"on": True, "reason": REASON})
    assert answer.status_code == 200
    after = (await site.client.get("/api/v1/flood")).json()
    assert after == answer.json()
    assert (after["on"], after["by"], after["reason"]) == (True, "api:admin", REASON)
    assert after["since"] == "2026-11-01T08:00:00+07:00"


async def test_callers_hear_an_announcement_that_there_is(site: Site) -> None:
    answer = await site.client.put("/api/v1/flood", json={"on": True, "prompt": "incident"})
    assert (answer.status_code, answer.json()["prompt"]) == (200, "incident")
    answer = await site.client.put("/api/v1/flood", json={"on": True, "prompt": "of-nothing"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == 'there is no announcement "of-nothing": callers would hear nothing'


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"on": "maybe"},
        {"on": 1},
        {"on": True, "reason": "x" * 501},
        {"on": True, "for": 1},
        {"on": True, "prompt": "../id/incident"},
    ],
)
async def test_a_wrong_body_switches_nothing(site: Site, body: object) -> None:
    answer = await site.client.put("/api/v1/flood", json=body)
    assert answer.status_code == 422
    assert not site.centre.flooded.on
