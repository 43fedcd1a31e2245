"""Callers' records over REST."""

from __future__ import annotations

import pytest
from tests.api.centre import PRANKSTER
from tests.api.conftest import Site

from ntpd112.api import models
from ntpd112.api.models.callers import MAX_NOTE
from ntpd112.memory.callers import MAX_NUMBER

CALLER = f"/api/v1/callers/{PRANKSTER.number}"


async def test_a_record_is_shown_with_times_in_the_sites_zone(site: Site) -> None:
    answer = await site.client.get(CALLER)
    assert answer.status_code == 200
    models.CallerOut.model_validate(answer.json())
    assert answer.json()["last_at"] == "2026-11-01T08:00:00+07:00"
    assert answer.json()["classifications"][0]["at"] == "2026-11-01T08:00:00+07:00"


async def test_the_list_is_bounded_and_as_documented(site: Site) -> None:
    answer = await site.client.get("/api/v1/callers?limit=5")
    (caller,) = answer.json()
    models.CallerOut.model_validate(caller)
    assert site.centre.remembered.asked == [("callers", 5)]
    assert (await site.client.get("/api/v1/callers?limit=100000")).status_code == 422


async def test_a_caller_of_whom_nothing_is_known_is_404(site: Site) -> None:
    answer = await site.client.get("/api/v1/callers/+62811")
    assert (answer.status_code, answer.json()["detail"]) == (404, "nothing is remembered of +62811")


async def test_a_correction_is_made_in_the_keys_name_with_its_note(site: Site) -> None:
    answer = await site.client.put(f"{CALLER}/standing", json={"standing": "clean", "note": "a child"})
    assert answer.status_code == 200
    assert models.CallerOut.model_validate(answer.json()).score == 0
    assert site.centre.remembered.corrected == [(PRANKSTER.number, "clean", "a child", "api:admin")]


@pytest.mark.parametrize(
    ("number", "body"),
    [
        ("+62811", {}),
        ("+62811", {"standing": "evil"}),
        ("+62811", {"standing": "prank", "note": "x" * (MAX_NOTE + 1)}),
        ("6" * (MAX_NUMBER + 1), {"standing": "prank"}),
    ],
)
async def test_a_wrong_correction_is_refused_and_not_made(site: Site, number: str, body: object) -> None:
    answer = await site.client.put(f"/api/v1/callers/{number}/standing", json=body)
    assert answer.status_code == 422
    assert site.centre.remembered.corrected == []
