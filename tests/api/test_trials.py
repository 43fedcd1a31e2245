"""Test calls over trunks, by REST."""

from __future__ import annotations

import pytest
from tests.api.conftest import Site
from tests.api.trials import BUSY, ID

from ntpd112.api.models import TrialOut

URL = "/api/v1/trunks/pbx/test-calls"


async def test_a_test_call_is_begun_for_who_asks_and_looked_at(site: Site) -> None:
    answer = await site.client.post(URL, json={"to": "02150000000", "listen_s": 5})
    assert answer.status_code == 202
    assert site.centre.trials.begun == [("pbx", "02150000000", "", 5.0, "api:admin")]
    looked = await site.client.get(f"{URL}/{ID}")
    TrialOut.model_validate(looked.json())
    assert looked.json()["facts"]["code"] == 200
    assert looked.json()["findings"] == [{"about": "answer", "verdict": "fine", "says": "200 OK after 2.0 s"}]


async def test_it_can_be_ended(site: Site) -> None:
    assert (await site.client.delete(f"{URL}/{ID}")).status_code == 200
    assert site.centre.trials.given_up == [ID]


async def test_one_that_cannot_be_made_now_says_why(site: Site) -> None:
    answer = await site.client.post(URL, json={"to": BUSY})
    assert (answer.status_code, answer.json()["detail"]) == (409, "another test call goes on: one at a time")


@pytest.mark.parametrize("to", ["", "sip:110@10.0.0.1", "0" * 33, "110;x=y", None])
async def test_what_is_no_number_is_refused(site: Site, to: object) -> None:
    assert (await site.client.post(URL, json={"to": to})).status_code == 422
    assert site.centre.trials.begun == []


async def test_trunks_and_test_calls_that_are_not_there_are_404(site: Site) -> None:
    other = "/api/v1/trunks/telkom/test-calls"
    assert (await site.client.post(other, json={"to": "110"})).status_code == 404
    assert (await site.client.get(f"{other}/{ID}")).status_code == 404
    assert (await site.client.get(f"{URL}/X")).status_code == 404
