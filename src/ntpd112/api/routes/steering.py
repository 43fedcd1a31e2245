"""Calls that wait: lifted, given other needs, pulled to an operator, sent up the ladder."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer
from ntpd112.api.auth import require
from ntpd112.api.models import CallOut, PriorityIn, PullIn, RequirementsIn, errors
from ntpd112.api.parameters import CallId
from ntpd112.calls.console import CallCentre, WaitingCommands

router = APIRouter(prefix="/api/v1/calls/{id}", tags=["calls"])
Who = Annotated[Principal, Depends(require("calls:control"))]
ANSWERS: dict[str, Any] = {"response_model": CallOut, "responses": errors(401, 403, 404, 409, 413, 422)}


def _commands(request: Request) -> WaitingCommands:
    centre: CallCentre = request.app.state.centre
    return centre.steering


@router.post(
    "/lift",
    summary="Let a waiting call go first",
    description="Before every call that was not lifted, whatever their priorities. A call that was answered "
    "cannot be steered any more (409); this goes for all commands about waiting.",
    **ANSWERS,
)
async def lift_call(request: Request, id: CallId, who: Who) -> Response:
    return answer(request, _commands(request).lift(id, who.by))


@router.put(
    "/priority",
    summary="Give a waiting call another priority",
    description="Its waiting time stays: each step of priority is worth `ageing` seconds of waiting.",
    **ANSWERS,
)
async def set_call_priority(request: Request, id: CallId, body: PriorityIn, who: Who) -> Response:
    return answer(request, _commands(request).set_priority(id, body.priority, who.by))


@router.put(
    "/requirements",
    summary="Ask for other skills",
    description="In place of what the call asked for. Roles that its ladder has included stay so, and steps "
    "to come relax the new requirement. `{}` as `skills`: any operator.",
    **ANSWERS,
)
async def set_call_requirements(request: Request, id: CallId, body: RequirementsIn, who: Who) -> Response:
    commands, by = _commands(request), who.by
    return answer(request, commands.set_requirements(id, body.skills, body.prefer, by))


@router.post(
    "/pull",
    summary="Give a waiting call to an operator",
    description="Rings the operator now, whatever their skills; other phones that ring for the call stop. "
    "Needs one who is ready (else 409). If they do not take it, the call waits on as before.",
    **ANSWERS,
)
async def pull_call(request: Request, id: CallId, body: PullIn, who: Who) -> Response:
    return answer(request, _commands(request).pull(id, body.operator, who.by))


@router.post(
    "/climb",
    summary="Send a waiting call up its ladder",
    description="All steps that remain are taken at once: wider requirements, reserves, other centres. 409 "
    "when none remains.",
    **ANSWERS,
)
async def climb_ladder(request: Request, id: CallId, who: Who) -> Response:
    return answer(request, _commands(request).climb(id, who.by))
