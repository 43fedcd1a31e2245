"""`ntpd112 report` over two calls."""

from __future__ import annotations

import csv

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.cdr.calls import abandoned, answered
from tests.cdr.test_reports import leg
from tests.cli.terminal import Terminal

from ntpd112.cdr.fold import fold
from ntpd112.cdr.store import CdrStore, Position


@pytest.fixture(autouse=True)
def calls(terminal: Terminal) -> None:
    """Of two days of October 2025; police had a part in the first."""

    async def write(engine: AsyncEngine) -> None:
        first, second = fold(answered("A")), fold(abandoned("B", at=86_400.0))
        assert first is not None
        assert second is not None
        legs = [leg(1001, party="agency", name="police", outcome="answered", purpose="transfer")]
        await CdrStore(engine).write(
            [msgspec.structs.replace(first, segments=legs), second], "cdrs", Position("j", 1)
        )

    terminal.database(write)


def test_a_month_is_a_table_with_what_agencies_got(terminal: Terminal) -> None:
    shown = terminal.run("report", "--month", "2025-10", "--daily").stdout
    assert [
        line.split()[0] for line in shown.splitlines() if line.startswith(("2025", "total", "police"))
    ] == [
        "2025-10-09",
        "2025-10-10",
        "total",
        "police",
    ]
    assert "days of Asia/Jakarta" in shown


def test_a_year_is_its_months_or_days(terminal: Terminal) -> None:
    assert [item["date"] for item in terminal.json("report", "--month", "2025")["items"]] == ["2025-10"]
    days = terminal.json("report", "--month", "2025", "--daily")
    assert [item["date"] for item in days["items"]] == ["2025-10-09", "2025-10-10"]
    assert days["total"]["agencies"][0]["transferred"] == 1


def test_csv_is_what_the_api_gives(terminal: Terminal) -> None:
    rows = list(csv.reader(terminal.run("report", "--month", "2025-10", "--csv").stdout.splitlines()))
    assert (rows[0][0], rows[1][:3], rows[-1]) == ("date", ["2025-10", "35.78", "2"], ["# rows: 1"])


def test_without_a_month_it_is_the_present_one_with_filters(terminal: Terminal) -> None:
    assert terminal.json("report")["items"] == []
    chosen = ("--queue", "112", "--trunk", "pbx", "--region", "35.78")
    assert terminal.json("report", "--month", "2025-10", *chosen)["total"]["incoming"] == 2
    assert terminal.json("report", "--month", "2025-10", "--queue", "none")["items"] == []


def test_counting_anew_changes_nothing_where_nothing_was_wrong(terminal: Terminal) -> None:
    before = terminal.json("report", "--month", "2025-10")
    assert terminal.json("report", "--month", "2025-10", "--recount") == before


def test_what_is_no_month_and_two_formats_at_once_are_refused(terminal: Terminal) -> None:
    for wrong in ("2025-13", "october", "0000", "9999"):
        assert "is neither a month such as" in terminal.run("report", "--month", wrong, code=2).stderr
    assert "give one of them" in terminal.run("report", "--csv", "--json", code=1).stderr
