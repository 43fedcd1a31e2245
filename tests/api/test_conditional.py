"""Who polls and has it already is told so in a few bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.api.centre import CALL_ID, FakeCentre
from tests.api.conftest import Site, call_id, cdr

from ntpd112.api.answers import ITEMS_AT_ONCE
from ntpd112.api.conditional import AGES, Tag
from ntpd112.calls.views import CallView
from ntpd112.cdr.store import Position

POLLED = [
    "/audit?subject=nobody",
    "/calls",
    f"/calls/{CALL_ID}",
    "/operators",
    "/operators/siti",
    "/queues",
    "/trunks",
    "/flood",
    "/callbacks",
    "/callers",
    "/levels",
    "/levels/intervals",
    "/cdrs?limit=2",
    f"/cdrs/{call_id(2)}",
    "/reports/daily",
    "/reports/monthly",
]


@pytest.mark.parametrize("path", POLLED)
async def test_what_was_had_already_is_304_without_a_body(site: Site, path: str) -> None:
    first = await site.client.get(f"/api/v1{path}")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await site.client.get(f"/api/v1{path}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await site.client.get(f"/api/v1{path}", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_304_is_documented_where_there_is_a_tag_and_nowhere_else(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    found = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if "304" in operation["responses"]
    }
    assert len(found) == len(POLLED)


async def test_a_call_that_only_waits_on_has_not_changed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await site.client.get("/api/v1/calls")
    later = [msgspec.structs.replace(call, waiting_s=60.0) for call in site.centre.calls()]
    monkeypatch.setattr(site.centre, "calls", lambda: later)
    headers = {"If-None-Match": first.headers["etag"]}
    assert (await site.client.get("/api/v1/calls", headers=headers)).status_code == 304
    rings = [msgspec.structs.replace(call, state="ringing") for call in later]
    monkeypatch.setattr(site.centre, "calls", lambda: rings)
    answer = await site.client.get("/api/v1/calls", headers=headers)
    assert (answer.status_code, answer.json()[0]["waiting_s"]) == (200, 60.0)


async def test_others_have_their_turn_while_thousands_of_calls_are_shown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes meanwhile is handled between two of them."""
    (call,) = site.centre.calls()
    handled: list[int] = []

    def calls() -> Iterator[CallView]:
        loop = asyncio.get_running_loop()
        for number in range(3 * ITEMS_AT_ONCE):
            if number % ITEMS_AT_ONCE == 0:
                assert len(handled) == number // ITEMS_AT_ONCE, "what came before is not handled yet"
                loop.call_soon(handled.append, number)
            yield call

    monkeypatch.setattr(site.centre, "calls", calls)
    answer = await site.client.get("/api/v1/calls")
    assert len(answer.json()) == 3 * ITEMS_AT_ONCE
    assert len(handled) == 3


async def test_a_new_cdr_makes_the_first_page_new_and_leaves_others(site: Site) -> None:
    first = await site.client.get("/api/v1/cdrs?limit=2")
    second_path = f"/api/v1/cdrs?limit=2&cursor={first.json()['next_cursor']}"
    second = await site.client.get(second_path)
    await site.store.write([cdr(9)], "cdrs", Position("j", 2))
    for path, before, status in (("/api/v1/cdrs?limit=2", first, 200), (second_path, second, 304)):
        answer = await site.client.get(path, headers={"If-None-Match": before.headers["etag"]})
        assert answer.status_code == status


async def test_an_export_has_no_tag_and_is_always_whole(site: Site) -> None:
    answer = await site.client.get("/api/v1/cdrs", headers={"Accept": "text/csv", "If-None-Match": "*"})
    assert (answer.status_code, "etag" in answer.headers) == (200, False)


def tag_of(rows: list[dict[str, Any]]) -> str:
    tag = Tag(AGES)
    for row in rows:
        tag.add(row)
    return str(tag)


CALL = msgspec.to_builtins(FakeCentre().calls()[0])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("ab"), "state": st.sampled_from(["waiting", "talking"])},
        optional={"waiting_s": st.sampled_from([0.0, 1.5]), "place": st.none()},
    ),
    max_size=3,
)


@given(ROWS, ROWS)
@example([CALL], [{**CALL, "waiting_s": 99.0}])
@example([], [{}])
@example([{"id": "a"}, {"id": "b"}], [{"id": "b"}, {"id": "a"}])
def test_a_tag_changes_when_and_only_when_what_is_shown_does_ages_apart(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    without = [
        [{name: value for name, value in row.items() if name not in AGES} for row in rows]
        for rows in (one, other)
    ]
    assert (tag_of(one) == tag_of(other)) == (without[0] == without[1])
