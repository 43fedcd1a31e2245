"""Queues and trunks, with their present load and health."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer, answer_polled
from ntpd112.api.auth import require
from ntpd112.api.conditional import AGES
from ntpd112.api.models import UNCHANGED, MaintenanceIn, QueueOut, TrunkOut, TrunkTestOut, errors
from ntpd112.calls.console import CallCentre
from ntpd112.calls.views import TrunkTestView

router = APIRouter(prefix="/api/v1")
TrunkName = Annotated[str, Path(description="As in the configuration.", max_length=200, examples=["pbx"])]


@router.get(
    "/queues",
    tags=["queues"],
    summary="Queues with their present load",
    description="As configured, with who waits and who serves.",
    response_model=list[QueueOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
    dependencies=[Depends(require("calls:read"))],
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
    dependencies=[Depends(require("calls:read"))],
)
async def list_trunks(request: Request) -> Response:
    centre: CallCentre = request.app.state.centre
    return answer_polled(request, centre.trunks())


@router.put(
    "/trunks/{name}/maintenance",
    tags=["trunks"],
    summary="Take a trunk out of service, or put it back",
    description="While it is on, the trunk's new calls get 503 with Retry-After, so that the telco takes its "
    "other route, and so do its OPTIONS; calls that run go on. It stays so over a restart.",
    response_model=TrunkOut,
    responses=errors(401, 403, 404, 413, 422),
)
async def set_maintenance(
    request: Request,
    name: TrunkName,
    body: MaintenanceIn,
    who: Annotated[Principal, Depends(require("admin"))],
) -> Response:
    centre: CallCentre = request.app.state.centre
    return answer(request, centre.set_maintenance(name, body.on, who.by, body.reason))


@router.post(
    "/trunks/{name}/test",
    tags=["trunks"],
    summary="Ask a trunk's addresses whether they are there",
    description="OPTIONS from the agent's own sockets to every peer with a single address, by UDP and TCP, "
    "and to every gateway and registrar. The answer comes within seconds and says how each of them sees "
    "us, what is likely wrong, and whether we are registered.",
    response_model=TrunkTestOut,
    responses=errors(401, 403, 404, 422),
    dependencies=[Depends(require("admin"))],
)
async def test_trunk(request: Request, name: TrunkName) -> Response:
    centre: CallCentre = request.app.state.centre
    tested: asyncio.Future[TrunkTestView] = asyncio.get_running_loop().create_future()
    centre.test_trunk(name, lambda view: None if tested.done() else tested.set_result(view))
    return answer(request, await tested)
