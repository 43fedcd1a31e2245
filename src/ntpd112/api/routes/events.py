"""Live events, by WebSocket and as server-sent events (https://html.spec.whatwg.org/#server-sent-events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, WebSocket
from fastapi.responses import Response
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from ntpd112.access import Gate
from ntpd112.api import visibility
from ntpd112.api.auth import enter, expect, key_text, require
from ntpd112.api.following import Line, Reason, lines, masked_message
from ntpd112.api.models import errors
from ntpd112.api.problems import Problem, invalid_parameter
from ntpd112.api.streaming import Streamed
from ntpd112.feed import EVENT_TYPES, Feed, FeedFull, Follower, UnknownPosition, Wanted

SCOPE = "calls:read"
SUBPROTOCOL = "ntpd112.events"
"Chosen when the client offers it: one that offers its key as a subprotocol must offer another to be chosen."
CLOSE_CODES: dict[Reason, int] = {
    "too_slow": 4008,
    "shutting_down": 1001,
    "key_withdrawn": 4001,
    "journal_unreadable": 1011,
}
"RFC 6455 section 7.4; from 4000 on: our own."
UNSUPPORTED_DATA = 1003
RETRY_MS = 2_000
"What an EventSource waits before it connects again."
FULL_RETRY_S = 10
MAX_TEXT = 200
"Characters of a filter's value."
MAX_TYPES_TEXT = 2_000
"All types together are about 700."
EXAMPLE = """id: 4711.9f86d081
data: {"position":"4711.9f86d081","type":"offer.made","at":"2026-11-01T08:00:00.125+07:00",\
"call_id":"01JCXS8Q3M6D9W8V4T2R7N5K1B","offer":1,"operator":"siti"}

"""

router = APIRouter(prefix="/api/v1", tags=["events"])


class Asked:
    """A dependency: what the query asks for. Raises Problem."""

    def __init__(
        self,
        since: Annotated[
            str | None,
            Query(
                max_length=MAX_TEXT,
                description="A message's `position`: everything behind it comes first, out of the journal. "
                "`0`: all that the journal has. Not given: from now on.",
                examples=["4711.9f86d081"],
            ),
        ] = None,
        types: Annotated[
            str | None,
            Query(
                max_length=MAX_TYPES_TEXT,
                description="Only these, separated by commas.",
                examples=["call.started,call.ended"],
            ),
        ] = None,
        queue: Annotated[
            str | None,
            Query(
                max_length=MAX_TEXT,
                description="Only calls of this queue: from the event that put them in up to and with one "
                "that takes them out.",
                examples=["112"],
            ),
        ] = None,
        call: Annotated[
            str | None,
            Query(
                max_length=MAX_TEXT, description="Only this call.", examples=["01JCXS8Q3M6D9W8V4T2R7N5K1B"]
            ),
        ] = None,
    ) -> None:
        chosen = frozenset(types.split(",")) if types is not None else frozenset[str]()
        for name in chosen:
            if name not in EVENT_TYPES:
                raise invalid_parameter("types", name, f"one of {', '.join(EVENT_TYPES)}")
        self.since = since
        self.wanted = Wanted(types=chosen, queue=queue or "", call=call or "")

    def join(self, feed: Feed, since: str | None) -> Follower:
        """Raises Problem: 410, 422, 503."""
        try:
            return feed.join(self.wanted, since)
        except UnknownPosition as error:
            raise Problem(410, str(error)) from error
        except FeedFull as error:
            raise Problem(503, str(error), headers={"Retry-After": str(FULL_RETRY_S)}) from error


@router.get(
    "/events",
    summary="Follow what happens, live",
    description="Server-sent events without end. Each `data` is a JSON object with `position`, `type`, `at` "
    "and `call_id`; the rest depends on the type, as in `/calls/{id}/events`. `heartbeat` comes at the start "
    "and whenever 15 seconds were silent, with the position to go on from. `end` is the last; its `reason`: "
    "`too_slow`, `shutting_down`, `key_withdrawn`, `journal_unreadable`. A WebSocket at the same path takes "
    "the same parameters and sends the same objects.",
    response_class=Response,
    responses={
        200: {
            "description": "Events, until either side ends it.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        **errors(401, 403, 410, 422, 503),
    },
    dependencies=[Depends(require(SCOPE))],
)
async def stream_events(
    request: Request,
    asked: Annotated[Asked, Depends()],
    last_event_id: Annotated[
        str | None,
        Header(
            max_length=MAX_TEXT,
            description="Goes before `since`: an EventSource that connects again.",
            examples=["4711.9f86d081"],
        ),
    ] = None,
) -> Response:
    feed: Feed = request.app.state.feed
    follower = asked.join(feed, last_event_id or asked.since)
    return Streamed(
        _frames(lines(feed, follower, _allowed(request), _shown(request))),
        "text/event-stream",
        {"X-Accel-Buffering": "no"},
        on_end=lambda: feed.leave(follower),
    )


async def _frames(parts: AsyncIterator[list[Line]]) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    async for part in parts:
        if not part:
            continue
        yield "".join(f"id: {line.position}\ndata: {line.text}\n\n" for line in part).encode()


def _allowed(connection: HTTPConnection) -> Callable[[], bool]:
    """Whether the connection's key or session holds still."""
    gate: Gate = connection.app.state.gate
    token = key_text(connection) or ""

    def allowed() -> bool:
        who = gate.find(token)
        return who is not None and who.allows(SCOPE)

    return allowed


def _shown(connection: HTTPConnection) -> Callable[[str], str]:
    return masked_message if visibility.is_masked(connection) else str


@router.websocket("/events")
async def follow_events(websocket: WebSocket, asked: Annotated[Asked, Depends()]) -> None:
    expect(enter(websocket, key_text(websocket)), SCOPE)
    feed: Feed = websocket.app.state.feed
    follower = asked.join(feed, asked.since)
    try:
        await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in websocket.scope["subprotocols"] else None)
        await _send(websocket, lines(feed, follower, _allowed(websocket), _shown(websocket)))
    except WebSocketDisconnect:
        return
    finally:
        feed.leave(follower)


async def _send(websocket: WebSocket, parts: AsyncIterator[list[Line]]) -> None:
    """Until the end, or the client says anything: it left, or sends what nobody reads. Raises
    WebSocketDisconnect."""
    heard = asyncio.ensure_future(websocket.receive())
    try:
        async for part in parts:
            if heard.done():
                if heard.result()["type"] == "websocket.receive":
                    await websocket.close(UNSUPPORTED_DATA, "nothing is taken here")
                return
            await _send_part(websocket, part)
    finally:
        heard.cancel()


async def _send_part(websocket: WebSocket, part: Iterable[Line]) -> None:
    for line in part:
        await websocket.send_text(line.text)
        if line.end is not None:
            await websocket.close(CLOSE_CODES[line.end], line.end)
