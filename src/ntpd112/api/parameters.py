"""Reading query parameters strictly: what is not understood is refused by name, never ignored."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, tzinfo
from typing import Annotated

from fastapi import Path
from pydantic.config import JsonDict
from starlette.requests import HTTPConnection

from ntpd112.api.models.base import EXAMPLE_ID
from ntpd112.api.problems import Problem, invalid_parameter
from ntpd112.cdr.store import Place

MOMENT: JsonDict = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "date"},
        {"type": "null"},
    ]
}
"The schema of what `moment` reads."
CURSOR_PATTERN = r"^[0-9]{1,16}\.[0-9A-Za-z]{1,26}$"
"Microseconds since 1970, up to the year 2286, and a call's id: whatever fits it is a place."
CallId = Annotated[
    str, Path(description="Of a call, as in `/calls`, `/cdrs` and events.", examples=[EXAMPLE_ID])
]
OperatorId = Annotated[str, Path(description="As in `/operators`.", examples=["siti"])]
LegNumber = Annotated[int, Path(description="`leg` of one of the call's `parties`.", examples=[1001])]
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+ -]\d\d:\d\d)?)?\Z")


async def only_known(request: HTTPConnection) -> None:
    """A dependency of every route: 422 for a query parameter it does not have, or that is given twice."""
    if not request.query_params:
        return
    if request.app.openapi_schema is None:  # made once, in a third of a second that calls would stand still
        await asyncio.to_thread(request.app.openapi)
    known = _query_parameters(request)
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "this path takes none"
            raise Problem(
                422,
                f"query parameter `{name}` is not known: {there}",
                errors=[{"in": "query", "name": name, "detail": f"is not known: {there}"}],
            )
        if given.count(name) > 1:
            raise invalid_parameter(name, request.query_params.getlist(name), "a single value")


def _query_parameters(request: HTTPConnection) -> list[str]:
    """Names of those the request's path takes, from the OpenAPI document: what is documented is what is
    taken. A WebSocket's are those of GET at its path."""
    operations = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    method = str(request.scope.get("method", "GET")).lower()
    documented = operations.get(method, {}).get("parameters", [])
    return [parameter["name"] for parameter in documented if parameter["in"] == "query"]


def moment(name: str, text: str | None, zone: tzinfo) -> datetime | None:
    """An RFC 3339 time, or without zone, or a date alone: those are in the site's zone. Raises Problem."""
    if text is None:
        return None
    try:
        if not _MOMENT.match(text):
            raise ValueError
        found = datetime.fromisoformat(re.sub(r" (?=\d\d:\d\d\Z)", "+", text) if "T" in text else text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        expected = "a date or RFC 3339 time, such as 2026-11-01 or 2026-11-01T08:00:00+07:00"
        raise invalid_parameter(name, text, expected) from None


def write_cursor(place: Place) -> str:
    """Opaque to clients, who may see that it is a place in time and no page number."""
    micros = int(place.started_at.timestamp()) * 1_000_000 + place.started_at.microsecond
    return f"{micros}.{place.id}"


def read_cursor(text: str | None) -> Place | None:
    """Raises Problem."""
    if text is None:
        return None
    if not re.fullmatch(CURSOR_PATTERN, text):
        raise invalid_parameter("cursor", text, "a `next_cursor` of an earlier answer")
    micros, _, call_id = text.partition(".")
    seconds, rest = divmod(int(micros), 1_000_000)
    return Place(datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest), call_id)
