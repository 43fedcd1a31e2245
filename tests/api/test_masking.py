"""A key that may not see whose calls are whose: nothing it is shown says so, nor can it ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.centre import CALL_ID, PRANKSTER
from tests.api.conftest import Site, call_id
from tests.cdr.calls import answered

from ntpd112.access.masking import AS_THEY_ARE, masked
from ntpd112.api.following import masked_message
from ntpd112.calls.views import StateConflict

PLANTED = ("+628123456789", "08123456789", "sip:628123456789@10.1.0.5")
SECRET = "3456"
"In the middle of every number of the tests."


@pytest.fixture
async def headers(site: Site) -> dict[str, str]:
    scopes = ["calls:read", "cdr:read", "calls:control", "recordings:read", "audit:read", "numbers:masked"]
    return {"Authorization": f"Bearer {await site.keys.add('wallboard', scopes)}"}


def journal_call(site: Site) -> str:
    """An answered call in the journal; returns its id."""
    for event in answered(CALL_ID):
        site.journal.append(event)
    site.journal.commit()
    site.app.state.history = lambda of: [stored.event for stored in site.journal.read_call(of)]
    return CALL_ID


READ = [
    "calls",
    f"calls/{CALL_ID}",
    "cdrs",
    f"cdrs/{call_id(2)}",
    "callbacks",
    "callers",
    f"calls/{CALL_ID}/why",
    f"calls/{CALL_ID}/events",
]


@pytest.mark.parametrize("path", READ)
async def test_numbers_are_masked_wherever_they_are_shown(
    site: Site, headers: dict[str, str], path: str
) -> None:
    journal_call(site)
    plain = await site.client.get(f"/api/v1/{path}")
    shown = await site.client.get(f"/api/v1/{path}", headers=headers)
    assert (plain.status_code, shown.status_code) == (200, 200)
    assert SECRET in plain.text
    assert SECRET not in shown.text
    assert "+62812****789" in shown.text
    assert set(_paths(json.loads(plain.text))) >= set(_paths(json.loads(shown.text)))


def _paths(value: Any, before: str = "") -> Iterator[str]:
    """Where there is something."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _paths(item, f"{before}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, f"{before}[]")
    yield before


@pytest.mark.parametrize("kind", ["text/csv", "application/x-ndjson"])
async def test_exports_too(site: Site, headers: dict[str, str], kind: str) -> None:
    answer = await site.client.get("/api/v1/cdrs", headers={**headers, "Accept": kind})
    assert answer.text.count("+62812****789") == 5
    assert SECRET not in answer.text
    assert "-7.25" not in answer.text


def test_a_message_is_masked_once_for_all_who_follow() -> None:
    masked_message.cache_clear()
    text = '{"position":"1.a","type":"call.started","caller":"+628123456789"}'
    assert masked_message(text) is masked_message(text)


async def test_the_audit_log_is_masked(site: Site, headers: dict[str, str]) -> None:
    await site.client.put(f"/api/v1/callers/{PRANKSTER.number}/standing", json={"standing": "clean"})
    await site.client.get("/api/v1/audit")
    answer = await site.client.get("/api/v1/audit", headers=headers)
    assert "+62812****789" in answer.text
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "cdrs?caller=%2B628123456789"),
        ("GET", "cdrs?caller=%2B62000"),
        ("GET", "cdrs?caller="),
        ("GET", f"callers/{PRANKSTER.number}"),
        ("GET", "callers/+62000"),
        ("PUT", f"callers/{PRANKSTER.number}/standing"),
        ("GET", f"cdrs/{call_id(2)}/recording"),
    ],
)
async def test_it_cannot_ask_by_number_nor_hear(
    site: Site, headers: dict[str, str], method: str, path: str
) -> None:
    """Whether there is such a caller or not, the answer is the same: nothing can be found out by trying."""
    body = {"standing": "clean"} if method == "PUT" else None
    answer = await site.client.request(method, f"/api/v1/{path}", headers=headers, json=body)
    assert answer.status_code == 403
    assert "numbers:masked" in answer.json()["detail"]


async def test_an_error_s_words_are_masked_too(
    site: Site, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise StateConflict("another one calls +628123456789")

    monkeypatch.setattr(site.centre.callbacks, "call", refused)
    path = f"/api/v1/callbacks/{CALL_ID}/call"
    answer = await site.client.post(path, headers=headers, json={"operator": "siti"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "another one calls +62812****789")


async def test_no_field_of_any_answer_lets_a_number_through(site: Site) -> None:
    """Each text of each documented answer, with a number in it: what is added later is masked as well."""
    document = site.app.openapi()
    checked = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                schema = response.get("content", {}).get("application/json", {}).get("schema")
                if schema and status < "300":
                    for planted in PLANTED:
                        shown = masked(_sample(document, schema, planted))
                        assert SECRET not in json.dumps(shown), (operation["summary"], shown)
                    checked += 1
    assert checked > 30


def _sample(document: dict[str, Any], schema: dict[str, Any], planted: str, name: str = "") -> Any:
    """A value of the schema, with `planted` as every text."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for option in schema.get("anyOf", []):
        if option.get("type") != "null":
            return _sample(document, option, planted, name)
    if name in AS_THEY_ARE or "enum" in schema or "const" in schema:
        return None
    match schema.get("type"):
        case "object":
            made = {
                key: _sample(document, item, planted, key)
                for key, item in schema.get("properties", {}).items()
            }
            more = schema.get("additionalProperties")
            if more:
                made["more"] = planted if more is True else _sample(document, more, planted)
            return made
        case "array":
            return [_sample(document, schema["items"], planted, name)]
        case "string" | None:
            return planted
    return 0
