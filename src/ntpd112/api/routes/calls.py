"""Live calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer, answer_live, answer_polled
from ntpd112.api.auth import own_or_last_call, require
from ntpd112.api.conditional import AGES
from ntpd112.api.models import UNCHANGED, CallOut, ClassificationIn, ClassificationOut, errors
from ntpd112.api.parameters import CallId
from ntpd112.calls.console import CallCentre

router = APIRouter(prefix="/api/v1", tags=["calls"])


@router.get(
    "/calls",
    summary="Live calls",
    description="Every call that has not ended, in no particular order. With thousands of them the answer "
    "takes some tenths of a second, and each is shown as it is when its turn comes.",
    response_model=list[CallOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
    dependencies=[Depends(require("calls:read"))],
)
async def list_calls(request: Request) -> Response:
    centre: CallCentre = request.app.state.centre
    return await answer_live(request, centre.calls(), AGES)


@router.get(
    "/calls/{id}",
    summary="One live call",
    description="After its end a call is found at `/cdrs/{id}`.",
    response_model=CallOut,
    responses={**UNCHANGED, **errors(401, 403, 404, 422)},
    dependencies=[Depends(require("calls:read"))],
)
async def get_call(request: Request, id: CallId) -> Response:
    centre: CallCentre = request.app.state.centre
    return answer_polled(request, centre.call(id), AGES)


@router.put(
    "/calls/{id}/classification",
    summary="Classify a call",
    description="What the operator found. Also after the call has ended; the last one counts. "
    "An operator who has signed in needs no scope for the call they are in, or were in last.",
    response_model=ClassificationOut,
    responses=errors(401, 403, 404, 413, 422),
)
async def classify_call(
    request: Request,
    id: CallId,
    body: ClassificationIn,
    who: Annotated[Principal, Depends(require("calls:control", own_or_last_call))],
) -> Response:
    centre: CallCentre = request.app.state.centre
    centre.classify(id, body.classification, who.by)
    return answer(request, {"id": id, "classification": body.classification})
