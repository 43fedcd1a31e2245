"""`ntpd112 report`: calls of a month or year in figures."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from ntpd112.cdr.calendar import Unit, following
from ntpd112.cdr.hours import Hours
from ntpd112.cdr.report_table import pieces
from ntpd112.cdr.reports import Report, Reports, ReportTooLarge, Wanted
from ntpd112.cdr.summary import Summary
from ntpd112.config import Config

from .common import ConfigOption, JsonOption, configuration, fail, print_json, with_database

SHOWN = ("incoming", "answered", "abandoned", "overflowed", "emergency", "information", "ghost", "prank")
"Counts of the table; the others are in JSON and CSV."
WIDTH = 150
"Columns of the table at least: a narrower terminal wraps lines, which is better than cutting numbers off."


class Span(NamedTuple):
    """What is asked for by `2026-11`, or by `2026`: its months."""

    unit: Unit
    first: date
    until: date


def _span(text: str, daily: bool) -> Span:
    try:
        if len(text) == len("2026"):
            year = date(int(text), 1, 1)
            return Span("day" if daily else "month", year, year.replace(year=year.year + 1))
        month = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
        return Span("day" if daily else "month", month, following("month", month))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f'"{text}" is neither a month such as 2026-11 nor a year such as 2026'
        ) from None


def report(
    month: Annotated[
        str | None, typer.Option(metavar="MONTH", help="2026-11, or 2026 for its months; else this month.")
    ] = None,
    daily: Annotated[bool, typer.Option("--daily", help="A row for each day.")] = False,
    region: Annotated[str | None, typer.Option(metavar="CODE", help="Only this region.")] = None,
    queue: Annotated[str | None, typer.Option(metavar="NAME", help="Only calls of this queue.")] = None,
    trunk: Annotated[str | None, typer.Option(metavar="NAME", help="Only calls of this trunk.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")] = False,
    recount: Annotated[
        bool, typer.Option("--recount", help="Count all hours anew first: CDRs were changed by hand.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print what calls there were, how soon they were answered and what became of them, by month or by day.

    Days begin at midnight of the site's time zone. What each figure means is in docs/reports.md.

    Example: ntpd112 report --month 2026-11 --daily --csv
    """
    settings = configuration(config)
    if as_csv and as_json:
        fail("--csv and --json: give one of them")
    zone = ZoneInfo(settings.site.timezone)
    span = _span(month or f"{datetime.now(zone):%Y-%m}", daily)
    wanted = Wanted(first=span.first, until=span.until, region=region, queue=queue, trunk=trunk)

    async def made(engine: AsyncEngine) -> Report:
        if recount:
            hours = Hours(engine)
            await hours.mark_all()
            await hours.count(datetime.now(UTC))
        return await Reports(engine).report(span.unit, wanted, zone)

    try:
        found = with_database(settings, made)
    except ReportTooLarge as error:
        fail(str(error))
    if as_json:
        print_json(msgspec.to_builtins({"items": found.items, "total": found.total}))
    elif as_csv:
        for piece in pieces(found.items):
            print(piece.replace("\r\n", "\n"), end="")
    else:
        _print(settings, found)


def _print(settings: Config, found: Report) -> None:
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    table = Table("date", "region", box=None, pad_edge=False)
    for name in (*SHOWN, "in 10 s", "in 15 s", "in 20 s", "wait", "longest", "talk"):
        table.add_column(name, justify="right")
    for item in found.items:
        table.add_row(item.date, item.region, *_figures(item))
    if len(found.items) != 1:
        table.add_row("total", "", *_figures(found.total), style="bold")
    console.print(table)
    if found.total.agencies:
        handed = Table(
            "handed to", "transferred", "conferenced", "overflowed", "unanswered", box=None, pad_edge=False
        )
        for agency in found.total.agencies:
            name, *counts = msgspec.structs.astuple(agency)
            handed.add_row(name, *map(str, counts))
        console.print("", handed, sep="\n")
    console.print(f"days of {settings.site.timezone}; means and longest in seconds", style="dim")


def _figures(item: Summary) -> list[str]:
    levels = (item.level_10, item.level_15, item.level_20)
    return [
        *(str(getattr(item, name)) for name in SHOWN),
        *("-" if level is None else f"{level:.1%}" for level in levels),
        *(
            "-" if mean is None else f"{mean:.1f}"
            for mean in (item.mean_answer_s, item.longest_wait_s, item.mean_talk_s)
        ),
    ]
