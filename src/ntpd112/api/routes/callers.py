"""What is remembered of callers, and putting it right."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer, answer_remembered, dated
from ntpd112.api.auth import require
from ntpd112.api.models import UNCHANGED, CallerOut, StandingIn, errors
from ntpd112.calls.console import CallCentre, Remembered
from ntpd112.memory.callers import MAX_NUMBER

DEFAULT_CALLERS = 100
MAX_CALLERS = 1_000
"In one answer: 0.5 MB."

router = APIRouter(prefix="/api/v1", tags=["callers"])
Number = Annotated[
    str,
    Path(
        min_length=1,
        max_length=MAX_NUMBER,
        description="As in a call, or as it would be dialled: `+628123456789`, `08123456789`.",
        examples=["+628123456789"],
    ),
]


def _remembered(request: Request) -> Remembered:
    centre: CallCentre = request.app.state.centre
    return centre.remembered


@router.get(
    "/callers",
    summary="Callers of whom something is remembered, the worst first",
    description="By score, then who called last. Callers without a number are remembered nowhere.",
    response_model=list[CallerOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
    dependencies=[Depends(require("calls:read"))],
)
async def list_callers(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_CALLERS, description="At most.")] = DEFAULT_CALLERS,
) -> Response:
    return await answer_remembered(request, lambda: _remembered(request).callers(limit))


@router.get(
    "/callers/{number}",
    summary="What is remembered of a caller",
    description="Their record as of now (it decays), and what it does to their next call.",
    response_model=CallerOut,
    responses=errors(401, 403, 404, 422),
    dependencies=[Depends(require("calls:read", unmasked=True))],
)
async def get_caller(request: Request, number: Number) -> Response:
    return answer(request, dated(_remembered(request).caller(number)))


@router.put(
    "/callers/{number}/standing",
    summary="Put a caller's record right",
    description="Also of a caller of whom nothing is remembered yet. What was said last counts. The answer "
    "is the record as of now.",
    response_model=CallerOut,
    responses=errors(401, 403, 413, 422),
)
async def correct_caller(
    request: Request,
    number: Number,
    body: StandingIn,
    who: Annotated[Principal, Depends(require("calls:control", unmasked=True))],
) -> Response:
    remembered, by = _remembered(request), who.by
    return answer(request, dated(remembered.correct_caller(number, body.standing, body.note, by)))
