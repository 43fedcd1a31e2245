"""Callers whose calls were lost, and calling them back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer, answer_polled
from ntpd112.api.auth import require
from ntpd112.api.models import (
    UNCHANGED,
    CallbackCallIn,
    CallbackCallOut,
    CallbackClosedIn,
    CallbackClosedOut,
    CallbackOut,
    errors,
)
from ntpd112.api.models.base import EXAMPLE_ID
from ntpd112.calls.console import CallbackList

EntryId = Annotated[str, Path(description="`id` of an entry: its first lost call.", examples=[EXAMPLE_ID])]
router = APIRouter(prefix="/api/v1", tags=["call-backs"])


def _list(request: Request) -> CallbackList:
    callbacks: CallbackList = request.app.state.centre.callbacks
    return callbacks


@router.get(
    "/callbacks",
    summary="Callers to call back",
    description="Who hung up while waiting, or was cut off: the most urgent first. One entry a caller, "
    "however often they called; who is answered later is taken off. Anonymous callers are never on it.",
    response_model=list[CallbackOut],
    responses={**UNCHANGED, **errors(401, 403, 422)},
    dependencies=[Depends(require("calls:read"))],
)
async def list_callbacks(request: Request) -> Response:
    return answer_polled(request, _list(request).entries())


@router.post(
    "/callbacks/{id}/call",
    summary="Call back",
    description="Rings the operator's phone; when they pick up, the caller is dialled and they hear it ring. "
    "The entry leaves the list as `reached` when the caller answers; otherwise it stays, with one attempt "
    "more. 409 if the operator is busy or has no phone, if another one is calling that caller, or if calls "
    "out are not configured. The answer is the new call's id; its CDR names the lost one (`callback_of`).",
    status_code=202,
    response_model=CallbackCallOut,
    responses=errors(401, 403, 404, 409, 413, 422),
    dependencies=[Depends(require("calls:control"))],
)
async def call_back_caller(request: Request, id: EntryId, body: CallbackCallIn) -> Response:
    call_id = _list(request).call(id, body.operator)
    return answer(request, {"call": call_id}, 202)


@router.put(
    "/callbacks/{id}",
    summary="Take a caller off the list",
    description="Says what came of it: called from another phone, not needed any more, a wrong number, ...",
    response_model=CallbackClosedOut,
    responses=errors(401, 403, 404, 413, 422),
)
async def close_callback(
    request: Request,
    id: EntryId,
    body: CallbackClosedIn,
    who: Annotated[Principal, Depends(require("calls:control"))],
) -> Response:
    _list(request).close(id, body.outcome, body.note, who.by)
    return answer(request, {"id": id, "outcome": body.outcome, "note": body.note})
