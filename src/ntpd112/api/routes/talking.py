"""Calls that are talked on: hold, transfer, conference, supervision, hang-up. An operator who has signed in
may do all but supervise with the call they have."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer
from ntpd112.api.auth import own_call, require
from ntpd112.api.models import CallOut, PartyIn, SupervisionIn, TransferIn, errors
from ntpd112.api.parameters import CallId, LegNumber
from ntpd112.calls.console import CallCommands

router = APIRouter(prefix="/api/v1/calls/{id}", tags=["calls"])
Who = Annotated[Principal, Depends(require("calls:control", own_call))]
Supervisor = Annotated[Principal, Depends(require("calls:control"))]
ANSWERS: dict[str, Any] = {"response_model": CallOut, "responses": errors(401, 403, 404, 409, 413, 422)}


def _commands(request: Request) -> CallCommands:
    commands: CallCommands = request.app.state.centre.commands
    return commands


@router.post(
    "/hold",
    summary="Put the caller on hold",
    description="The caller hears the hold announcement; the others go on talking. Hold from a phone needs "
    "no command.",
    **ANSWERS,
)
async def hold_call(request: Request, id: CallId, who: Who) -> Response:
    return answer(request, _commands(request).hold(id, who.by))


@router.post(
    "/resume",
    summary="Take the caller back from hold",
    description="The hold announcement ends, and all talk again.",
    **ANSWERS,
)
async def resume_call(request: Request, id: CallId, who: Who) -> Response:
    return answer(request, _commands(request).resume(id, who.by))


@router.post(
    "/transfer",
    summary="Transfer the caller",
    description="Blind: the target takes the operator's place when it answers; if it does not, the caller is "
    "back with the operator. A queue takes the caller at its front at once. Attended: the caller is on hold "
    "while the operator talks to the target. A caller whom nobody has goes to the front of the queue.",
    **ANSWERS,
)
async def transfer_call(request: Request, id: CallId, body: TransferIn, who: Who) -> Response:
    return answer(request, _commands(request).transfer(id, body.to, body.attended, who.by, body.skills))


@router.post(
    "/transfer/complete",
    summary="Hand the caller over",
    description="Ends the operator's part in an attended transfer. If the target still rings it goes on as a "
    "blind one.",
    **ANSWERS,
)
async def complete_transfer(request: Request, id: CallId, who: Who) -> Response:
    return answer(request, _commands(request).complete_transfer(id, who.by))


@router.post(
    "/transfer/cancel",
    summary="Take the caller back from a transfer",
    description="Also a blind one whose target still rings.",
    **ANSWERS,
)
async def cancel_transfer(request: Request, id: CallId, who: Who) -> Response:
    return answer(request, _commands(request).cancel_transfer(id, who.by))


@router.post(
    "/transfer/conference",
    summary="Make a conference of an attended transfer",
    description="Caller, operator and target talk together.",
    **ANSWERS,
)
async def join_transfer(request: Request, id: CallId, who: Who) -> Response:
    return answer(request, _commands(request).join_transfer(id, who.by))


@router.post(
    "/parties",
    summary="Call somebody into the call",
    description="An agency, a psychologist, another operator: rung while caller and operator go on talking, "
    "then all hear each other.",
    **ANSWERS,
)
async def add_party(request: Request, id: CallId, body: PartyIn, who: Who) -> Response:
    return answer(request, _commands(request).add_party(id, body.to, who.by))


@router.delete(
    "/parties/{leg}",
    summary="Take somebody out of the call",
    description="By the `leg` in the call's `parties`; also stops a phone that still rings. Not the last one "
    "who talks to the caller (409).",
    **ANSWERS,
)
async def remove_party(request: Request, id: CallId, leg: LegNumber, who: Who) -> Response:
    return answer(request, _commands(request).remove_party(id, leg, who.by))


@router.post(
    "/hangup",
    summary="Hang up",
    description="Ends the call for everyone, as its operator would by hanging up; its CDR says by whom. Only "
    "one that is talked on: a caller who waits, or is being transferred, is never sent away (409).",
    **ANSWERS,
)
async def hang_up_call(request: Request, id: CallId, who: Who) -> Response:
    return answer(request, _commands(request).hang_up(id, who.by))


@router.post(
    "/supervise",
    summary="Let a supervisor into the call",
    description="Rings the supervisor's phone. `listen` is heard by nobody, `whisper` by operators only, "
    "`talk` by all. The supervisor leaves by hanging up. Needs the skill `supervisor` (else 409).",
    **ANSWERS,
)
async def supervise_call(request: Request, id: CallId, body: SupervisionIn, who: Supervisor) -> Response:
    return answer(request, _commands(request).supervise(id, body.supervisor, body.mode, who.by))


@router.put(
    "/supervise",
    summary="Listen, whisper or barge in",
    description="Of a supervisor who is in the call: from one to another of these, as often as they like.",
    **ANSWERS,
)
async def change_supervision(request: Request, id: CallId, body: SupervisionIn, who: Supervisor) -> Response:
    commands, by = _commands(request), who.by
    return answer(request, commands.change_supervision(id, body.supervisor, body.mode, by))
