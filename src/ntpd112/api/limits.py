"""Around the app, in plain ASGI: requests of bounded size, number and time, and problem documents also from
where the framework writes an error of its own (a Range that cannot be had)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ntpd112.api import problems

MAX_REQUESTS = 100
"Answered at the same time; more get 503 at once, so that a flood of requests cannot hold up calls."
MAX_BODY_BYTES = 64 << 10
"The largest body any path takes is below 4 KB, uploads apart."
BODY_S = 10.0
"Seconds for a body to come in. It is read before the request counts: a trickling one takes nobody's place."
UPLOADS = "/api/v1/prompts/"
"Paths below it take sound."
MAX_UPLOAD_BYTES = 10_000_000
"An announcement of 50 s as stereo, 16 bits, 48 kHz; of 10 minutes as a telephone carries it."
UPLOAD_S = 60.0
"Seconds for an upload to come in: at 1.4 Mbit/s."
UPLOADS_AT_ONCE = 2
"Read at the same time, whoever sends them: bounds the memory to 20 MB. More get 503."

STREAM = "/api/v1/events"
"Followers of the live feed stay for days; the feed bounds their number."
ANSWER_HEADERS = "answer_headers"
"In a request's state: header fields that its answer gets, whatever it is."


class _Refused(Exception):
    """The body cannot be had: status and reason."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = {"Connection": "close", **(headers or {})}


class _Gone(Exception):
    """The client has left before its body was complete."""


class Limits:
    """ASGI middleware. `body_s`: seconds."""

    def __init__(
        self,
        app: ASGIApp,
        max_body: int = MAX_BODY_BYTES,
        max_requests: int = MAX_REQUESTS,
        body_s: float = BODY_S,
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._max_requests = max_requests
        self._body_s = body_s
        self._active = 0
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, scope.setdefault("state", {}).setdefault(ANSWER_HEADERS, {}))
        try:
            body = await self._any_body(scope, receive)
        except _Refused as refused:
            # What else comes of it is not read: the connection can carry no other request.
            closing = problems.response(refused.status, str(refused), refused.headers)
            await closing(scope, receive, answer)
        except _Gone:
            return
        else:
            await self._counted(scope, _Replay(body, receive), answer)

    async def _counted(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if scope["path"] == STREAM:
            await self._app(scope, receive, answer)
            return
        if self._active >= self._max_requests:
            busy = problems.response(
                503, f"{self._max_requests} requests are being answered", {"Retry-After": "1"}
            )
            await busy(scope, receive, answer)
            return
        self._active += 1
        try:
            await self._app(scope, receive, answer)
        finally:
            self._active -= 1

    async def _any_body(self, scope: Scope, receive: Receive) -> bytes:
        """All of it, small or an upload. Raises _Refused, _Gone."""
        if scope["method"] != "PUT" or not scope["path"].startswith(UPLOADS):
            return await self._body(scope, receive, self._max_body, self._body_s)
        if self._uploads >= UPLOADS_AT_ONCE:
            raise _Refused(503, f"{UPLOADS_AT_ONCE} uploads are coming in", {"Retry-After": "10"})
        self._uploads += 1
        try:
            return await self._body(scope, receive, MAX_UPLOAD_BYTES, UPLOAD_S)
        finally:
            self._uploads -= 1

    async def _body(self, scope: Scope, receive: Receive, max_bytes: int, within_s: float) -> bytes:
        """Raises _Refused, _Gone."""
        too_large = _Refused(413, f"the body is larger than {max_bytes} bytes")
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > max_bytes:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(within_s):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise _Gone
                    body += message.get("body", b"")
                    if len(body) > max_bytes:
                        raise too_large
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise _Refused(408, f"the body did not come within {within_s:g} seconds") from None


class _Replay:
    """Gives the body once, then what else comes: that the client has left."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """Passes a response on, with the header fields that have been added to `more` by then; one that is an
    error and no problem document becomes one."""

    def __init__(self, send: Send, more: Mapping[str, str]) -> None:
        self._send = send
        self._more = more
        self._error: Message | None = None
        self._text = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._more:
            more = [(name.lower().encode(), value.encode()) for name, value in self._more.items()]
            message = {**message, "headers": [*message["headers"], *more]}
        if message["type"] == "http.response.start" and message["status"] >= 400:
            headers = dict(message["headers"])
            if not headers.get(b"content-type", b"").startswith(problems.MEDIA_TYPE.encode()):
                self._error = message
                return
        if self._error is None:
            await self._send(message)
            return
        self._text += message.get("body", b"")
        if not message.get("more_body"):
            await self._send_problem(self._error)

    async def _send_problem(self, start: Message) -> None:
        body = problems.document(start["status"], self._text.decode("utf-8", "replace"))
        kept = [pair for pair in start["headers"] if pair[0] not in (b"content-type", b"content-length")]
        headers = [
            *kept,
            (b"content-type", problems.MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
        ]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
