"""API keys: listed, made, withdrawn."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access import ApiKey, Gate, InvalidKey, KeyExists, Principal
from ntpd112.api.answers import answer
from ntpd112.api.auth import require
from ntpd112.api.models import KeyIn, KeyMadeOut, KeyName, KeyOut, errors
from ntpd112.api.problems import Problem, database_answers

router = APIRouter(prefix="/api/v1/keys", tags=["access"])
Who = Annotated[Principal, Depends(require("admin"))]
log = structlog.get_logger("ntpd112.api")


def _shown(key: ApiKey) -> dict[str, Any]:
    return {**msgspec.structs.asdict(key), "scopes": sorted(key.scopes)}


@router.get(
    "",
    summary="API keys",
    description="All that were ever made, by name, without their texts. The last use may be a minute old.",
    response_model=list[KeyOut],
    responses=errors(401, 403, 422, 503),
    dependencies=[Depends(require("admin"))],
)
async def list_keys(request: Request) -> Response:
    gate: Gate = request.app.state.gate
    with database_answers():
        keys = await gate.keys.all()
    return answer(request, [_shown(key) for key in keys])


@router.post(
    "",
    summary="Make an API key",
    description="The answer has the key's text, which is not kept and cannot be had again. Names are used "
    "once, also those of withdrawn keys (409). A key that ends makes none that outlives it (403).",
    status_code=201,
    response_model=KeyMadeOut,
    responses=errors(401, 403, 409, 413, 422, 503),
)
async def make_key(request: Request, body: KeyIn, who: Who) -> Response:
    gate: Gate = request.app.state.gate
    if not who.person and who.expires_at and (body.expires_at is None or body.expires_at > who.expires_at):
        raise Problem(403, f'API key "{who.name}" ends at {who.expires_at}: it makes none that outlives it')
    try:
        with database_answers():
            text = await gate.keys.add(body.name, body.scopes, body.expires_at)
            key = await gate.keys.get(body.name)
    except KeyExists as error:
        raise Problem(409, str(error)) from error
    except InvalidKey as error:
        wrong = {"in": "body", "name": error.field, "detail": str(error)}
        raise Problem(422, str(error), errors=[wrong]) from error
    assert key is not None  # keys are withdrawn, never removed
    log.info("API key made", key=body.name, scopes=sorted(body.scopes), by=who.by)
    return answer(request, {**_shown(key), "key": text}, 201)


@router.delete(
    "/{name}",
    summary="Withdraw an API key",
    description="It is refused from now on; who follows live with it is cut off within seconds.",
    status_code=204,
    response_class=Response,
    responses=errors(401, 403, 404, 422, 503),
)
async def withdraw_key(request: Request, name: KeyName, who: Who) -> Response:
    gate: Gate = request.app.state.gate
    with database_answers():
        withdrawn = await gate.keys.revoke(name)
    if not withdrawn:
        raise Problem(404, f'there is no API key "{name}" that was not withdrawn')
    log.info("API key withdrawn", key=name, by=who.by)
    return Response(status_code=204)
