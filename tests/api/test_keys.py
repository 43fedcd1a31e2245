"""API keys over REST, and how often one may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from tests.api.conftest import Site
from tests.api.test_access import is_problem

from ntpd112.access import SCOPES
from ntpd112.access.buckets import Buckets
from ntpd112.access.principal import ROLE_SCOPES
from ntpd112.api.models.access import Role, Scope
from ntpd112.cdr.directory import ROLES

IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)


def key(name: str = "report", **more: Any) -> dict[str, Any]:
    return {"name": name, "scopes": ["cdr:read", "calls:read"], **more}


async def test_a_key_is_shown_once_works_and_is_listed_without_its_text(site: Site) -> None:
    made = await site.client.post("/api/v1/keys", json=key(expires_at=IN_A_MONTH.isoformat()))
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    text = made.json()["key"]
    used = await site.client.get("/api/v1/calls", headers={"Authorization": f"Bearer {text}"})
    assert used.status_code == 200

    answer = await site.client.get("/api/v1/keys")
    assert text not in answer.text
    (listed,) = [one for one in answer.json() if one["name"] == "report"]
    assert listed["scopes"] == ["calls:read", "cdr:read"]
    assert datetime.fromisoformat(listed["expires_at"]) == IN_A_MONTH
    assert listed["last_address"] == "127.0.0.1"
    assert listed["last_used_at"] > listed["created_at"]
    assert listed["revoked_at"] is None


async def test_a_withdrawn_key_is_refused_at_once_and_stays_listed(site: Site) -> None:
    text = (await site.client.post("/api/v1/keys", json=key())).json()["key"]
    assert (await site.client.delete("/api/v1/keys/report")).status_code == 204
    used = await site.client.get("/api/v1/calls", headers={"Authorization": f"Bearer {text}"})
    assert is_problem(used, 401)
    (listed,) = [one for one in (await site.client.get("/api/v1/keys")).json() if one["name"] == "report"]
    assert listed["revoked_at"]
    assert is_problem(await site.client.delete("/api/v1/keys/report"), 404)


def test_what_is_documented_to_be_given_is_what_there_is() -> None:
    assert get_args(Scope) == tuple(SCOPES)
    assert get_args(Role) == ROLES == tuple(ROLE_SCOPES)


async def test_a_name_is_used_once(site: Site) -> None:
    await site.client.post("/api/v1/keys", json=key())
    answer = await site.client.post("/api/v1/keys", json=key())
    assert is_problem(answer, 409)
    assert '"report" was made before' in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (key("two words"), "name"),
        (key(scopes=[]), "scopes"),
        (key(scopes=["cdr:write"]), "scopes.0"),
        (key(scopes=["admin", "numbers:masked"]), "scopes"),
        (key(expires_at=1_900_000_000), "expires_at"),
        (key(expires_at="2030-01-01T00:00:00"), "expires_at"),
        (key(expires_at="2020-01-01T00:00:00Z"), "expires_at"),
        (key(expires_at="9999-12-31T23:59:59-12:00"), "expires_at"),
        (key(expires_at="0001-01-01T00:00:00+12:00"), "expires_at"),
        (key(forever=True), "forever"),
    ],
)
async def test_what_is_wrong_is_named(site: Site, body: dict[str, Any], named: str) -> None:
    answer = await site.client.post("/api/v1/keys", json=body)
    assert is_problem(answer, 422)
    assert [error["name"] for error in answer.json()["errors"]] == [named]


@pytest.mark.parametrize(("days", "status"), [(None, 403), (31, 403), (30, 201)])
async def test_a_key_that_ends_makes_none_that_outlives_it(site: Site, days: int | None, status: int) -> None:
    text = await site.keys.add("deputy", ["admin"], IN_A_MONTH)
    end = IN_A_MONTH + timedelta(days=days - 30) if days else None
    body = key(expires_at=end.isoformat()) if end else key()
    answer = await site.client.post("/api/v1/keys", json=body, headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == status, answer.text


class TestRate:
    async def test_who_asks_too_often_is_told_when_to_come_again(self, site: Site) -> None:
        site.gate._rates = Buckets(rate=0.1, burst=2)
        answers = [await site.client.get("/api/v1/calls") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert is_problem(answers[2], 429)
        assert answers[2].json()["detail"] == "too many requests of api:admin: try again in 10 s"
        assert answers[2].headers["retry-after"] == "10"
        other = await site.client.get("/api/v1/calls", headers=site.bearer(scope="calls:read"))
        assert other.status_code == 200

    async def test_each_answer_says_what_is_left(self, site: Site) -> None:
        site.gate._rates = Buckets(rate=0.1, burst=2)
        answer = await site.client.get("/api/v1/calls")
        assert answer.headers["ratelimit-policy"] == '"default";q=2;w=20'
        assert answer.headers["ratelimit"] == '"default";r=1;t=10'
        missing = await site.client.get("/api/v1/calls/nosuch")
        assert missing.status_code == 404
        assert missing.headers["ratelimit"].startswith('"default";r=0;')

    async def test_without_a_limit_nothing_is_said(self, site: Site) -> None:
        site.gate._rates = None
        assert "ratelimit" not in (await site.client.get("/api/v1/calls")).headers

    async def test_health_and_metrics_have_none(self, site: Site) -> None:
        site.gate._rates = Buckets(rate=0.1, burst=1)
        for path in ("/healthz", "/readyz", "/metrics") * 2:
            answer = await site.client.get(path)
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers

    async def test_wrong_keys_are_braked_and_a_right_one_from_the_same_address_is_not(
        self, site: Site
    ) -> None:
        site.gate._strangers = Buckets(rate=0.1, burst=2)
        wrong = {"Authorization": "Bearer guess"}
        answers = [await site.client.get("/api/v1/calls", headers=wrong) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert answers[2].headers["retry-after"] == "10"
        assert (await site.client.get("/api/v1/calls")).status_code == 200
