"""The call-back list over REST."""

from __future__ import annotations

import pytest
from tests.api.centre import CALL_ID
from tests.api.conftest import Site

from ntpd112.api import models
from ntpd112.api.models.callbacks import MAX_NOTE

PATH = "/api/v1/callbacks"


async def test_the_list_is_as_the_openapi_document_says(site: Site) -> None:
    answer = await site.client.get(PATH)
    assert answer.status_code == 200
    (entry,) = answer.json()
    models.CallbackOut.model_validate(entry)
    assert entry["last_at"] == "2026-11-01T08:00:00+07:00"


async def test_a_click_calls_back_and_tells_the_new_call(site: Site) -> None:
    answer = await site.client.post(f"{PATH}/{CALL_ID}/call", json={"operator": "siti"})
    assert answer.status_code == 202
    models.CallbackCallOut.model_validate(answer.json())
    assert site.centre.callbacks.called == [(CALL_ID, "siti")]


async def test_an_operator_who_cannot_be_rung_is_a_conflict(site: Site) -> None:
    answer = await site.client.post(f"{PATH}/{CALL_ID}/call", json={"operator": "budi"})
    assert answer.status_code == 409
    assert "no registered phone" in answer.json()["detail"]


async def test_an_outcome_is_written_with_its_note_and_the_key_that_says_so(site: Site) -> None:
    body = {"outcome": "not_needed", "note": "police are there"}
    answer = await site.client.put(f"{PATH}/{CALL_ID}", json=body)
    assert answer.json() == {"id": CALL_ID, **body}
    assert site.centre.callbacks.closed == [(CALL_ID, "not_needed", "police are there", "api:admin")]


@pytest.mark.parametrize(
    "body", [{}, {"outcome": "fled"}, {"outcome": "reached", "note": "x" * (MAX_NOTE + 1)}]
)
async def test_a_wrong_outcome_is_refused_by_name(site: Site, body: object) -> None:
    answer = await site.client.put(f"{PATH}/{CALL_ID}", json=body)
    assert answer.status_code == 422
    assert site.centre.callbacks.closed == []


async def test_who_is_not_on_the_list_is_404(site: Site) -> None:
    for answer in (
        await site.client.post(f"{PATH}/X/call", json={"operator": "siti"}),
        await site.client.put(f"{PATH}/X", json={"outcome": "reached"}),
    ):
        assert answer.status_code == 404
        assert "not on the call-back list" in answer.json()["detail"]


async def test_reading_the_list_does_not_let_one_call(site: Site) -> None:
    headers = site.bearer(scope="calls:read")
    assert (await site.client.get(PATH, headers=headers)).status_code == 200
    answer = await site.client.post(f"{PATH}/{CALL_ID}/call", json={"operator": "siti"}, headers=headers)
    assert answer.status_code == 403
