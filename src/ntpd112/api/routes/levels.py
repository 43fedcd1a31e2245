"""Service levels of the last 24 hours."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from ntpd112.api.answers import answer_remembered
from ntpd112.api.auth import require
from ntpd112.api.conditional import LEVEL_AGES
from ntpd112.api.models import UNCHANGED, LevelOut, errors
from ntpd112.api.parameters import MOMENT, moment
from ntpd112.calls.console import CallCentre, Remembered
from ntpd112.calls.views import By

router = APIRouter(prefix="/api/v1", tags=["levels"], dependencies=[Depends(require("calls:read"))])
Since = Annotated[
    str | None,
    Query(
        description="A date or RFC 3339 time; at most, and by default, 24 hours ago.",
        examples=["2026-11-01"],
        json_schema_extra=MOMENT,
    ),
]
What = Annotated[By, Query(description="One row for all, or for each.")]


@router.get(
    "/levels",
    summary="Service levels",
    description="From the quarter of an hour of `since` to now: how many were answered in time, waits, "
    "occupancy. A call counts where it came, an operator's answers and time when they happen.",
    response_model=list[LevelOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
)
async def list_levels(request: Request, since: Since = None, by: What = "all") -> Response:
    start = _epoch(request, since)
    return await answer_remembered(request, lambda: _remembered(request).levels(start, by), LEVEL_AGES)


@router.get(
    "/levels/intervals",
    summary="Service levels by quarter of an hour",
    description="The same, one row for each quarter of an hour in which something happened, the earliest "
    "first.",
    response_model=list[LevelOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
)
async def list_level_intervals(request: Request, since: Since = None, by: What = "all") -> Response:
    start = _epoch(request, since)
    return await answer_remembered(request, lambda: _remembered(request).intervals(start, by), LEVEL_AGES)


def _remembered(request: Request) -> Remembered:
    centre: CallCentre = request.app.state.centre
    return centre.remembered


def _epoch(request: Request, since: str | None) -> float | None:
    found = moment("since", since, request.app.state.zone)
    return None if found is None else found.timestamp()
