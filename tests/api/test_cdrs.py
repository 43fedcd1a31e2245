"""CDRs over REST: pages, filters, recordings."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.api.conftest import Site, call_id, cdr
from tests.cdr.conftest import postgres_server, url

from ntpd112.api import models
from ntpd112.api.parameters import CURSOR_PATTERN, read_cursor, write_cursor
from ntpd112.api.problems import Problem
from ntpd112.cdr.store import Place, Position

__all__ = ["postgres_server", "url"]
"On both databases."


async def ids(site: Site, query: str) -> list[str]:
    answer = await site.client.get(f"/api/v1/cdrs?{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_page_is_as_the_openapi_document_says_newest_first(site: Site) -> None:
    answer = await site.client.get("/api/v1/cdrs")
    page = models.CdrPage.model_validate(answer.json())
    assert [item.id for item in page.items] == [call_id(n) for n in (4, 3, 2, 1, 0)]
    assert page.next_cursor is None


async def test_one_cdr_has_its_segments_and_times_in_the_sites_zone(site: Site) -> None:
    answer = await site.client.get(f"/api/v1/cdrs/{call_id(2)}")
    found = models.CdrOut.model_validate(answer.json())
    assert [segment.number for segment in found.segments] == [0, 1, 2]
    assert answer.json()["started_at"] == "2025-10-09T15:53:22+07:00"
    assert answer.json()["quality"]["operator"] == {
        "packets": 3000,
        "lost": 0,
        "jitter_ms": 0.5,
        "remote_lost": 1,
        "remote_jitter_ms": 2.5,
    }


@pytest.mark.parametrize("wrong", ["unknown", call_id(9), "%00", "..%2f..%2fx"])
async def test_a_cdr_that_is_not_there_is_404(site: Site, wrong: str) -> None:
    answer = await site.client.get(f"/api/v1/cdrs/{wrong}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_pages_go_on_by_cursor_while_new_cdrs_arrive(site: Site) -> None:
    first = (await site.client.get("/api/v1/cdrs?limit=2")).json()
    await site.store.write([cdr(9)], "cdrs", Position("j", 2))
    second = (await site.client.get(f"/api/v1/cdrs?limit=2&cursor={first['next_cursor']}")).json()
    third = (await site.client.get(f"/api/v1/cdrs?limit=2&cursor={second['next_cursor']}")).json()
    pages = [[item["id"] for item in page["items"]] for page in (first, second, third)]
    assert pages == [[call_id(4), call_id(3)], [call_id(2), call_id(1)], [call_id(0)]]
    assert third["next_cursor"] is None


async def test_a_full_last_page_has_no_next(site: Site) -> None:
    assert (await site.client.get("/api/v1/cdrs?limit=5")).json()["next_cursor"] is None


async def test_filters_combine(site: Site) -> None:
    assert await ids(site, "disposition=answered") == [call_id(2)]
    assert await ids(site, "disposition=answered&operator=siti&classification=emergency") == [call_id(2)]
    assert await ids(site, "disposition=answered&operator=budi") == []
    assert len(await ids(site, "queue=112&trunk=pbx&caller=%2B628123456789")) == 5


async def test_a_plus_that_was_not_encoded_is_still_a_plus(site: Site) -> None:
    assert len(await ids(site, "caller=+628123456789")) == 5


async def test_from_and_to_take_zones_local_times_and_dates(site: Site) -> None:
    for start, end in (
        ("2025-10-09T15:53:21%2B07:00", "2025-10-09T15:53:23%2B07:00"),
        ("2025-10-09T15:53:21+07:00", "2025-10-09T15:53:23+07:00"),
        ("2025-10-09T08:53:21Z", "2025-10-09T08:53:23.000Z"),
        ("2025-10-09T15:53:21", "2025-10-09T15:53:23"),
    ):
        assert await ids(site, f"from={start}&to={end}") == [call_id(2), call_id(1)]
    assert len(await ids(site, "from=2025-10-09&to=2025-10-10")) == 5
    assert await ids(site, "to=2025-10-09") == []


@pytest.mark.parametrize(
    ("query", "name", "said"),
    [
        ("colour=red", "colour", "there are from, to, queue, trunk, operator"),
        ("queue=112&queue=113", "queue", "a single value"),
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=many", "limit", "integer"),
        ("disposition=lost", "disposition", "'answered'"),
        ("classification=x", "classification", "'ghost'"),
        ("from=yesterday", "from", "RFC 3339"),
        ("to=2026-13-01", "to", "RFC 3339"),
        ("from=0001-01-01T00:00:00%2B14:00", "from", "RFC 3339"),
        ("cursor=abc", "cursor", "next_cursor"),
        ("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LkE", "cursor", "next_cursor"),
        ("caller=" + "1" * 201, "caller", "200 characters"),
    ],
)
async def test_what_is_not_understood_is_refused_by_name(
    site: Site, query: str, name: str, said: str
) -> None:
    answer = await site.client.get(f"/api/v1/cdrs?{query}")
    assert answer.status_code == 422
    problem = answer.json()
    assert f"`{name}`" in problem["detail"]
    assert said in problem["detail"]
    assert [error["name"] for error in problem["errors"]] == [name]


async def test_a_database_that_is_away_is_503_with_retry_after(site: Site) -> None:
    async with site.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE cdrs RENAME TO gone"))
    for path in ("", f"/{call_id(1)}", f"/{call_id(1)}/recording"):
        answer = await site.client.get(f"/api/v1/cdrs{path}")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "gone" not in answer.text


class TestRecording:
    def path(self, number: int = 2) -> str:
        return f"/api/v1/cdrs/{call_id(number)}/recording"

    def write(self, site: Site) -> None:
        file = site.recordings / "2025" / f"{call_id(2)}.wav"
        file.parent.mkdir()
        file.write_bytes(b"RIFF" + bytes(1000))

    async def test_is_sent_whole_or_in_ranges(self, site: Site) -> None:
        self.write(site)
        whole = await site.client.get(self.path())
        assert (whole.status_code, len(whole.content)) == (200, 1004)
        assert whole.headers["content-type"] == "audio/wav"
        assert whole.headers["content-disposition"] == f'attachment; filename="{call_id(2)}.wav"'
        part = await site.client.get(self.path(), headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"RIFF")
        assert part.headers["content-range"] == "bytes 0-3/1004"

    @pytest.mark.parametrize(("asked", "status"), [("bytes=5000-", 416), ("lines=1", 400)])
    async def test_a_wrong_range_is_a_problem_document_too(self, site: Site, asked: str, status: int) -> None:
        self.write(site)
        answer = await site.client.get(self.path(), headers={"Range": asked})
        assert answer.status_code == status
        assert answer.json()["status"] == status

    async def test_of_a_call_without_one_or_whose_file_is_gone_is_404(self, site: Site) -> None:
        none = await site.client.get(self.path(1))
        gone = await site.client.get(self.path(2))
        assert (none.status_code, gone.status_code) == (404, 404)
        assert "was not recorded" in none.json()["detail"]
        assert "no longer there" in gone.json()["detail"]

    @pytest.mark.parametrize("name", ["../secret.wav", "/etc/hostname", "link.wav", "."])
    async def test_nothing_outside_the_folder_is_sent(self, site: Site, name: str) -> None:
        (site.recordings.parent / "secret.wav").write_bytes(b"secret")
        (site.recordings / "link.wav").symlink_to(site.recordings.parent / "secret.wav")
        evil = msgspec.structs.replace(cdr(2, is_answered=True), recording=name)
        await site.store.write([evil], "cdrs", Position("j", 2))
        answer = await site.client.get(self.path())
        assert answer.status_code == 404


async def test_a_long_page_is_whole(site: Site) -> None:
    await site.store.write([cdr(n) for n in range(5, 300)], "cdrs", Position("j", 2))
    answer = await site.client.get("/api/v1/cdrs?limit=299")
    page = models.CdrPage.model_validate(answer.json())
    assert [item.id for item in page.items] == [call_id(n) for n in range(299, 0, -1)]
    assert page.next_cursor is not None


@given(
    moment=st.datetimes(datetime(1970, 1, 1), datetime(2286, 1, 1), timezones=st.just(UTC)),
    call=st.from_regex(r"[0-9A-Z]{1,26}", fullmatch=True),
)
def test_a_cursor_names_the_place_it_was_made_of(moment: datetime, call: str) -> None:
    place = Place(moment, call)
    assert read_cursor(write_cursor(place)) == place


@given(st.from_regex(CURSOR_PATTERN, fullmatch=True))
def test_whatever_looks_like_a_cursor_is_one(text: str) -> None:
    assert read_cursor(text.rstrip("\n")) is not None


@given(st.text(max_size=50))
@example("")
@example("1.A\n")
@example("9" * 17 + ".A")
@example("-1.A")
@example("\u0661.A")
def test_anything_else_is_refused_as_what_it_is(text: str) -> None:
    assume(not re.fullmatch(r"[0-9]{1,16}\.[0-9A-Za-z]{1,26}", text))
    with pytest.raises(Problem) as refused:
        read_cursor(text)
    assert refused.value.status == 422
