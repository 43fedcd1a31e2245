"""Daily and monthly summaries."""

from __future__ import annotations

import asyncio
import re
from datetime import date, datetime, tzinfo
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic.config import JsonDict

from ntpd112.api import exports
from ntpd112.api.answers import answer_page
from ntpd112.api.auth import require
from ntpd112.api.models import UNCHANGED, ReportOut, errors
from ntpd112.api.problems import Problem, database_answers, invalid_parameter
from ntpd112.cdr.calendar import Unit
from ntpd112.cdr.report_table import pieces
from ntpd112.cdr.reports import Report, ReportTooLarge, Wanted
from ntpd112.cdr.summary import plain

MAX_TEXT = 200
"Characters of a filter's value."
PATTERNS = {
    "day": r"^[1-9]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
    "month": r"^[1-9]\d{3}-(0[1-9]|1[0-2])$",
}
DAY: JsonDict = {
    "anyOf": [{"type": "string", "format": "date", "pattern": PATTERNS["day"]}, {"type": "null"}]
}
MONTH: JsonDict = {"anyOf": [{"type": "string", "pattern": PATTERNS["month"]}, {"type": "null"}]}
EXAMPLE = "date,region,incoming,...\r\n2026-11-01,35.78,60,...\r\n# rows: 1\r\n"
DESCRIPTION = (
    "What the figures mean is in docs/reports.md. A row for each {unit} and region that has calls, by the "
    "site's time zone, with what came up to now; without `from` and `to` of the present {default}. "
    "`Accept: text/csv` gives a table, whose last line has the number of rows (`# rows: N`). More than "
    "20,000 rows are refused (422)."
)
ANSWERS = {
    200: {"content": {exports.CSV: {"schema": {"type": "string"}, "example": EXAMPLE}}},
    **UNCHANGED,
    **errors(401, 403, 422, 503),
}
router = APIRouter(prefix="/api/v1/reports", tags=["reports"], dependencies=[Depends(require("cdr:read"))])


class Reports(Protocol):
    """What the API needs of the reports."""

    async def report(self, unit: Unit, wanted: Wanted, zone: tzinfo) -> Report: ...


Region = Annotated[str | None, Query(max_length=MAX_TEXT, description="Kemendagri code.", examples=["35.78"])]
Queue = Annotated[str | None, Query(max_length=MAX_TEXT, description="They waited in.", examples=["112"])]
Trunk = Annotated[str | None, Query(max_length=MAX_TEXT, description="They came by.", examples=["pbx"])]


@router.get(
    "/daily",
    summary="Calls by day",
    description=DESCRIPTION.format(unit="day", default="month"),
    response_model=ReportOut,
    responses=ANSWERS,
)
async def get_daily_report(
    request: Request,
    first: Annotated[
        str | None,
        Query(alias="from", description="First day.", examples=["2026-11-01"], json_schema_extra=DAY),
    ] = None,
    until: Annotated[
        str | None,
        Query(alias="to", description="Day behind the last.", examples=["2026-12-01"], json_schema_extra=DAY),
    ] = None,
    region: Region = None,
    queue: Queue = None,
    trunk: Trunk = None,
) -> Response:
    wanted = _wanted(request, "day", first, until, region=region, queue=queue, trunk=trunk)
    return await _answer(request, "day", wanted)


@router.get(
    "/monthly",
    summary="Calls by month",
    description=DESCRIPTION.format(unit="month", default="year"),
    response_model=ReportOut,
    responses=ANSWERS,
)
async def get_monthly_report(
    request: Request,
    first: Annotated[
        str | None,
        Query(alias="from", description="First month.", examples=["2026-01"], json_schema_extra=MONTH),
    ] = None,
    until: Annotated[
        str | None,
        Query(
            alias="to", description="Month behind the last.", examples=["2027-01"], json_schema_extra=MONTH
        ),
    ] = None,
    region: Region = None,
    queue: Queue = None,
    trunk: Trunk = None,
) -> Response:
    wanted = _wanted(request, "month", first, until, region=region, queue=queue, trunk=trunk)
    return await _answer(request, "month", wanted)


def _wanted(request: Request, unit: Unit, first: str | None, until: str | None, **of: str | None) -> Wanted:
    """Without any date: the present month by day, the present year by month. Raises Problem."""
    begin, end = _date(unit, "from", first), _date(unit, "to", until)
    if begin is None and end is None:
        today = datetime.now(request.app.state.zone).date()
        begin = today.replace(day=1) if unit == "day" else today.replace(month=1, day=1)
    return Wanted(first=begin, until=end, **of)


def _date(unit: Unit, name: str, text: str | None) -> date | None:
    """Raises Problem."""
    if text is None:
        return None
    try:
        if not re.fullmatch(PATTERNS[unit], text, re.ASCII):
            raise ValueError
        return date.fromisoformat(text if unit == "day" else f"{text}-01")
    except ValueError:
        expected = "a date such as 2026-11-01" if unit == "day" else "a month such as 2026-11"
        raise invalid_parameter(name, text, expected) from None


async def _answer(request: Request, unit: Unit, wanted: Wanted) -> Response:
    reports: Reports = request.app.state.reports
    with database_answers():
        try:
            found = await reports.report(unit, wanted, request.app.state.zone)
        except ReportTooLarge as error:
            raise Problem(422, str(error)) from error
    if exports.wanted(request.headers.get("accept", "")) == exports.CSV:
        return await _table(found, f"{unit}s.csv")
    return await answer_page(request, found.items, total=plain(found.total))


async def _table(found: Report, name: str) -> Response:
    parts = []
    for part in pieces(found.items):
        parts.append(part)
        await asyncio.sleep(0)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response("".join(parts), 200, headers, "text/csv; charset=utf-8; header=present")
