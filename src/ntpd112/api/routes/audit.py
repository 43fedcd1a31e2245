"""The audit log, to read."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from ntpd112.api.answers import answer_page, dated
from ntpd112.api.auth import require
from ntpd112.api.models import UNCHANGED, AuditPageOut, errors
from ntpd112.api.parameters import MOMENT, moment
from ntpd112.api.problems import RETRY_AFTER_S, Problem
from ntpd112.audit import AuditLog, Recorded, Wanted, page

MAX_LIMIT = 500
MAX_TEXT = 200
"Characters of a filter's value."

router = APIRouter(prefix="/api/v1", tags=["audit"])
Text = Annotated[str | None, Query(max_length=MAX_TEXT)]


@router.get(
    "/audit",
    summary="Who did what, newest first",
    description="Every change made over REST or by command, and every access to a recording, with who asked, "
    "from where, and what came of it; refused ones too. All filters given must hold, exactly. Reading it is "
    "in it as well.",
    response_model=AuditPageOut,
    responses={**UNCHANGED, **errors(401, 403, 422, 503)},
    dependencies=[Depends(require("audit:read"))],
)
async def list_audit(
    request: Request,
    since: Annotated[
        str | None,
        Query(
            alias="from",
            description="At or after: RFC 3339, or a date.",
            examples=["2026-11-01"],
            json_schema_extra=MOMENT,
        ),
    ] = None,
    until: Annotated[
        str | None,
        Query(alias="to", description="Before.", examples=["2026-12-01"], json_schema_extra=MOMENT),
    ] = None,
    who: Annotated[Text, Query(description="Who asked.", examples=["api:console"])] = None,
    action: Annotated[
        Text, Query(description="Method and path, or command.", examples=["GET /cdrs/{id}/recording"])
    ] = None,
    subject: Annotated[Text, Query(description="What the path names.", examples=["siti"])] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Entries on a page.")] = 100,
    cursor: Annotated[
        str | None,
        Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before.", examples=["4711"]),
    ] = None,
) -> Response:
    zone = request.app.state.zone
    begin, end = moment("from", since, zone), moment("to", until, zone)
    wanted = Wanted(
        since=begin.timestamp() if begin else None,
        until=end.timestamp() if end else None,
        who=who,
        action=action,
        subject=subject,
    )
    found = await _read(request, wanted, limit + 1, None if cursor is None else int(cursor))
    items = found[:limit]
    following = str(items[-1].seq) if len(found) > limit else None
    return await answer_page(request, [dated(item) for item in items], next_cursor=following)


async def _read(request: Request, wanted: Wanted, limit: int, before: int | None) -> list[Recorded]:
    audit: AuditLog = request.app.state.audit
    try:
        return await asyncio.to_thread(page, audit.path, wanted, limit, before)
    except sqlite3.Error as error:
        retry = {"Retry-After": str(RETRY_AFTER_S)}
        raise Problem(503, f"the audit log cannot be read now: {error}", headers=retry) from error
