"""Signing in and out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access import Busy, Gate, InvalidPassword, Principal, TooMany, WrongPassword
from ntpd112.api.answers import answer
from ntpd112.api.auth import (
    CHALLENGE,
    address_of,
    key_text,
    own_entry,
    require,
    signed_in,
    too_many,
)
from ntpd112.api.models import (
    AccountOut,
    OperatorId,
    PasswordIn,
    RoleIn,
    SessionIn,
    SessionMadeOut,
    SessionOut,
    errors,
)
from ntpd112.api.problems import Problem, database_answers

router = APIRouter(prefix="/api/v1", tags=["access"])
Person = Annotated[Principal, Depends(signed_in)]
Admin = Annotated[Principal, Depends(require("admin"))]
AdminOrSelf = Annotated[Principal, Depends(require("admin", own_entry))]
BUSY_RETRY_S = 1
log = structlog.get_logger("ntpd112.api")


@contextlib.contextmanager
def _passwords(wrong: int) -> Iterator[None]:
    """Around what looks at passwords: its errors as problems, a wrong password as the status `wrong`."""
    try:
        with database_answers():
            yield
    except WrongPassword as error:
        headers = {"WWW-Authenticate": CHALLENGE} if wrong == 401 else {}
        raise Problem(wrong, str(error), headers=headers) from error
    except TooMany as error:
        raise too_many(error) from error
    except Busy as error:
        raise Problem(503, str(error), headers={"Retry-After": str(BUSY_RETRY_S)}) from error
    except InvalidPassword as error:
        found = {"in": "body", "name": "password", "detail": str(error)}
        raise Problem(422, str(error), errors=[found]) from error


def _shown(who: Principal) -> dict[str, Any]:
    return {"operator": who.name, "scopes": sorted(who.scopes), "expires_at": who.expires_at}


@router.post(
    "/sessions",
    summary="Sign in",
    description="With the operator's own password, which is not their phone's. The token stands for the "
    "person until it ends, they sign out, their password changes, or they are taken out of the directory; a "
    "restart of the agent does not end it. Whoever guesses is braked (429).",
    status_code=201,
    response_model=SessionMadeOut,
    responses=errors(401, 409, 413, 422, 429, 503),
)
async def sign_in(request: Request, body: SessionIn) -> Response:
    gate: Gate = request.app.state.gate
    address = address_of(request)
    try:
        with _passwords(wrong=401):
            token = await gate.sign_in.sign_in(body.operator, body.password, address)
    except Problem as problem:
        log.warning("sign-in refused", operator=body.operator, address=address, status=problem.status)
        raise
    who = gate.find(token)
    if who is None:
        raise Problem(409, f'operator "{body.operator}" was just taken out, or signed in elsewhere too often')
    log.info("signed in", operator=body.operator, address=address)
    return answer(request, {**_shown(who), "token": token}, 201)


@router.get(
    "/sessions/current",
    summary="Who has signed in",
    description="Whose the token is, what they may, and until when.",
    response_model=SessionOut,
    responses=errors(401, 403, 422),
)
async def get_session(request: Request, who: Person) -> Response:
    return answer(request, _shown(who))


@router.delete(
    "/sessions/current",
    summary="Sign out",
    description="Ends the session whose token this is.",
    status_code=204,
    response_class=Response,
    responses=errors(401, 403, 422, 503),
)
async def sign_out(request: Request, who: Person) -> Response:
    gate: Gate = request.app.state.gate
    with database_answers():
        await gate.sessions.end(key_text(request) or "")
    log.info("signed out", operator=who.name)
    return Response(status_code=204)


@router.get(
    "/operators/{id}/account",
    summary="What an operator signs in with",
    description="Of anybody with the scope `admin`, and one's own.",
    response_model=AccountOut,
    responses=errors(401, 403, 404, 422, 503),
    dependencies=[Depends(require("admin", own_entry))],
)
async def get_account(request: Request, id: OperatorId) -> Response:
    gate: Gate = request.app.state.gate
    with database_answers():
        account = await gate.accounts.get(id)
    if account is None:
        raise _nobody(id)
    return answer(request, account)


@router.put(
    "/operators/{id}/password",
    summary="Set an operator's password",
    description="With the scope `admin`; one's own with `old`, the present one (else 403). Ends all "
    "sessions of the operator, also the one that asks: sign in anew.",
    status_code=204,
    response_class=Response,
    responses=errors(401, 403, 404, 413, 422, 503),
)
async def set_password(request: Request, id: OperatorId, body: PasswordIn, who: AdminOrSelf) -> Response:
    gate: Gate = request.app.state.gate
    with _passwords(wrong=403):
        if not own_entry(request, who):
            there = await gate.sign_in.set_password(id, body.password)
        elif body.old is None:
            missing = {"in": "body", "name": "old", "detail": "is needed to change one's own password"}
            raise Problem(422, "body `old`: is needed to change one's own password", errors=[missing])
        else:
            there = await gate.sign_in.change_password(id, body.old, body.password, address_of(request))
    if not there:
        raise _nobody(id)
    log.info("password set", operator=id, by=who.by)
    return Response(status_code=204)


@router.put(
    "/operators/{id}/role",
    summary="Set what an operator may do when signed in",
    description="Counts for sessions that are open, too. It is not the skill `supervisor`, which says which "
    "calls reach an operator.",
    response_model=AccountOut,
    responses=errors(401, 403, 404, 413, 422, 503),
)
async def set_role(request: Request, id: OperatorId, body: RoleIn, who: Admin) -> Response:
    gate: Gate = request.app.state.gate
    with database_answers():
        await gate.accounts.set_role(id, body.role)
        await gate.refresh()
        account = await gate.accounts.get(id)
    if account is None:
        raise _nobody(id)
    log.info("role set", operator=id, role=body.role, by=who.by)
    return answer(request, account)


def _nobody(operator: str) -> Problem:
    return Problem(404, f'no operator has the id "{operator}"')
