"""Call detail records and recordings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, Response

from ntpd112.api import exports
from ntpd112.api.answers import answer_page, answer_polled
from ntpd112.api.auth import expect_unmasked, require
from ntpd112.api.models import UNCHANGED, CdrOut, CdrPage, errors
from ntpd112.api.parameters import CURSOR_PATTERN, MOMENT, CallId, moment, read_cursor, write_cursor
from ntpd112.api.problems import Problem, database_answers, invalid_parameter
from ntpd112.api.routes.holds import Holds
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.store import Filter, Place
from ntpd112.journal.events import Classification, Disposition
from ntpd112.journal.ids import is_call_id

MAX_LIMIT = 500
"CDRs on a page: about 500 KB of JSON."
MAX_TEXT = 200
"Characters of a filter's value."

Text = Annotated[str | None, Query(max_length=MAX_TEXT)]
EXPORTED = {
    exports.CSV: "id,region,direction,...\r\n01JCXS8Q3M6D9W8V4T2R7N5K1B,35.78,in,...\r\n# rows: 1\r\n",
    exports.NDJSON: '{"id":"01JCXS8Q3M6D9W8V4T2R7N5K1B","region":"35.78"}\n{"count":1}\n',
}
router = APIRouter(prefix="/api/v1", tags=["cdrs"])


class Cdrs(exports.Pages, Protocol):
    """What the API needs of the CDR store."""

    async def get(self, call_id: str) -> Cdr | None: ...


@router.get(
    "/cdrs",
    summary="CDRs, newest first",
    description="All filters given must hold. Pages go on by `next_cursor`; CDRs that come meanwhile neither "
    "shift nor repeat anything. `Accept: text/csv` or `application/x-ndjson` gives all of them instead, "
    'without `limit` and `cursor`; the last line has their number (`# rows: N`, `{"count":N}`), and without '
    "it the download is not whole.",
    response_model=CdrPage,
    responses={
        200: {
            "content": {
                kind: {"schema": {"type": "string"}, "example": example} for kind, example in EXPORTED.items()
            }
        },
        **UNCHANGED,
        **errors(401, 403, 422, 503),
    },
    dependencies=[Depends(require("cdr:read"))],
)
async def list_cdrs(
    request: Request,
    started_from: Annotated[
        str | None,
        Query(
            alias="from",
            description="Started at or after: RFC 3339, or a date or time of the site's zone.",
            examples=["2026-11-01T00:00:00+07:00"],
            json_schema_extra=MOMENT,
        ),
    ] = None,
    started_to: Annotated[
        str | None,
        Query(alias="to", description="Started before.", examples=["2026-12-01"], json_schema_extra=MOMENT),
    ] = None,
    queue: Annotated[Text, Query(description="It waited in.", examples=["112"])] = None,
    trunk: Annotated[Text, Query(description="It came by.", examples=["pbx"])] = None,
    operator: Annotated[Text, Query(description="Who talked to the caller last.", examples=["siti"])] = None,
    disposition: Annotated[Disposition | None, Query(description="How it ended for the queue.")] = None,
    classification: Annotated[Classification | None, Query(description="The last that was given.")] = None,
    caller: Annotated[
        str | None,
        Query(
            max_length=MAX_TEXT,
            description="Exactly; the `+` may be sent as it is.",
            examples=["+628123456789"],
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="CDRs on a page.")] = 100,
    cursor: Annotated[
        str | None,
        Query(
            description="`next_cursor` of the page before.",
            examples=["1793494800125000.01JCXS8Q3M6D9W8V4T2R7N5K1B"],
            json_schema_extra={"anyOf": [{"type": "string", "pattern": CURSOR_PATTERN}, {"type": "null"}]},
        ),
    ] = None,
) -> Response:
    if caller is not None:
        expect_unmasked(request)
    zone = request.app.state.zone
    wanted = Filter(
        started_from=moment("from", started_from, zone),
        started_to=moment("to", started_to, zone),
        queue=queue,
        trunk=trunk,
        operator=operator,
        disposition=disposition,
        classification=classification,
        caller=_caller(caller),
    )
    cdrs: Cdrs = request.app.state.cdrs
    kind = exports.wanted(request.headers.get("accept", ""))
    if kind is not None:
        for name in ("limit", "cursor"):
            if name in request.query_params:
                raise invalid_parameter(name, request.query_params[name], f"possible with {kind}")
        return await exports.export(request, kind, cdrs, wanted)
    after = read_cursor(cursor)
    with database_answers():
        found = await cdrs.page(wanted, limit + 1, after)
    items = found[:limit]
    more = len(found) > limit
    following = write_cursor(Place(items[-1].started_at, items[-1].id)) if more else None
    return await answer_page(request, items, next_cursor=following)


def _caller(text: str | None) -> str | None:
    """A `+` that was not percent-encoded arrives as a space."""
    return f"+{text[1:]}" if text is not None and text.startswith(" ") else text


async def _cdr(request: Request, call_id: str) -> Cdr:
    cdrs: Cdrs = request.app.state.cdrs
    found = None
    if is_call_id(call_id):
        with database_answers():
            found = await cdrs.get(call_id)
    if found is None:
        raise Problem(404, f"no ended call has the id {call_id}")
    return found


@router.get(
    "/cdrs/{id}",
    summary="One CDR",
    description="A CDR is there about a second after the call's end.",
    response_model=CdrOut,
    responses={**UNCHANGED, **errors(401, 403, 404, 422, 503)},
    dependencies=[Depends(require("cdr:read"))],
)
async def get_cdr(request: Request, id: CallId) -> Response:
    return answer_polled(request, await _cdr(request, id))


@router.get(
    "/cdrs/{id}/recording",
    summary="A call's recording",
    description="G.711 WAV in stereo: the caller left, the operator right. Byte ranges can be asked for.",
    response_class=FileResponse,
    responses={
        200: {"content": {"audio/wav": {}}, "description": "The whole recording."},
        206: {"content": {"audio/wav": {}}, "description": "The bytes asked for."},
        **errors(400, 401, 403, 404, 410, 416, 422, 503),
    },
    dependencies=[Depends(require("recordings:read", unmasked=True))],
)
async def get_recording(request: Request, id: CallId) -> Response:
    cdr = await _cdr(request, id)
    if cdr.recording is None:
        raise Problem(404, f"call {id} was not recorded")
    holds: Holds = request.app.state.holds
    with database_answers():
        removed_at = await holds.removed_at(id)
    if removed_at is not None:
        when = removed_at.astimezone(request.app.state.zone)
        raise Problem(410, f"the recording of call {id} was removed by retention on {when:%Y-%m-%d}")
    file = await asyncio.to_thread(find_recording, request.app.state.recordings, cdr.recording)
    if file is None:
        raise Problem(404, f"the recording of call {id} is no longer there")
    return FileResponse(
        file, media_type="audio/wav", filename=f"{cdr.id}.wav", headers={"Cache-Control": "private, no-store"}
    )


def find_recording(folder: Path | None, name: str) -> Path | None:
    """The file of a recording; None if it is gone, or not below the recordings' folder."""
    if folder is None:
        return None
    root = folder.resolve()
    file = (root / name).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None
