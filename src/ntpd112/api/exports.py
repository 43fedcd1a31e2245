"""All CDRs of a selection as one stream, in constant memory: a few at a time from the database, each time in
a transaction of its own, so that no writer waits for a slow download. The last line has their number."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import tzinfo
from typing import Protocol

import msgspec
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError

from ntpd112.access.masking import masked_struct
from ntpd112.api import table
from ntpd112.api.problems import Problem, database_answers
from ntpd112.api.streaming import Streamed
from ntpd112.api.visibility import is_masked
from ntpd112.cdr.cells import LINE_END
from ntpd112.cdr.database import first_line
from ntpd112.cdr.localised import localised
from ntpd112.cdr.record import Cdr
from ntpd112.cdr.store import Filter, Place

MAX_EXPORTS = 2
"At once: each takes a database connection and about half of a core. More get 503."
RETRY_AFTER_S = 10
STEP_CDRS = 25
"""Read and encoded at a time, in several turns of the loop of at most 0.8 ms each; calls have theirs between.
10 took nearly twice the CPU for each CDR; 50 a quarter less, in turns of 1.3 ms."""
CSV = "text/csv"
NDJSON = "application/x-ndjson"
FORMATS = (CSV, NDJSON)
BROKEN_OFF = "broken off: the database does not answer"

log = logging.getLogger(__name__)


class Pages(Protocol):
    """What an export needs of the CDR store."""

    async def page(self, wanted: Filter, limit: int, after: Place | None = None) -> list[Cdr]: ...


class Exports:
    """How many there are now."""

    def __init__(self) -> None:
        self._running = 0

    def begin(self) -> None:
        """Raises Problem: 503."""
        if self._running >= MAX_EXPORTS:
            retry = {"Retry-After": str(RETRY_AFTER_S)}
            raise Problem(503, f"{MAX_EXPORTS} exports are being made: try again later", headers=retry)
        self._running += 1

    def end(self) -> None:
        self._running -= 1


def wanted(accept: str) -> str | None:
    """The export format an Accept header likes best (RFC 9110 section 12.5.1); None: JSON pages, also if it
    likes them as much."""
    liked = dict(map(_preference, accept.split(",")))
    best = max(FORMATS, key=lambda kind: liked.get(kind, 0.0))
    pages = max(liked.get(kind, 0.0) for kind in ("application/json", "application/*", "*/*"))
    return best if liked.get(best, 0.0) > pages else None


def _preference(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    given = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
    try:
        return kind, float(given[0]) if given else 1.0
    except ValueError:
        return kind, 0.0


async def export(request: Request, kind: str, cdrs: Pages, selection: Filter) -> Response:
    """The stream; its first step is read before it begins. Raises Problem: 503."""
    exports: Exports = request.app.state.exports
    zone: tzinfo = request.app.state.zone
    exports.begin()
    try:
        with database_answers():
            first = await cdrs.page(selection, STEP_CDRS)
    except BaseException:
        exports.end()
        raise
    steps = _steps(cdrs, selection, first)
    content = (_csv if kind == CSV else _ndjson)(_masked(steps) if is_masked(request) else steps, zone)
    name = "cdrs.csv" if kind == CSV else "cdrs.ndjson"
    media_type = "text/csv; charset=utf-8; header=present" if kind == CSV else NDJSON
    return Streamed(
        content, media_type, {"Content-Disposition": f'attachment; filename="{name}"'}, on_end=exports.end
    )


class _BrokenOff(Exception):
    """The database went away."""


async def _steps(cdrs: Pages, selection: Filter, step: list[Cdr]) -> AsyncIterator[Sequence[Cdr]]:
    """Raises _BrokenOff."""
    while step:
        yield step
        await asyncio.sleep(0)
        if len(step) < STEP_CDRS:
            return
        try:
            step = await cdrs.page(selection, STEP_CDRS, Place(step[-1].started_at, step[-1].id))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("API: an export is broken off: %s", first_line(error))
            raise _BrokenOff from error


async def _masked(steps: AsyncIterator[Sequence[Cdr]]) -> AsyncIterator[Sequence[Cdr]]:
    async for step in steps:
        yield [masked_struct(cdr) for cdr in step]


async def _csv(steps: AsyncIterator[Sequence[Cdr]], zone: tzinfo) -> AsyncIterator[bytes]:
    count = 0
    yield table.header().encode()
    try:
        async for step in steps:
            count += len(step)
            yield table.rows(step, zone).encode("utf-8", "replace")
    except _BrokenOff:
        yield f"# {BROKEN_OFF}{LINE_END}".encode()
    else:
        yield f"# rows: {count}{LINE_END}".encode()


async def _ndjson(steps: AsyncIterator[Sequence[Cdr]], zone: tzinfo) -> AsyncIterator[bytes]:
    count = 0
    try:
        async for step in steps:
            count += len(step)
            yield b"".join(msgspec.json.encode(localised(cdr, zone)) + b"\n" for cdr in step)
    except _BrokenOff:
        yield msgspec.json.encode({"error": BROKEN_OFF}) + b"\n"
    else:
        yield msgspec.json.encode({"count": count}) + b"\n"
