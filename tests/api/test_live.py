"""Calls, operators, queues and trunks as they are now."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from tests.api.centre import CALL_ID
from tests.api.conftest import Site

from ntpd112.api import models


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/calls", models.CallOut),
        ("/operators", models.OperatorOut),
        ("/queues", models.QueueOut),
        ("/trunks", models.TrunkOut),
    ],
)
async def test_lists_are_as_the_openapi_document_says(site: Site, path: str, model: type[BaseModel]) -> None:
    answer = await site.client.get(f"/api/v1{path}")
    assert answer.status_code == 200
    items = answer.json()
    assert items
    for item in items:
        model.model_validate(item)
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_call_is_shown_with_times_in_the_sites_zone(site: Site) -> None:
    answer = await site.client.get(f"/api/v1/calls/{CALL_ID}")
    call = answer.json()
    assert (call["id"], call["state"], call["waiting_s"]) == (CALL_ID, "waiting", 4.5)
    assert call["created_at"] == "2026-11-01T08:00:00+07:00"
    assert call["location"] == {"latitude": -7.25}


async def test_a_call_that_is_not_there_is_404(site: Site) -> None:
    answer = await site.client.get("/api/v1/calls/X")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no live call has the id X"


async def test_classifying_a_call_names_the_key_that_did_it(site: Site) -> None:
    answer = await site.client.put(
        f"/api/v1/calls/{CALL_ID}/classification", json={"classification": "ghost"}
    )
    assert (answer.status_code, answer.json()) == (200, {"id": CALL_ID, "classification": "ghost"})
    assert site.centre.classified == [(CALL_ID, "ghost", "api:admin")]


@pytest.mark.parametrize(
    "body", [{}, {"classification": "other"}, {"classification": "ghost", "note": "x"}, [], "ghost"]
)
async def test_a_wrong_classification_is_refused_and_not_made(site: Site, body: object) -> None:
    answer = await site.client.put(f"/api/v1/calls/{CALL_ID}/classification", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["in"] == "body"
    assert site.centre.classified == []


async def test_an_operator_is_moved_to_a_break(site: Site) -> None:
    answer = await site.client.put("/api/v1/operators/siti/state", json={"state": "break"})
    assert (answer.status_code, answer.json()["state"]) == (200, "break")
    assert site.centre.changed == [("siti", "break", "api:admin")]


async def test_an_operator_without_phone_cannot_be_ready(site: Site) -> None:
    answer = await site.client.put("/api/v1/operators/budi/state", json={"state": "ready"})
    assert answer.status_code == 409
    assert "no phone is registered" in answer.json()["detail"]


async def test_unknown_operators_are_404(site: Site) -> None:
    for answer in (
        await site.client.get("/api/v1/operators/eve"),
        await site.client.put("/api/v1/operators/eve/state", json={"state": "break"}),
    ):
        assert answer.status_code == 404
        assert answer.json()["detail"] == 'no operator has the id "eve"'
