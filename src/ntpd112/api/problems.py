"""Errors as RFC 9457 problem documents: one shape for everything that goes wrong."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError, ValidationException, WebSocketRequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from ntpd112.api.visibility import said
from ntpd112.calls.trial_views import UnknownTrial
from ntpd112.calls.views import (
    StateConflict,
    UnknownCall,
    UnknownCallback,
    UnknownCaller,
    UnknownOperator,
    UnknownParty,
    UnknownTrunk,
    Unreachable,
)
from ntpd112.cdr.database import first_line

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
"Told to clients while the database is away."

OUR_MISTAKE = "an error of the program, which is in its log"

log = logging.getLogger(__name__)


class Problem(Exception):
    """Raised by routes; becomes the answer. `extra`: further members of the document."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra


def invalid_parameter(name: str, value: object, expected: str, where: str = "query") -> Problem:
    """A 422 that names the parameter, its value and what is expected. `where`: `query`, `header`."""
    detail = f"{where} parameter `{name}`: {value!r} is not {expected}"
    return Problem(
        422, detail, errors=[{"in": where, "name": name, "detail": f"{value!r} is not {expected}"}]
    )


@contextlib.contextmanager
def database_answers() -> Iterator[None]:
    """Around reads of the database: 503 if it is away."""
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("API: the database does not answer: %s", first_line(error))
        detail = "the database does not answer now; calls go on, and their CDRs are kept until it does"
        raise Problem(503, detail, headers={"Retry-After": str(RETRY_AFTER_S)}) from error


def document(status: int, detail: str, extra: Mapping[str, Any] | None = None) -> bytes:
    """The JSON of a problem."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return msgspec.json.encode({**body, **(extra or {})})


def response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None
) -> Response:
    return Response(document(status, detail, extra), status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem document."""

    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return response(error.status, said(request, error.detail), error.headers, error.extra)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 400:  # the framework's word for a body whose bytes are no text
            unreadable = {"in": "body", "name": "body", "detail": "is not UTF-8"}
            return response(422, "the body is not UTF-8", extra={"errors": [unreadable]})
        methods = _methods(request) if error.status_code == 405 else ""
        return response(
            error.status_code, _said(request, error), {"Allow": methods} if methods else error.headers
        )

    async def validation_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, ValidationException)
        errors = [_parameter_error(found) for found in error.errors()]
        detail = "; ".join(f"{found['in']} `{found['name']}`: {found['detail']}" for found in errors)
        return response(422, detail, extra={"errors": errors})

    async def not_found(request: Request, error: Exception) -> Response:
        return response(404, said(request, str(error)))

    async def conflict(request: Request, error: Exception) -> Response:
        return response(409, said(request, str(error)))

    async def bug(_: Request, _error: Exception) -> Response:
        return response(500, OUR_MISTAKE)

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(WebSocketRequestValidationError, validation_error)
    app.add_exception_handler(UnknownCall, not_found)
    app.add_exception_handler(UnknownCallback, not_found)
    app.add_exception_handler(UnknownCaller, not_found)
    app.add_exception_handler(UnknownOperator, not_found)
    app.add_exception_handler(UnknownParty, not_found)
    app.add_exception_handler(UnknownTrunk, not_found)
    app.add_exception_handler(UnknownTrial, not_found)
    app.add_exception_handler(StateConflict, conflict)
    app.add_exception_handler(Unreachable, conflict)
    app.add_exception_handler(Exception, bug)


def _methods(request: Request) -> str:
    """Those documented for the path, for `Allow` (RFC 9110 section 10.2.1): of a path that several routes
    share the framework names the first one's only."""
    for template, operations in request.app.openapi()["paths"].items():
        if compile_path(template)[0].match(request.url.path):
            return ", ".join(method.upper() for method in operations)
    return ""


def _said(request: Request, error: HTTPException) -> str:
    if error.status_code == 404:
        return f"there is nothing at {request.url.path}"
    if error.status_code == 405:
        return f"{request.method} is not possible at {request.url.path}"
    return str(error.detail)


def _parameter_error(found: Mapping[str, Any]) -> dict[str, str]:
    """One error of FastAPI's validation, without the value (a body may hold anything)."""
    where, *path = (str(part) for part in found["loc"])
    return {"in": where, "name": ".".join(path) or where, "detail": str(found["msg"])}
