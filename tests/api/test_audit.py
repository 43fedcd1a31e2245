"""What the API writes into the audit log, and shows of it."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from tests.api.centre import CALL_ID, PRANKSTER
from tests.api.conftest import Site, call_id

from ntpd112.api import audited, models
from ntpd112.api.audited import READS
from ntpd112.audit import verify

RECORDING = f"/api/v1/cdrs/{call_id(2)}/recording"


async def entries(site: Site, query: str = "") -> list[dict[str, Any]]:
    """The newest first, without those of looking. What was noted before is written with the first look."""
    await site.client.get("/api/v1/audit")
    answer = await site.client.get(
        f"/api/v1/audit?limit=500&{query}", headers=site.bearer(scope="audit:read")
    )
    page = models.AuditPageOut.model_validate(answer.json())
    assert page.next_cursor is None
    return [item for item in answer.json()["items"] if item["action"] != "GET /audit"]


async def break_file(site: Site) -> None:
    """From now on nothing can be written."""
    await site.client.get("/api/v1/audit")
    with sqlite3.connect(site.audit.path) as connection:
        connection.execute("ALTER TABLE entries RENAME TO kept")
    connection.close()


def write_recording(site: Site) -> None:
    file = site.recordings / "2025" / f"{call_id(2)}.wav"
    file.parent.mkdir()
    file.write_bytes(b"RIFF" + bytes(1000))


async def test_a_change_is_recorded_with_who_what_and_what_came_of_it(site: Site) -> None:
    await site.client.put(
        "/api/v1/operators/siti/state", json={"state": "break"}, headers=site.bearer(scope="operators:write")
    )
    (entry,) = await entries(site)
    assert entry["who"] == "api:operators-write"
    assert entry["address"] == "127.0.0.1"
    assert entry["action"] == "PUT /operators/{id}/state"
    assert entry["subject"] == "siti"
    assert entry["outcome"] == "200"
    assert entry["detail"] == {"state": "break"}


async def test_what_is_refused_is_recorded_too(site: Site) -> None:
    path = "/api/v1/operators/siti/state"
    await site.client.put(path, json={"state": "break"}, headers=site.bearer(scope="cdr:read"))
    await site.client.put(path, json={"state": "asleep"})
    await site.client.put(path, json={"state": "break"}, headers={"Authorization": "Bearer wrong"})
    outcomes = [(entry["who"], entry["outcome"]) for entry in await entries(site)]
    assert outcomes == [("", "401"), ("api:admin", "422"), ("api:cdr-read", "403")]


async def test_an_error_of_the_program_is_recorded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(site.centre, "set_operator_state", broken)
    with pytest.raises(RuntimeError):
        await site.client.put("/api/v1/operators/siti/state", json={"state": "break"})
    assert [entry["outcome"] for entry in await entries(site)] == ["500"]


async def test_reading_is_not_recorded_but_for_recordings_and_the_log_itself(site: Site) -> None:
    for path in ("calls", "cdrs", f"cdrs/{call_id(2)}", "callers", f"callers/{PRANKSTER.number}", "audit"):
        assert (await site.client.get(f"/api/v1/{path}")).status_code == 200
    looks = await site.client.get("/api/v1/audit", headers=site.bearer(scope="audit:read"))
    assert [(item["who"], item["action"]) for item in looks.json()["items"]] == [("api:admin", "GET /audit")]


async def test_every_path_that_needs_a_recording_s_scope_is_recorded(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    sounds = {
        path
        for path, methods in document["paths"].items()
        if "audio/wav" in methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    }
    assert sounds - {"/api/v1/prompts/{language}/{name}"} == READS - {"/api/v1/audit"}


async def test_each_route_that_changes_something_is_recorded(site: Site) -> None:
    """Without a key: each is refused, and recorded, in the one place that does it."""
    changing = [
        (method.upper(), path)
        for path, methods in site.app.openapi()["paths"].items()
        for method in methods.keys() - {"get"}
    ]
    for method, path in changing:
        where = path.replace("{leg}", "1001").replace("{language}", "id")
        await site.client.request(method, where, headers={"Authorization": "Bearer wrong"})
    recorded = {entry["action"] for entry in await entries(site)}
    assert recorded == {f"{method} {path.removeprefix('/api/v1')}" for method, path in changing}
    assert len(recorded) > 20


async def test_a_password_in_a_body_is_never_recorded(site: Site) -> None:
    body = {"state": "break", "password": "secret", "old": "secret"}
    await site.client.put("/api/v1/operators/siti/state", json=body)
    (entry,) = await entries(site)
    assert "secret" not in str(entry)
    assert entry["detail"] == {"state": "break"}


async def test_a_command_that_was_sent_twice_and_done_once_is_recorded_as_that(site: Site) -> None:
    for _ in range(2):
        headers = {"Idempotency-Key": "abc"}
        await site.client.post(f"/api/v1/calls/{CALL_ID}/lift", headers=headers)
    assert [entry["detail"] for entry in await entries(site)] == [{"replayed": True}, {}]


async def test_half_a_character_in_a_body_or_path_does_no_harm(site: Site) -> None:
    content = b'{"on": true, "reason": "\\ud800"}'
    await site.client.put("/api/v1/flood", content=content, headers={"Content-Type": "application/json"})
    await site.client.put("/api/v1/operators/%ff%00/state", json={"state": "break"})
    assert len(await entries(site)) == 2
    assert not verify(site.audit.path).wrong


async def test_strangers_cannot_fill_the_log(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audited, "STRANGERS_A_MINUTE", 3)
    for _ in range(10):
        await site.client.put("/api/v1/flood", headers={"Authorization": "Bearer wrong"})
    assert len(await entries(site)) == 3
    monkeypatch.setattr(audited, "MINUTE_S", 0.0)
    await site.client.put("/api/v1/flood", headers={"Authorization": "Bearer wrong"})
    assert (await entries(site))[0]["detail"] == {"not_recorded": 7}


class TestRecording:
    async def test_is_recorded_with_what_was_sent(self, site: Site) -> None:
        write_recording(site)
        headers = site.bearer(scope="recordings:read")
        await site.client.get(RECORDING, headers=headers)
        await site.client.get(RECORDING, headers={**headers, "Range": "bytes=0-3"})
        await site.client.get(RECORDING, headers=site.bearer(scope="cdr:read"))
        refused, part, whole = await entries(site, f"subject={call_id(2)}")
        assert (whole["who"], whole["outcome"], whole["detail"]) == ("api:recordings-read", "200", {})
        assert (part["outcome"], part["detail"]) == ("206", {"range": "bytes 0-3/1004"})
        assert (refused["who"], refused["outcome"]) == ("api:cdr-read", "403")

    async def test_is_not_sent_when_that_cannot_be_recorded(self, site: Site) -> None:
        write_recording(site)
        await break_file(site)
        answer = await site.client.get(RECORDING)
        assert answer.status_code == 503
        assert b"RIFF" not in answer.content
        assert "audit log" in answer.json()["detail"]

    async def test_while_commands_to_calls_go_on_and_are_recorded_later(self, site: Site) -> None:
        await break_file(site)
        answer = await site.client.post(f"/api/v1/calls/{CALL_ID}/lift")
        assert answer.status_code == 200
        assert site.centre.steering.wanted == [("lift", "api:admin")]
        with sqlite3.connect(site.audit.path) as connection:
            connection.execute("ALTER TABLE kept RENAME TO entries")
        connection.close()
        site.audit.close()
        assert not verify(site.audit.path).wrong
        assert verify(site.audit.path).entries == 2


class TestReading:
    async def test_filters_combine(self, site: Site) -> None:
        for operator in ("siti", "budi"):
            await site.client.put(f"/api/v1/operators/{operator}/state", json={"state": "break"})
        await site.client.put("/api/v1/flood", json={"on": True})
        assert len(await entries(site, "who=api:admin")) == 3
        assert len(await entries(site, "action=PUT /operators/{id}/state")) == 2
        assert len(await entries(site, "action=PUT /operators/{id}/state&subject=siti")) == 1
        assert len(await entries(site, "who=api:nobody")) == 0
        assert len(await entries(site, "from=2026-01-01")) == 3
        assert len(await entries(site, "to=2026-01-01")) == 0

    async def test_pages_go_on_by_cursor_while_entries_arrive(self, site: Site) -> None:
        for _ in range(3):
            await site.client.put("/api/v1/flood", json={"on": True})
        await entries(site)  # what was noted is written
        query = "/api/v1/audit?action=PUT /flood&limit=2"
        first = (await site.client.get(query)).json()
        await site.client.put("/api/v1/flood", json={"on": False})
        second = (await site.client.get(f"{query}&cursor={first['next_cursor']}")).json()
        seqs = [item["seq"] for page in (first, second) for item in page["items"]]
        assert seqs == [3, 2, 1]
        assert second["next_cursor"] is None

    @pytest.mark.parametrize("query", ["cursor=x", "limit=0", "from=yesterday", "operator=siti"])
    async def test_what_is_not_understood_is_422(self, site: Site, query: str) -> None:
        assert (await site.client.get(f"/api/v1/audit?{query}")).status_code == 422
