"""Keys, scopes, errors and limits, over every path of the API."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping

import httpx
import pytest
from tests.api.centre import CALL_ID, PRANKSTER
from tests.api.conftest import Site
from tests.api.hooks import DELIVERY

from ntpd112.access import SCOPES
from ntpd112.api.limits import MAX_BODY_BYTES, Limits
from ntpd112.media.prompts import FOLDER

NEEDS = {
    ("GET", "/api/v1/calls"): "calls:read",
    ("GET", "/api/v1/calls/{id}"): "calls:read",
    ("GET", "/api/v1/calls/{id}/events"): "calls:read",
    ("GET", "/api/v1/calls/{id}/why"): "calls:read",
    ("PUT", "/api/v1/calls/{id}/classification"): "calls:control",
    ("GET", "/api/v1/callbacks"): "calls:read",
    ("POST", "/api/v1/callbacks/{id}/call"): "calls:control",
    ("PUT", "/api/v1/callbacks/{id}"): "calls:control",
    ("POST", "/api/v1/calls/{id}/lift"): "calls:control",
    ("PUT", "/api/v1/calls/{id}/priority"): "calls:control",
    ("PUT", "/api/v1/calls/{id}/requirements"): "calls:control",
    ("POST", "/api/v1/calls/{id}/pull"): "calls:control",
    ("POST", "/api/v1/calls/{id}/climb"): "calls:control",
    ("POST", "/api/v1/calls/{id}/hold"): "calls:control",
    ("POST", "/api/v1/calls/{id}/resume"): "calls:control",
    ("POST", "/api/v1/calls/{id}/transfer"): "calls:control",
    ("POST", "/api/v1/calls/{id}/transfer/complete"): "calls:control",
    ("POST", "/api/v1/calls/{id}/transfer/cancel"): "calls:control",
    ("POST", "/api/v1/calls/{id}/transfer/conference"): "calls:control",
    ("POST", "/api/v1/calls/{id}/parties"): "calls:control",
    ("DELETE", "/api/v1/calls/{id}/parties/{leg}"): "calls:control",
    ("POST", "/api/v1/calls/{id}/hangup"): "calls:control",
    ("POST", "/api/v1/calls/{id}/supervise"): "calls:control",
    ("PUT", "/api/v1/calls/{id}/supervise"): "calls:control",
    ("GET", "/api/v1/cdrs"): "cdr:read",
    ("GET", "/api/v1/cdrs/{id}"): "cdr:read",
    ("GET", "/api/v1/cdrs/{id}/recording"): "recordings:read",
    ("GET", "/api/v1/cdrs/{id}/hold"): "cdr:read",
    ("PUT", "/api/v1/cdrs/{id}/hold"): "holds:write",
    ("DELETE", "/api/v1/cdrs/{id}/hold"): "holds:write",
    ("GET", "/api/v1/holds"): "cdr:read",
    ("GET", "/api/v1/reports/daily"): "cdr:read",
    ("GET", "/api/v1/reports/monthly"): "cdr:read",
    ("GET", "/api/v1/events"): "calls:read",
    ("GET", "/api/v1/callers"): "calls:read",
    ("GET", "/api/v1/callers/{number}"): "calls:read",
    ("PUT", "/api/v1/callers/{number}/standing"): "calls:control",
    ("GET", "/api/v1/levels"): "calls:read",
    ("GET", "/api/v1/levels/intervals"): "calls:read",
    ("GET", "/api/v1/prompts"): "calls:read",
    ("GET", "/api/v1/prompts/{language}/{name}"): "calls:read",
    ("PUT", "/api/v1/prompts/{language}/{name}"): "prompts:write",
    ("DELETE", "/api/v1/prompts/{language}/{name}"): "prompts:write",
    ("GET", "/api/v1/operators"): "calls:read",
    ("GET", "/api/v1/operators/{id}"): "calls:read",
    ("PUT", "/api/v1/operators/{id}/state"): "operators:write",
    ("GET", "/api/v1/operators/{id}/account"): "admin",
    ("PUT", "/api/v1/operators/{id}/password"): "admin",
    ("PUT", "/api/v1/operators/{id}/role"): "admin",
    ("GET", "/api/v1/keys"): "admin",
    ("POST", "/api/v1/keys"): "admin",
    ("DELETE", "/api/v1/keys/{name}"): "admin",
    ("GET", "/api/v1/queues"): "calls:read",
    ("GET", "/api/v1/trunks"): "calls:read",
    ("PUT", "/api/v1/trunks/{name}/maintenance"): "admin",
    ("POST", "/api/v1/trunks/{name}/test"): "admin",
    ("POST", "/api/v1/trunks/{name}/test-calls"): "admin",
    ("GET", "/api/v1/trunks/{name}/test-calls/{id}"): "admin",
    ("DELETE", "/api/v1/trunks/{name}/test-calls/{id}"): "admin",
    ("GET", "/api/v1/audit"): "audit:read",
    ("GET", "/api/v1/flood"): "calls:read",
    ("PUT", "/api/v1/flood"): "calls:control",
    ("POST", "/api/v1/config/reload"): "admin",
    ("GET", "/api/v1/webhooks"): "admin",
    ("GET", "/api/v1/webhooks/{name}/dead"): "admin",
    ("POST", "/api/v1/webhooks/{name}/dead/resend"): "admin",
    ("POST", "/api/v1/webhooks/{name}/dead/{delivery}/resend"): "admin",
    ("POST", "/api/v1/webhooks/{name}/test"): "admin",
}
WELCOME = FOLDER / "id" / "welcome.wav"
OPEN = [("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("POST", "/api/v1/sessions")]
PERSONAL = [("GET", "/api/v1/sessions/current"), ("DELETE", "/api/v1/sessions/current")]
"For people, whatever their scopes."
BODIES: dict[str, dict[str, object]] = {
    "classification": {"classification": "prank"},
    "state": {"state": "break"},
    "priority": {"priority": 0},
    "requirements": {"skills": {"medical": 1}},
    "call": {"operator": "siti"},
    "{id}": {"outcome": "reached"},
    "flood": {"on": True},
    "maintenance": {"on": True},
    "test-calls": {"to": "02150000000"},
    "pull": {"operator": "siti"},
    "standing": {"standing": "clean"},
    "hold": {"reason": "a letter"},
    "transfer": {"to": "operator:siti"},
    "parties": {"to": "operator:siti"},
    "keys": {"name": "another", "scopes": ["cdr:read"]},
    "password": {"password": "perahu kertas 77"},
    "role": {"role": "operator"},
    "supervise": {"supervisor": "siti", "mode": "listen"},
}
"By the last part of the path."


def routes(document: dict[str, dict[str, dict[str, object]]]) -> Iterator[tuple[str, str]]:
    for path, methods in document["paths"].items():
        for method in methods:
            yield method.upper(), path


async def send(
    site: Site, method: str, path: str, headers: Mapping[str, str] | Mapping[bytes, bytes]
) -> httpx.Response:
    body = BODIES.get(path.rpartition("/")[2])
    where = path.replace("{id}", "siti" if "operators" in path else CALL_ID)
    where = where.replace("{number}", PRANKSTER.number).replace("{language}/{name}", "id/welcome")
    where = where.replace("trunks/{name}", "trunks/pbx")
    where = where.replace("{leg}", "1001").replace("{name}", "dispatch").replace("{delivery}", DELIVERY)
    if method == "PUT" and where.endswith("id/welcome"):
        return await site.client.put(where, headers=headers, content=WELCOME.read_bytes())
    return await site.client.request(method, where, headers=headers, json=body)


def is_problem(answer: httpx.Response, status: int) -> bool:
    body = answer.json()
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    return {"type", "title", "detail"} <= set(body)


async def test_every_path_is_either_open_or_needs_one_scope(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    assert set(routes(document)) == {*NEEDS, *OPEN, *PERSONAL}


@pytest.mark.parametrize(("method", "path"), [*NEEDS, *PERSONAL])
async def test_without_or_with_a_wrong_key_it_is_401(site: Site, method: str, path: str) -> None:
    for authorization in (b"", b"Bearer wrong", b"Basic eDp5", b"Bearer", b"Bearer \xff"):
        answer = await send(site, method, path, {b"Authorization": authorization})
        assert is_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), NEEDS)
async def test_each_scope_but_the_one_needed_and_admin_is_403(site: Site, method: str, path: str) -> None:
    needed = NEEDS[method, path]
    await site.feed.stop()  # the live feed's answer would have no end
    for scope in SCOPES:
        answer = await send(site, method, path, site.bearer(scope=scope))
        if scope in (needed, "admin"):
            assert answer.status_code in (200, 201, 202, 404, 503)
        else:
            assert is_problem(answer, 403)
            assert needed in answer.json()["detail"]
            assert answer.json()["scope"] == needed


@pytest.mark.parametrize(("method", "path"), PERSONAL)
async def test_what_is_for_people_is_for_no_key(site: Site, method: str, path: str) -> None:
    answer = await send(site, method, path, site.bearer(scope="admin"))
    assert is_problem(answer, 403)
    assert answer.json()["detail"].startswith('API key "admin" is no session')


async def test_a_withdrawn_key_is_refused(site: Site) -> None:
    await site.keys.revoke("calls-read")
    answer = await site.client.get("/api/v1/calls", headers=site.bearer(scope="calls:read"))
    assert is_problem(answer, 401)


async def test_unknown_paths_and_methods_are_problem_documents(site: Site) -> None:
    assert is_problem(await site.client.get("/api/v1/nothing"), 404)
    assert is_problem(await site.client.get("/api/v1/calls/"), 404)
    answer = await site.client.delete("/api/v1/calls")
    assert is_problem(answer, 405)
    assert answer.headers["allow"] == "GET"
    assert answer.json()["detail"] == "DELETE is not possible at /api/v1/calls"


async def test_a_path_of_several_routes_allows_the_methods_of_all(site: Site) -> None:
    answer = await site.client.delete("/api/v1/flood")
    assert is_problem(answer, 405)
    assert answer.headers["allow"] == "GET, PUT"


@pytest.mark.parametrize(("method", "path"), [*NEEDS, *OPEN, *PERSONAL])
async def test_every_path_refuses_a_parameter_it_does_not_have_by_name(
    site: Site, method: str, path: str
) -> None:
    answer = await site.client.request(method, path, params={"colour": "red"}, json={})
    assert is_problem(answer, 422)
    assert answer.json()["detail"].startswith("query parameter `colour` is not known: ")
    assert answer.json()["errors"][0]["name"] == "colour"


async def test_the_document_that_knows_a_path_s_parameters_is_made_beside_the_loop_of_the_calls(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, threads = site.app.openapi, []

    def watched() -> dict[str, object]:
        threads.append(threading.current_thread())
        return make()

    site.app.openapi_schema = None
    monkeypatch.setattr(site.app, "openapi", watched)
    answer = await site.client.get("/api/v1/cdrs?limit=1")
    assert answer.status_code == 200
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize(
    "path", ["/api/v1/calls", "/healthz", "/readyz", "/metrics", "/api/v1/operators/siti"]
)
async def test_paths_without_parameters_refuse_any(site: Site, path: str) -> None:
    answer = await site.client.get(f"{path}?verbose=1")
    assert is_problem(answer, 422)
    assert answer.json()["detail"] == "query parameter `verbose` is not known: this path takes none"


async def test_a_body_that_is_no_json_is_422(site: Site) -> None:
    answer = await site.client.put(
        "/api/v1/operators/siti/state", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert is_problem(answer, 422)


async def test_a_body_that_is_no_text_is_422(site: Site) -> None:
    answer = await site.client.put(
        "/api/v1/operators/siti/state", content=b'"\xb5"', headers={"Content-Type": "application/json"}
    )
    assert is_problem(answer, 422)
    assert answer.json()["detail"] == "the body is not UTF-8"


async def test_answers_that_any_path_may_give_are_documented_for_each(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    for method, path in routes(document):
        documented = set(document["paths"][path][method.lower()]["responses"])
        assert {"408", "413", "503"} <= documented, path
        assert ("429" in documented) == (path.startswith("/api/")), path


class TestBodySize:
    async def test_a_large_body_is_refused_by_its_length(self, site: Site) -> None:
        answer = await site.client.put("/api/v1/operators/siti/state", content=b" " * (MAX_BODY_BYTES + 1))
        assert is_problem(answer, 413)

    async def test_and_without_a_length_while_it_comes(self, site: Site) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(MAX_BODY_BYTES // 1000 + 1):
                yield b" " * 1000

        answer = await site.client.put("/api/v1/operators/siti/state", content=pieces())
        assert is_problem(answer, 413)
        assert site.centre.changed == []


async def test_more_requests_than_the_limit_at_once_are_503(site: Site) -> None:
    limited = Limits(site.app, max_requests=0)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(limited), base_url="http://test") as client:
        answer = await client.get("/healthz")
    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == "1"


async def test_a_body_that_trickles_takes_nobody_s_place_and_is_given_up(site: Site) -> None:
    """Found with 100 of them, without a key even: /healthz answered 503 for as long as they liked."""
    limited = Limits(site.app, max_requests=1, body_s=0.2)
    arriving = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        arriving.set()
        await asyncio.Event().wait()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(limited), base_url="http://test") as client:
        slow = asyncio.create_task(client.put("/api/v1/operators/siti/state", content=trickle()))
        await arriving.wait()
        assert (await client.get("/healthz")).status_code == 200
        answer = await slow
    assert is_problem(answer, 408)
    assert answer.headers["connection"] == "close"


async def test_an_error_of_the_program_says_nothing_of_its_inside(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(site.centre, "calls", broken)
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/api/v1/calls", headers=site.bearer(scope="calls:read"))
    assert is_problem(answer, 500)
    assert "secret" not in answer.text


async def test_the_openapi_document_describes_what_every_path_may_refuse(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    for method, path in [*NEEDS, *PERSONAL]:
        operation = document["paths"][path][method.lower()]
        assert {"401", "403", "422"} <= set(operation["responses"])
    names = {parameter["name"] for parameter in document["paths"]["/api/v1/cdrs"]["get"]["parameters"]}
    assert {"from", "to", "cursor"} <= names
