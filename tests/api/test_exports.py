"""All CDRs of a selection as CSV and NDJSON."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.api.conftest import Site, call_id, cdr
from tests.cdr.conftest import engine, postgres_server, url

from ntpd112.api import exports, table
from ntpd112.cdr.cells import harmless
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.store import CdrStore, Filter, Place, Position

__all__ = ["engine", "postgres_server", "url"]

ZONE = UTC
MANY = 3 * exports.STEP_CDRS + 5


async def export(site: Site, kind: str, query: str = "") -> httpx.Response:
    return await site.client.get(f"/api/v1/cdrs?{query}", headers={"Accept": kind})


def lines(answer: httpx.Response) -> list[Any]:
    return [json.loads(line) for line in answer.text.splitlines()]


def table_of(answer: httpx.Response) -> list[dict[str, str]]:
    """The rows, without the last line, which has their number."""
    *rows, last = csv.reader(answer.text.splitlines())
    assert last == [f"# rows: {len(rows) - 1}"]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


async def test_ndjson_is_each_cdr_as_a_page_has_it_and_then_their_number(site: Site) -> None:
    await site.store.write([cdr(n) for n in range(5, MANY)], "cdrs", Position("j", 2))
    answer = await export(site, "application/x-ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="cdrs.ndjson"'
    *found, last = lines(answer)
    assert found == (await site.client.get("/api/v1/cdrs?limit=500")).json()["items"]
    assert last == {"count": MANY}


async def test_csv_has_a_header_a_row_each_and_their_number(site: Site) -> None:
    answer = await export(site, "text/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    found = table_of(answer)
    assert [row["id"] for row in found] == [call_id(n) for n in (4, 3, 2, 1, 0)]
    talked = found[2]
    assert (talked["started_at"], talked["caller"], talked["talk_s"]) == (
        "2025-10-09T15:53:22+07:00",
        "+628123456789",
        "60.0",
    )
    assert (talked["operator_packets"], talked["latitude"], talked["longitude"]) == ("3000", "-7.25", "")
    assert found[0]["answered_at"] == ""


async def test_an_export_takes_filters_and_may_be_empty(site: Site) -> None:
    assert [row["id"] for row in table_of(await export(site, "text/csv", "operator=siti"))] == [call_id(2)]
    assert lines(await export(site, "application/x-ndjson", "trunk=none")) == [{"count": 0}]
    assert table_of(await export(site, "text/csv", "trunk=none")) == []


async def test_it_is_the_same_from_every_database(site: Site, engine: AsyncEngine) -> None:
    store = site.app.state.cdrs = CdrStore(engine)
    same_moment = [msgspec.structs.replace(cdr(n), started_at=cdr(0).started_at) for n in range(MANY)]
    await store.write(same_moment, "cdrs", Position("j", 1))
    *found, last = lines(await export(site, "application/x-ndjson"))
    assert [item["id"] for item in found] == [call_id(n) for n in reversed(range(MANY))]
    assert last == {"count": MANY}


@pytest.mark.parametrize("name", ["limit", "cursor"])
async def test_an_export_has_no_pages(site: Site, name: str) -> None:
    answer = await export(site, "text/csv", f"{name}=5")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["name"] == name


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", None),
        ("*/*", None),
        ("application/json", None),
        ("text/csv", "text/csv"),
        ("Text/CSV; q=0.5", "text/csv"),
        ("application/x-ndjson, text/csv;q=0.9, */*;q=0.1", "application/x-ndjson"),
        ("text/csv;q=0.1, application/json", None),
        ("text/csv, */*", None),
        ("text/csv;q=0", None),
        ("text/csv;q=much", None),
        ("text/html", None),
    ],
)
def test_what_is_liked_best_is_sent_and_pages_when_in_doubt(accept: str, kind: str | None) -> None:
    assert exports.wanted(accept) == kind


class Steps:
    """A store that counts what it is asked for at once, and may go away."""

    def __init__(self, count: int, away_after: int | None = None) -> None:
        self._count = count
        self._away_after = away_after
        self.asked: list[int] = []
        self.others_had = 0

    async def get(self, call_id: str) -> Cdr | None:
        return None

    async def page(self, wanted: Filter, limit: int, after: Place | None = None) -> list[Cdr]:
        if len(self.asked) == self._away_after:
            raise OSError("connection refused")
        asyncio.get_running_loop().call_soon(self._turn)
        self.asked.append(limit)
        end = self._count if after is None else int(after.id)
        return [cdr(n) for n in range(end - 1, max(-1, end - 1 - limit), -1)]

    def _turn(self) -> None:
        self.others_had += 1


async def test_an_export_holds_a_few_cdrs_at_a_time_and_lets_calls_go_on_between(site: Site) -> None:
    store = site.app.state.cdrs = Steps(MANY)
    assert lines(await export(site, "application/x-ndjson"))[-1] == {"count": MANY}
    assert store.asked == [exports.STEP_CDRS] * 4
    assert store.others_had == 4


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        ("text/csv", "# broken off: the database does not answer"),
        ("application/x-ndjson", '{"error":"broken off: the database does not answer"}'),
    ],
)
async def test_a_database_that_goes_away_half_way_is_said_in_place_of_the_number(
    site: Site, kind: str, last: str
) -> None:
    site.app.state.cdrs = Steps(MANY, away_after=2)
    answer = await export(site, kind)
    assert answer.text.splitlines()[-1] == last
    assert answer.text.count("pbx") == 2 * exports.STEP_CDRS


async def test_a_database_that_is_away_from_the_start_is_503(site: Site) -> None:
    site.app.state.cdrs = Steps(MANY, away_after=0)
    assert (await export(site, "text/csv")).status_code == 503
    site.app.state.cdrs = Steps(1)
    for _ in range(exports.MAX_EXPORTS + 1):  # nothing is held by what failed or ended
        assert (await export(site, "text/csv")).status_code == 200


async def test_only_so_many_exports_are_made_at_once(site: Site) -> None:
    for _ in range(exports.MAX_EXPORTS):
        site.app.state.exports.begin()
    answer = await export(site, "text/csv")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert (await site.client.get("/api/v1/cdrs")).status_code == 200


class TestTable:
    @pytest.mark.parametrize(
        ("text", "cell"),
        [
            ("+628123456789", "+628123456789"),
            ("Siti", "Siti"),
            ("3GPP-E-UTRAN", "3GPP-E-UTRAN"),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+62 812", "'+62 812"),
            ("+1;=2", "'+1;'=2"),
            ("-2", "'-2"),
            ("@SUM(1)", "'@SUM(1)"),
            ("  =1", "'  =1"),
            ("a\t=1", "a\t'=1"),
            ("a\r\n=1", "a\r'\n'=1"),
            ("\uff1d1", "'\uff1d1"),
        ],
    )
    def test_no_cell_is_a_formula_and_a_number_stays_a_number(self, text: str, cell: str) -> None:
        assert harmless(text) == cell

    @given(st.text(st.sampled_from("=+-@;,\t\r\n\"'| a1\uff1d")))
    @example("+1\n")
    def test_whatever_is_taken_for_a_separator_no_part_begins_a_formula(self, text: str) -> None:
        cell = harmless(text)
        for separator in ";,\t\r\n|":
            for part in cell.split(separator):
                begins = part.strip().strip('"').strip()
                assert not begins.startswith(("=", "-", "@", "\uff1d"))
                assert not begins.startswith("+") or text == cell

    @given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
    def test_any_text_is_read_back_as_one_cell(self, name: str) -> None:
        made = msgspec.structs.replace(cdr(1), caller_name=name)
        (row,) = csv.reader(io.StringIO(table.rows([made], ZONE), newline=""))
        assert row[table.COLUMNS.index("caller_name")] == harmless(name)
        assert len(row) == len(table.COLUMNS)

    def test_columns_stay_where_they_are(self) -> None:
        assert table.header().startswith(
            "id,region,direction,trunk,queue,priority,caller,caller_name,dialled"
        )
        assert table.COLUMNS[-2:] == ("latitude", "longitude")

    def test_a_location_of_a_peer_is_a_number_or_nothing(self) -> None:
        evil = msgspec.structs.replace(cdr(1), location={"latitude": "=1", "longitude": True})
        assert table.rows([evil], ZONE).endswith(",,\r\n")
