"""Health."""

from __future__ import annotations

from tests.api.conftest import Site

from ntpd112.calls.views import Health

NO_KEY = {"Authorization": ""}


async def test_the_process_lives(site: Site) -> None:
    answer = await site.client.get("/healthz", headers=NO_KEY)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_with_warnings_is_still_ready(site: Site) -> None:
    site.app.state.warnings = lambda: ["CDRs wait in the journal"]
    answer = await site.client.get("/readyz", headers=NO_KEY)
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "problems": [], "warnings": ["CDRs wait in the journal"]}


async def test_not_ready_is_503_and_says_why(site: Site) -> None:
    site.centre.now = Health(ready=False, problems=["no operator is registered"])
    answer = await site.client.get("/readyz", headers=NO_KEY)
    assert answer.status_code == 503
    assert answer.json()["problems"] == ["no operator is registered"]
