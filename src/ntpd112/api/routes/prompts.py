"""Announcements: what there is, to listen to, and the site's own put in place of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
import structlog
from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer
from ntpd112.api.auth import require
from ntpd112.api.models import PromptLanguage, PromptMadeOut, PromptName, PromptOut, errors
from ntpd112.api.problems import Problem

log = structlog.get_logger("ntpd112.api")
router = APIRouter(prefix="/api/v1", tags=["prompts"])
Who = Annotated[Principal, Depends(require("prompts:write"))]
Language = Annotated[PromptLanguage, PathParameter(description="Indonesian or English.")]
SOUND = {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}


class Made(Protocol):
    """An upload made ready."""

    @property
    def seconds(self) -> float: ...

    @property
    def doubts(self) -> tuple[str, ...]: ...


class Prompts(Protocol):
    """What the API needs of the announcements. Every method is called on a thread."""

    @property
    def folder(self) -> Path | None: ...

    def all(self) -> Sequence[msgspec.Struct]: ...

    def find(self, language: PromptLanguage, name: str) -> Path | None: ...

    def put(self, language: PromptLanguage, name: str, sound: bytes) -> Made:
        """Raises ValueError for what is no announcement, OSError."""
        ...

    def remove(self, language: PromptLanguage, name: str) -> bool: ...


@router.get(
    "/prompts",
    summary="Announcements",
    description="Built-in ones and the site's own, by name and language.",
    response_model=list[PromptOut],
    responses=errors(401, 403, 422),
    dependencies=[Depends(require("calls:read"))],
)
async def list_prompts(request: Request) -> Response:
    prompts: Prompts = request.app.state.prompts
    return answer(request, await asyncio.to_thread(prompts.all))


@router.get(
    "/prompts/{language}/{name}",
    summary="Listen to an announcement",
    description="As callers are played it: WAV, G.711 A-law, mono.",
    response_class=FileResponse,
    responses={
        200: {"content": SOUND, "description": "The whole announcement."},
        206: {"content": SOUND, "description": "The bytes asked for."},
        **errors(400, 401, 403, 404, 416, 422),
    },
    dependencies=[Depends(require("calls:read"))],
)
async def get_prompt(request: Request, language: Language, name: PromptName) -> Response:
    prompts: Prompts = request.app.state.prompts
    file = await asyncio.to_thread(prompts.find, language, name)
    if file is None:
        raise Problem(404, f'there is no announcement "{name}" in {language}')
    return FileResponse(file, media_type="audio/wav", headers={"Cache-Control": "no-store"})


@router.put(
    "/prompts/{language}/{name}",
    summary="Put an announcement of the site's own",
    description="The body is a WAV file of up to 10 MB, PCM, float or G.711, mono or stereo, of any usual "
    "rate. It is converted to what phones carry and brought to an even loudness. A name of a built-in one "
    "replaces that; another can be named in the configuration. Callers hear it within seconds; who is "
    "hearing the one before hears it to its end. 409 when `[media] prompts` names no folder.",
    response_model=PromptMadeOut,
    responses=errors(401, 403, 409, 413, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": SOUND}},
)
async def put_prompt(request: Request, language: Language, name: PromptName, who: Who) -> Response:
    prompts = _writable(request)
    sound = await request.body()
    lock: asyncio.Lock = request.app.state.one_at_a_time
    try:
        async with lock:
            made = await asyncio.to_thread(prompts.put, language, name, sound)
    except ValueError as problem:
        detail = f"the sound cannot be an announcement: {problem}"
        raise Problem(422, detail, errors=[{"in": "body", "name": "body", "detail": str(problem)}]) from None
    except OSError as problem:
        raise Problem(503, f'[media] prompts "{prompts.folder}": {problem.strerror or problem}') from problem
    log.info("announcement changed", language=language, name=name, seconds=made.seconds, by=who.by)
    shown: dict[str, Any] = {"seconds": round(made.seconds, 1), "doubts": list(made.doubts)}
    return answer(request, {"language": language, "name": name, **shown})


@router.delete(
    "/prompts/{language}/{name}",
    summary="Remove an announcement of the site's own",
    description="The built-in one of this name is played again, if there is one; else nothing.",
    status_code=204,
    response_class=Response,
    responses=errors(401, 403, 404, 409, 422, 503),
)
async def remove_prompt(request: Request, language: Language, name: PromptName, who: Who) -> Response:
    prompts = _writable(request)
    try:
        removed = await asyncio.to_thread(prompts.remove, language, name)
    except OSError as problem:
        raise Problem(503, f'[media] prompts "{prompts.folder}": {problem.strerror or problem}') from problem
    if not removed:
        raise Problem(404, f'the site has no announcement "{name}" of its own in {language}')
    log.info("announcement removed", language=language, name=name, by=who.by)
    return Response(status_code=204)


def _writable(request: Request) -> Prompts:
    prompts: Prompts = request.app.state.prompts
    if prompts.folder is None:
        raise Problem(
            409, "[media] prompts names no folder for the site's own announcements: set it, start again"
        )
    return prompts
