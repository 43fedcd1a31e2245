"""Signing in over REST, and what people may do with their own."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from tests.access.conftest import BUDI, SITI, person
from tests.api.centre import CALL_ID
from tests.api.conftest import Site
from tests.api.test_access import is_problem

from ntpd112.access import Gate, passwords
from ntpd112.access.buckets import Buckets
from ntpd112.api.metrics import AccessCollector
from ntpd112.cdr.directory import Directory

PASSWORD, OTHER = "perahu kertas 77", "kertas perahu 78"
OPERATOR = BUDI
"Siti is a supervisor."


@pytest.fixture(autouse=True)
async def people(site: Site) -> None:
    await Directory(site.engine).put([person(SITI, role="supervisor"), person(BUDI)])
    for operator in (SITI, BUDI):
        await site.gate.sign_in.set_password(operator, PASSWORD)


async def sign_in(site: Site, operator: str = SITI, password: str = PASSWORD) -> httpx.Response:
    body = {"operator": operator, "password": password}
    return await site.client.post("/api/v1/sessions", json=body, headers={"Authorization": ""})


async def bearer(site: Site, operator: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await sign_in(site, operator)).json()['token']}"}


async def test_who_signs_in_is_told_who_they_are_until_they_sign_out(site: Site) -> None:
    answer = await sign_in(site)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    headers = {"Authorization": f"Bearer {made.pop('token')}"}
    assert made["operator"] == SITI
    assert made["scopes"] == ["calls:control", "calls:read", "cdr:read", "operators:write"]
    current = await site.client.get("/api/v1/sessions/current", headers=headers)
    assert current.json() == made
    assert (await site.client.delete("/api/v1/sessions/current", headers=headers)).status_code == 204
    assert is_problem(await site.client.get("/api/v1/sessions/current", headers=headers), 401)


@pytest.mark.parametrize("operator", [SITI, "nobody"])
async def test_a_wrong_password_and_an_unknown_name_are_the_same_answer(site: Site, operator: str) -> None:
    answer = await sign_in(site, operator, OTHER)
    assert is_problem(answer, 401)
    assert answer.json()["detail"] == "operator or password is wrong"


async def test_who_guesses_is_told_when_to_try_again(site: Site) -> None:
    site.gate.sign_in._of_accounts = Buckets(rate=0.1, burst=1)
    await sign_in(site, password=OTHER)
    answer = await sign_in(site, password=OTHER)
    assert is_problem(answer, 429)
    assert answer.headers["retry-after"] == "10"


async def test_more_than_can_be_looked_at_is_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 0)
    answer = await sign_in(site)
    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"operator": "\0", "password": PASSWORD}, "operator"),
        ({"operator": SITI, "password": "x" * 257}, "password"),
        ({"operator": SITI, "password": 7}, "password"),
        ({"operator": SITI}, "password"),
    ],
)
async def test_what_is_wrong_is_named_and_not_repeated(site: Site, body: dict[str, Any], named: str) -> None:
    answer = await site.client.post("/api/v1/sessions", json=body)
    assert is_problem(answer, 422)
    assert [error["name"] for error in answer.json()["errors"]] == [named]
    assert "xxx" not in answer.text


class TestOwn:
    """What an operator may without a scope."""

    async def test_their_state_and_no_other_s(self, site: Site) -> None:
        headers, body = await bearer(site, BUDI), {"state": "break"}
        own = await site.client.put("/api/v1/operators/budi/state", json=body, headers=headers)
        assert own.status_code == 200
        other = await site.client.put("/api/v1/operators/siti/state", json=body, headers=headers)
        assert is_problem(other, 403)
        assert other.json()["detail"] == 'operator "budi" lacks the scope operators:write'
        assert site.centre.changed == [("budi", "break", "operator:budi")]

    async def test_the_call_they_are_in_and_no_other(self, site: Site) -> None:
        headers, path = await bearer(site, BUDI), f"/api/v1/calls/{CALL_ID}/hold"
        assert is_problem(await site.client.post(path, headers=headers), 403)
        site.centre.has_call = BUDI
        assert (await site.client.post(path, headers=headers)).status_code == 200
        assert site.centre.commands.told == [("hold", "operator:budi")]
        body = {"supervisor": BUDI, "mode": "listen"}
        listening = await site.client.post(f"/api/v1/calls/{CALL_ID}/supervise", json=body, headers=headers)
        assert is_problem(listening, 403)

    async def test_the_classification_also_of_the_call_they_were_in_last(self, site: Site) -> None:
        headers, path = await bearer(site, BUDI), f"/api/v1/calls/{CALL_ID}/classification"
        body = {"classification": "ghost"}
        assert is_problem(await site.client.put(path, json=body, headers=headers), 403)
        site.centre.last_calls[BUDI] = CALL_ID
        assert (await site.client.put(path, json=body, headers=headers)).status_code == 200
        assert site.centre.classified == [(CALL_ID, "ghost", "operator:budi")]

    async def test_a_key_of_an_operator_s_name_has_none(self, site: Site) -> None:
        site.centre.has_call = BUDI
        headers = {"Authorization": f"Bearer {await site.keys.add(BUDI, ['calls:read'])}"}
        answer = await site.client.post(f"/api/v1/calls/{CALL_ID}/hold", headers=headers)
        assert is_problem(answer, 403)

    async def test_a_call_that_is_not_there_is_nobody_s(self, site: Site) -> None:
        answer = await site.client.post("/api/v1/calls/nosuch/hold", headers=await bearer(site, BUDI))
        assert is_problem(answer, 403)

    async def test_their_account_and_no_other_s(self, site: Site) -> None:
        headers = await bearer(site, BUDI)
        own = (await site.client.get("/api/v1/operators/budi/account", headers=headers)).json()
        assert (own["name"], own["role"]) == ("Budi", "operator")
        assert own["password_set_at"]
        assert is_problem(await site.client.get("/api/v1/operators/siti/account", headers=headers), 403)


class TestPasswords:
    async def put(
        self, site: Site, operator: str, body: dict[str, str], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await site.client.put(f"/api/v1/operators/{operator}/password", json=body, headers=headers)

    async def test_one_s_own_is_changed_with_the_old_one_and_ends_the_session(self, site: Site) -> None:
        headers = await bearer(site, BUDI)
        wrong = await self.put(site, BUDI, {"password": OTHER, "old": OTHER}, headers)
        assert is_problem(wrong, 403)
        missing = await self.put(site, BUDI, {"password": OTHER}, headers)
        assert is_problem(missing, 422)
        assert missing.json()["errors"][0]["name"] == "old"
        changed = await self.put(site, BUDI, {"password": OTHER, "old": PASSWORD}, headers)
        assert changed.status_code == 204
        assert is_problem(await site.client.get("/api/v1/sessions/current", headers=headers), 401)
        assert (await sign_in(site, BUDI, OTHER)).status_code == 201

    async def test_another_s_is_set_by_an_administrator_only(self, site: Site) -> None:
        body = {"password": OTHER}
        assert is_problem(await self.put(site, SITI, body, await bearer(site, BUDI)), 403)
        assert (await self.put(site, SITI, body)).status_code == 204
        assert (await sign_in(site, SITI, OTHER)).status_code == 201
        assert is_problem(await self.put(site, "nobody", body), 404)

    async def test_a_short_one_is_refused(self, site: Site) -> None:
        answer = await self.put(site, SITI, {"password": "short"})
        assert is_problem(answer, 422)
        assert answer.json()["errors"][0]["name"] == "password"


class TestRoles:
    async def test_a_role_counts_at_once_for_who_is_signed_in(self, site: Site) -> None:
        headers = await bearer(site, BUDI)
        answer = await site.client.put("/api/v1/operators/budi/role", json={"role": "admin"})
        assert answer.json()["role"] == "admin"
        assert (await site.client.get("/api/v1/keys", headers=headers)).status_code == 200

    async def test_nobody_has_none(self, site: Site) -> None:
        answer = await site.client.put("/api/v1/operators/nobody/role", json={"role": "admin"})
        assert is_problem(answer, 404)
        assert is_problem(await site.client.get("/api/v1/operators/nobody/account"), 404)

    async def test_other_roles_are_refused(self, site: Site) -> None:
        answer = await site.client.put("/api/v1/operators/budi/role", json={"role": "god"})
        assert is_problem(answer, 422)


async def test_metrics_tell_who_was_let_in_and_who_was_refused(site: Site) -> None:
    await sign_in(site)
    await sign_in(site, password=OTHER)
    await site.client.get("/api/v1/calls", headers={"Authorization": "Bearer guess"})
    lines = metrics(site.gate)
    assert 'ntpd112_sign_ins_total{result="right"} 1.0' in lines
    assert 'ntpd112_sign_ins_total{result="wrong"} 1.0' in lines
    assert 'ntpd112_requests_refused_total{why="unknown"} 1.0' in lines
    assert 'ntpd112_requests_refused_total{why="rate"} 0.0' in lines
    assert "ntpd112_sessions 1.0" in lines
    assert "ntpd112_api_keys_ending 0.0" in lines


def metrics(gate: Gate) -> list[str]:
    registry = CollectorRegistry()
    registry.register(AccessCollector(gate))
    return generate_latest(registry).decode().splitlines()
