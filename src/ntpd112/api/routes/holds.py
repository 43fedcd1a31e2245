"""Legal hold: calls that retention leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer
from ntpd112.api.auth import require
from ntpd112.api.models import HoldIn, HoldOut, errors
from ntpd112.api.parameters import CallId
from ntpd112.api.problems import Problem, database_answers
from ntpd112.cdr.keeping import Hold
from ntpd112.journal.ids import is_call_id

MAX_LIMIT = 1_000

router = APIRouter(prefix="/api/v1", tags=["cdrs"])
Holder = Annotated[Principal, Depends(require("holds:write"))]


class Holds(Protocol):
    """What the API needs of them."""

    async def hold(self, call_id: str, reason: str, by: str) -> Hold | None: ...

    async def release(self, call_id: str, by: str) -> bool: ...

    async def held(self, call_id: str) -> Hold | None: ...

    async def holds(self, limit: int) -> Sequence[Hold]: ...

    async def removed_at(self, call_id: str) -> datetime | None:
        """When retention removed the call's recording."""
        ...


def _holds(request: Request) -> Holds:
    holds: Holds = request.app.state.holds
    return holds


@router.get(
    "/holds",
    summary="Calls under legal hold, the latest first",
    description="Since when, why and by whom; a call is one CDR with all that belongs to it.",
    response_model=list[HoldOut],
    responses=errors(401, 403, 422, 503),
    dependencies=[Depends(require("cdr:read"))],
)
async def list_holds(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Calls, the latest held.")] = 100,
) -> Response:
    with database_answers():
        return answer(request, await _holds(request).holds(limit))


@router.get(
    "/cdrs/{id}/hold",
    summary="A call's legal hold",
    description="404 while retention applies to the call as to any other.",
    response_model=HoldOut,
    responses=errors(401, 403, 404, 422, 503),
    dependencies=[Depends(require("cdr:read"))],
)
async def get_hold(request: Request, id: CallId) -> Response:
    with database_answers():
        held = await _holds(request).held(id) if is_call_id(id) else None
    if held is None:
        raise Problem(404, f"call {id} is not under legal hold")
    return answer(request, held)


@router.put(
    "/cdrs/{id}/hold",
    summary="Put a call under legal hold",
    description="Its CDR, segments and recording are kept until the hold ends, whatever `[retention]` says, "
    "and what the journal and the SIP trace have of it is copied beside them. Again with another reason: "
    "that one counts. What retention has removed before does not come back.",
    response_model=HoldOut,
    responses=errors(401, 403, 404, 413, 422, 503),
)
async def keep_call(request: Request, id: CallId, body: HoldIn, key: Holder) -> Response:
    with database_answers():
        held = await _holds(request).hold(id, body.reason, key.by) if is_call_id(id) else None
    if held is None:
        raise Problem(404, f"no ended call has the id {id}")
    return answer(request, held)


@router.delete(
    "/cdrs/{id}/hold",
    summary="End a legal hold",
    description="Retention applies again: what is past its time is removed within the hour.",
    status_code=204,
    response_class=Response,
    responses=errors(401, 403, 404, 422, 503),
)
async def release_call(request: Request, id: CallId, key: Holder) -> Response:
    with database_answers():
        released = await _holds(request).release(id, key.by) if is_call_id(id) else False
    if not released:
        raise Problem(404, f"call {id} is not under legal hold")
    return Response(status_code=204)
