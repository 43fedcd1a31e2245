"""Trunks are taken out of service and put back."""

from __future__ import annotations

import msgspec
import pytest
from tests.api.centre import PROBE
from tests.api.conftest import Site

URL = "/api/v1/trunks/pbx/maintenance"


async def test_a_trunk_is_taken_out_of_service_with_the_key_that_did_it_and_put_back(site: Site) -> None:
    answer = await site.client.put(URL, json={"on": True, "reason": "new cable"})
    assert answer.status_code == 200
    (trunk,) = (await site.client.get("/api/v1/trunks")).json()
    assert trunk == answer.json()
    assert trunk["maintenance"] == {
        "since": "2026-11-01T08:00:00+07:00",
        "reason": "new cable",
        "by": "api:admin",
    }
    answer = await site.client.put(URL, json={"on": False})
    assert answer.json()["maintenance"] is None


async def test_a_name_that_is_no_trunk_is_404(site: Site) -> None:
    answer = await site.client.put("/api/v1/trunks/telkom/maintenance", json={"on": True})
    assert (answer.status_code, answer.json()["detail"]) == (404, 'no trunk has the name "telkom"')


@pytest.mark.parametrize("body", [{}, {"on": 1}, {"on": True, "reason": "x" * 501}, {"on": True, "by": "x"}])
async def test_a_wrong_body_switches_nothing(site: Site, body: object) -> None:
    assert (await site.client.put(URL, json=body)).status_code == 422
    assert site.centre.maintenance is None


async def test_a_trunk_s_peers_are_asked(site: Site) -> None:
    answer = await site.client.post("/api/v1/trunks/pbx/test")
    assert answer.json() == {
        "trunk": "pbx",
        "fine": True,
        "probes": [msgspec.to_builtins(PROBE)],
        "registration": None,
        "gateways": ["sip:127.0.0.1"],
    }
    assert (await site.client.post("/api/v1/trunks/telkom/test")).status_code == 404
