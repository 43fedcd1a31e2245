"""Flood mode: many calls about one incident."""

from __future__ import annotations

import asyncio
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer, answer_polled
from ntpd112.api.auth import require
from ntpd112.api.models import UNCHANGED, FloodIn, FloodOut, PromptLanguage, errors
from ntpd112.api.problems import Problem
from ntpd112.api.routes.prompts import Prompts
from ntpd112.calls.console import CallCentre

router = APIRouter(prefix="/api/v1", tags=["queues"])


@router.get(
    "/flood",
    summary="Whether flood mode is on",
    description="In flood mode later callers hear that the incident is known; who stays on the line waits "
    "while some operators are kept free for others, who press a key.",
    response_model=FloodOut,
    responses={**UNCHANGED, **errors(401, 403, 422)},
    dependencies=[Depends(require("calls:read"))],
)
async def get_flood(request: Request) -> Response:
    centre: CallCentre = request.app.state.centre
    return answer_polled(request, centre.flood())


@router.put(
    "/flood",
    summary="Switch flood mode on or off",
    description="What is switched on here ends here; the rate of calls begins and ends it by itself when "
    "`[flood] calls` is set. Off-duty operators (`[flood] call_in`) are rung when it begins. "
    "409 when there is no such announcement.",
    response_model=FloodOut,
    responses=errors(401, 403, 409, 413, 422),
)
async def set_flood(
    request: Request, body: FloodIn, who: Annotated[Principal, Depends(require("calls:control"))]
) -> Response:
    centre: CallCentre = request.app.state.centre
    if (
        body.on
        and body.prompt
        and not await asyncio.to_thread(_is_there, request.app.state.prompts, body.prompt)
    ):
        raise Problem(409, f'there is no announcement "{body.prompt}": callers would hear nothing')
    return answer(request, centre.set_flood(body.on, who.by, body.reason, body.prompt))


def _is_there(prompts: Prompts, name: str) -> bool:
    return any(prompts.find(language, name) is not None for language in get_args(PromptLanguage))
