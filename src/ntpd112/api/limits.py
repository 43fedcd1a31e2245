"""Around the app, in plain ASGI: requests of bounded size, and problem documents also from where the
framework writes an error of its own (a Range that cannot be had)."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ntpd112.api import problems

MAX_REQUESTS = 100
"Answered at the same time; more get 503 at once, so that a flood of requests cannot hold up calls."
MAX_BODY_BYTES = 64 << 10
"The largest body any path takes is under 1 KB."


class BodyTooLarge(HTTPException):
    """The body grew beyond the limit while it was read. An HTTPException, which FastAPI lets through."""


class Limits:
    """ASGI middleware."""

    def __init__(
        self, app: ASGIApp, max_body: int = MAX_BODY_BYTES, max_requests: int = MAX_REQUESTS
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._max_requests = max_requests
        self._active = 0
        self._too_large = f"the body is larger than {max_body} bytes"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        if self._active >= self._max_requests:
            busy = problems.response(
                503, f"{self._max_requests} requests are being answered", {"Retry-After": "1"}
            )
            await busy(scope, receive, answer)
            return
        self._active += 1
        try:
            await self._bounded(scope, receive, answer)
        finally:
            self._active -= 1

    async def _bounded(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._max_body:
            await problems.response(413, self._too_large)(scope, receive, answer)
            return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body:
                raise BodyTooLarge(413, self._too_large)
            return message

        await self._app(scope, bounded, answer)


class _Answer:
    """Passes a response on; one that is an error and no problem document becomes one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._error: Message | None = None
        self._text = b""

    async def __call__(self, message: Message) -> None:
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
