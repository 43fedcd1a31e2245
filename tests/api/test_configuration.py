"""The configuration is read again."""

from __future__ import annotations

from tests.api.conftest import Site

from ntpd112.api.models import ReloadedOut
from ntpd112.api.routes.configuration import Changed, NotReloaded, Reloaded, cannot

URL = "/api/v1/config/reload"


async def test_a_reload_answers_with_what_has_changed(site: Site) -> None:
    by: list[str] = []

    async def reload(who: str) -> Reloaded:
        by.append(who)
        return Reloaded([Changed("trunk.pbx.max_calls", 30, 60)], ["no region"])

    site.app.state.reload = reload
    answer = await site.client.post(URL)
    assert answer.status_code == 200
    assert ReloadedOut.model_validate(answer.json()).warnings == ["no region"]
    assert answer.json()["changes"] == [{"path": "trunk.pbx.max_calls", "was": 30, "now": 60}]
    assert by == ["api:admin"]


async def test_a_refusal_lists_the_problems(site: Site) -> None:
    async def reload(who: str) -> Reloaded:
        raise NotReloaded(["a.toml:3: one", "two"])

    site.app.state.reload = reload
    answer = await site.client.post(URL)
    assert (answer.status_code, answer.json()["problems"]) == (409, ["a.toml:3: one", "two"])


async def test_an_agent_whose_configuration_comes_from_no_file_says_so(site: Site) -> None:
    site.app.state.reload = cannot
    answer = await site.client.post(URL)
    assert (answer.status_code, "no file" in answer.json()["detail"]) == (409, True)
