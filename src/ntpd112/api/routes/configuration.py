"""The configuration is read again while calls run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access import Principal
from ntpd112.api.answers import answer
from ntpd112.api.auth import require
from ntpd112.api.models import ReloadedOut, errors
from ntpd112.api.problems import Problem

router = APIRouter(prefix="/api/v1/config", tags=["configuration"])


class Changed(msgspec.Struct, frozen=True):
    path: str
    was: object
    now: object


class Reloaded(msgspec.Struct, frozen=True):
    changes: list[Changed]
    warnings: list[str]


class NotReloaded(Exception):
    """The configuration that was in force stays so; `problems` says why, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


Reload = Callable[[str], Awaitable[Reloaded]]
"Given who wants it. Raises NotReloaded."


async def cannot(by: str) -> Reloaded:
    """Of an agent whose configuration comes from nowhere that could be read again."""
    raise NotReloaded(["the configuration comes from no file that could be read again"])


@router.post(
    "/reload",
    summary="Read the configuration again",
    description="Takes over trunks, queues, destinations, numbers, shield, flood, call-backs and codes while "
    "calls run, and answers with what has changed. As a whole or not at all: 409 with `problems` if anything "
    "is wrong or needs a restart, and the configuration that was in force stays so.",
    response_model=ReloadedOut,
    responses=errors(401, 403, 409, 422),
)
async def reload_configuration(
    request: Request, who: Annotated[Principal, Depends(require("admin"))]
) -> Response:
    reload: Reload = request.app.state.reload
    try:
        return answer(request, await reload(who.by))
    except NotReloaded as refused:
        raise Problem(409, str(refused), problems=refused.problems) from refused
