"""Queues and trunks, with their present load and health."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.api.answers import answer_polled
from ntpd112.api.auth import require
from ntpd112.api.conditional import AGES
from ntpd112.api.models import UNCHANGED, QueueOut, TrunkOut, errors
from ntpd112.calls.console import CallCentre

router = APIRouter(prefix="/api/v1", dependencies=[Depends(require("calls:read"))])


@router.get(
    "/queues",
    tags=["queues"],
    summary="Queues with their present load",
    description="As configured, with who waits and who serves.",
    response_model=list[QueueOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
)
async def list_queues(request: Request) -> Response:
    centre: CallCentre = request.app.state.centre
    return answer_polled(request, centre.queues(), AGES)


@router.get(
    "/trunks",
    tags=["trunks"],
    summary="Trunks with their present load and health",
    description="As configured, with their calls and whether they answer OPTIONS.",
    response_model=list[TrunkOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
)
async def list_trunks(request: Request) -> Response:
    centre: CallCentre = request.app.state.centre
    return answer_polled(request, centre.trunks())
