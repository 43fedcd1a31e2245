"""Operators and their state."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer, answer_live, answer_polled
from ntpd112.api.auth import own_entry, require
from ntpd112.api.models import UNCHANGED, OperatorOut, StateIn, errors
from ntpd112.api.parameters import OperatorId
from ntpd112.calls.console import CallCentre

router = APIRouter(prefix="/api/v1", tags=["operators"])


@router.get(
    "/operators",
    summary="Operators with their state and phones",
    description="All there are, by id, also those who are offline.",
    response_model=list[OperatorOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
    dependencies=[Depends(require("calls:read"))],
)
async def list_operators(request: Request) -> Response:
    centre: CallCentre = request.app.state.centre
    return await answer_live(request, centre.operators())


@router.get(
    "/operators/{id}",
    summary="One operator",
    description="With the phones that are registered, and the call they have.",
    response_model=OperatorOut,
    responses={**UNCHANGED, **errors(401, 403, 404, 422)},
    dependencies=[Depends(require("calls:read"))],
)
async def get_operator(request: Request, id: OperatorId) -> Response:
    centre: CallCentre = request.app.state.centre
    return answer_polled(request, centre.operator(id))


@router.put(
    "/operators/{id}/state",
    summary="Move an operator to another state",
    description="`ready` ends a break or wrap-up and needs a registered phone (else 409). While the operator "
    "talks, `break` and `offline` take effect after the call. The answer is the operator as of now. An "
    "operator who has signed in needs no scope for their own.",
    response_model=OperatorOut,
    responses=errors(401, 403, 404, 409, 413, 422),
)
async def set_operator_state(
    request: Request,
    id: OperatorId,
    body: StateIn,
    who: Annotated[Principal, Depends(require("operators:write", own_entry))],
) -> Response:
    centre: CallCentre = request.app.state.centre
    return answer(request, centre.set_operator_state(id, body.state, who.by))
