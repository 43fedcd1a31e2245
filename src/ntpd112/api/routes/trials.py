"""Test calls over trunks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer
from ntpd112.api.auth import require
from ntpd112.api.models import TrialIn, TrialOut, errors
from ntpd112.api.models.base import EXAMPLE_ID
from ntpd112.calls.live_trials import TrialCalls

from .plant import TrunkName

router = APIRouter(prefix="/api/v1", tags=["trunks"])
Admin = Annotated[Principal, Depends(require("admin"))]
TrialId = Annotated[str, Path(description="Of the test call.", max_length=64, examples=[EXAMPLE_ID])]


def _trials(request: Request) -> TrialCalls:
    trials: TrialCalls = request.app.state.centre.trials
    return trials


@router.post(
    "/trunks/{name}/test-calls",
    summary="Make a test call",
    description="Rings a real number by one gateway of the trunk, plays an announcement that says it is a "
    "test, listens, and hangs up. It is no call of the centre: no operator, no event, no CDR; but it takes a "
    "line. One at a time, and 10 in five minutes. 409 beyond that, if the trunk's last lines are wanted for "
    "callers, or if there is no way to the number. Ask for its progress.",
    status_code=202,
    response_model=TrialOut,
    responses=errors(401, 403, 404, 409, 413, 422),
)
async def begin_test_call(request: Request, name: TrunkName, body: TrialIn, who: Admin) -> Response:
    trial = _trials(request).begin(name, body.to, body.gateway, body.listen_s, who.by)
    return answer(request, trial, 202)


@router.get(
    "/trunks/{name}/test-calls/{id}",
    summary="How a test call goes, or went",
    description="The latest 50 are remembered, not over a restart.",
    response_model=TrialOut,
    responses=errors(401, 403, 404, 422),
    dependencies=[Depends(require("admin"))],
)
async def get_test_call(request: Request, name: TrunkName, id: TrialId) -> Response:
    return answer(request, _trials(request).trial(name, id))


@router.delete(
    "/trunks/{name}/test-calls/{id}",
    summary="End a test call",
    description="No harm if it is over.",
    response_model=TrialOut,
    responses=errors(401, 403, 404, 422),
    dependencies=[Depends(require("admin"))],
)
async def end_test_call(request: Request, name: TrunkName, id: TrialId) -> Response:
    return answer(request, _trials(request).give_up(name, id))
