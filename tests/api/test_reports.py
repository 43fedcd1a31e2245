"""Daily and monthly summaries over REST."""

from __future__ import annotations

import csv
from typing import Any

import msgspec
import pytest
from tests.api.conftest import Site, call_id, cdr
from tests.cdr.test_reports import leg

from ntpd112.api.models import SummaryOut
from ntpd112.cdr import reports
from ntpd112.cdr.store import Position
from ntpd112.cdr.summary import Summary

DAY = "2025-10-09"
"Of the site's calls, in its zone."


async def ask(site: Site, query: str, accept: str = "application/json", status: int = 200) -> Any:
    answer = await site.client.get(f"/api/v1/reports/{query}", headers={"Accept": accept})
    assert answer.status_code == status, answer.text
    return answer.json() if "json" in answer.headers["content-type"] else answer.text


async def test_a_day_and_a_month_have_what_their_calls_amount_to(site: Site) -> None:
    for query, date in ((f"daily?from={DAY}&to=2025-10-10", DAY), ("monthly?from=2025-10", "2025-10")):
        found = await ask(site, query)
        (item,) = found["items"]
        SummaryOut.model_validate(item)
        assert (item["date"], item["region"], item["incoming"], item["answered"]) == (date, "35.78", 5, 1)
        assert found["total"] == {**item, "date": None, "region": None}


async def test_the_document_has_every_figure_in_its_order() -> None:
    assert list(SummaryOut.model_fields) == list(Summary.__struct_fields__)


async def test_without_dates_it_is_the_present_month_or_year_and_no_call_of_then(site: Site) -> None:
    for unit in ("daily", "monthly"):
        assert (await ask(site, unit))["items"] == []
    assert (await ask(site, "daily?to=2025-10-10"))["total"]["incoming"] == 5


@pytest.mark.parametrize(
    ("query", "count"), [("queue=112", 5), ("trunk=telco", 0), ("region=35.78&trunk=pbx", 5)]
)
async def test_filters_combine(site: Site, query: str, count: int) -> None:
    assert (await ask(site, f"daily?from={DAY}&{query}"))["total"]["incoming"] == count


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("daily?from=2026-11", "from"),
        ("daily?to=2026-02-30", "to"),
        ("daily?from=20261101", "from"),
        ("monthly?from=2026-11-01", "from"),
        ("monthly?to=2026-13", "to"),
    ],
)
async def test_what_is_no_date_is_refused_by_name(site: Site, query: str, name: str) -> None:
    assert (await ask(site, query, status=422))["errors"][0]["name"] == name


async def test_more_rows_than_there_may_be_are_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MAX_SUMMARIES", 0)
    assert "ask for fewer days" in (await ask(site, f"daily?from={DAY}", status=422))["detail"]


async def test_as_a_table_it_has_a_row_for_each_date_agencies_last_and_the_number_of_rows(site: Site) -> None:
    legs = [leg(1001, party="agency", name="=fire", outcome="answered", purpose="transfer")]
    handed = msgspec.structs.replace(cdr(1), segments=legs)
    later = msgspec.structs.replace(cdr(0), id=call_id(9), started_at=cdr(0).started_at.replace(day=20))
    await site.store.write([handed, later], "cdrs", Position("j", 2))
    text = await ask(site, f"daily?from={DAY}", "text/csv")
    header, first, second, last = csv.reader(text.splitlines())
    assert header[:3] == ["date", "region", "incoming"]
    assert header[-4:] == [
        f"'=fire {what}" for what in ("transferred", "conferenced", "overflowed", "unanswered")
    ]
    assert (first[:3], first[-4:]) == ([DAY, "35.78", "5"], ["1", "0", "0", "0"])
    assert (second[:3], second[-4:]) == (["2025-10-20", "35.78", "1"], ["0", "0", "0", "0"])
    assert last == ["# rows: 2"]


async def test_who_has_it_already_is_told_so_until_something_changes(site: Site) -> None:
    path = f"/api/v1/reports/daily?from={DAY}"
    first = await site.client.get(path)
    again = {"If-None-Match": first.headers["etag"]}
    assert (await site.client.get(path, headers=again)).status_code == 304
    await site.store.write([cdr(5)], "cdrs", Position("j", 2))
    assert (await site.client.get(path, headers=again)).status_code == 200
