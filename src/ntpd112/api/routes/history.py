"""What happened in a call, live or ended: its journal, as it is and in words."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ntpd112.access.masking import masked_struct
from ntpd112.api.answers import answer
from ntpd112.api.auth import require
from ntpd112.api.models import EventsOut, WhyOut, errors
from ntpd112.api.parameters import CallId
from ntpd112.api.problems import Problem
from ntpd112.api.visibility import is_masked
from ntpd112.cdr.why import account
from ntpd112.journal.events import JournalEvent

History = Callable[[str], Sequence[JournalEvent]]
"The committed events of a call, in order; none for an unknown one. Called on a thread."

router = APIRouter(prefix="/api/v1", tags=["calls"], dependencies=[Depends(require("calls:read"))])


@router.get(
    "/calls/{id}/events",
    summary="Everything that happened in a call",
    description="The journal's events of a live or ended call, in order: who was offered it and why, lanes, "
    "ladder steps, parties. Gone when the journal no longer keeps the call (`[journal] keep`).",
    response_model=EventsOut,
    responses=errors(401, 403, 404, 422, 503),
)
async def list_call_events(request: Request, id: CallId) -> Response:
    events = await _events(request, id)
    start = events[0].at
    return answer(request, {"id": id, "events": [_shown(event, start) for event in events]})


@router.get(
    "/calls/{id}/why",
    summary="Why a call went as it did, in words",
    description="A plain account of the call's events: why it waited, who was rung and who was passed over.",
    response_model=WhyOut,
    responses=errors(401, 403, 404, 422, 503),
)
async def explain_call(request: Request, id: CallId) -> Response:
    events = await _events(request, id)
    # In words a caller's name or odd number could not be told from others.
    lines = account(map(masked_struct, events) if is_masked(request) else events)
    shown = [{**msgspec.structs.asdict(line), "at": _date(line.at)} for line in lines]
    return answer(request, {"id": id, "lines": shown})


async def _events(request: Request, call_id: str) -> Sequence[JournalEvent]:
    history: History = request.app.state.history
    try:
        events = await asyncio.to_thread(history, call_id)
    except (sqlite3.Error, OSError, ValueError) as error:  # the last two: the copy of a held call
        raise Problem(503, f"the journal cannot be read now: {error}") from error
    if not events:
        raise Problem(404, f"the journal has no call with the id {call_id}")
    return events


def _shown(event: JournalEvent, start: float) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(event)
    values.pop("call_id", None)
    return {**values, "at": _date(event.at), "ms": round((event.at - start) * 1000)}


def _date(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
