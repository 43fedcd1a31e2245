"""Commands that are sent twice and done once (draft-ietf-httpapi-idempotency-key-header-07).

Whoever sends a command and loses the answer cannot know whether it was carried out. With an `Idempotency-Key`
it is sent again as it was, and answered as the first time. Answers are kept in memory: a command to a live
call is a matter of seconds, and who finds the agent started anew looks at the call before they say it again.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ntpd112.api import problems
from ntpd112.api.problems import Problem, invalid_parameter

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"`true` on an answer that is the first one's."
KEEP_S = 24 * 3600.0
MAX_OF_ONE = 1_000
"Answers kept of one API key: its latest. A busy console gives some hundred commands in a day."
MAX_BYTES = 32 << 20
"Kept of all together; a call's view has about 1 KB."
MAX_KEY = 255
"Characters: a UUID has 36."
ACTING = ("POST", "PUT", "PATCH", "DELETE")
SECRET = ("/api/v1/keys", "/api/v1/sessions")
"Answers below these have secrets, which are not kept."
NOT_KEPT = frozenset({401, 403, 408, 413, 429, 503})
"Nothing was done, and the same request may fare better later."
_ATTEMPT = "ntpd112.attempt"
PATTERN = rf'^"?([\x21\x23-\x7e]{{1,{MAX_KEY}}})"?$'
"The draft has it in quotes; many clients send it without."


class Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Replay(Exception):
    """Raised in place of doing it again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer

    def response(self) -> Response:
        made = Response(self.answer.body, self.answer.status)
        made.raw_headers = [*self.answer.headers, (REPLAYED.lower().encode(), b"true")]
        return made


@dataclass(slots=True)
class _Known:
    request: bytes
    "Hash of what was asked for."
    at: float
    answer: Answer | None = None
    "None: being made."


Who = tuple[str, str]
"Whose key it is, and the key: nobody gets the answers of others."


class Answers:
    """What was answered to which key. `now`: seconds."""

    def __init__(self) -> None:
        self._known: dict[Who, _Known] = {}
        "The oldest first."
        self._of: dict[str, dict[Who, None]] = {}
        self._bytes = 0

    def begin(self, who: Who, request: bytes, now: float) -> None:
        """`request` is to be carried out now, then `end` follows. Raises Replay, Problem."""
        self._forget_old(now)
        known = self._known.get(who)
        if known is None:
            self._known[who] = _Known(request, now)
            self._of.setdefault(who[0], {})[who] = None
            return
        if known.request != request:
            detail = f"{HEADER} {who[1]!r} was given to another request before"
            errors = [{"in": "header", "name": HEADER, "detail": "was given to another request before"}]
            raise Problem(422, detail, errors=errors)
        if known.answer is None:
            detail = f"the first request with {HEADER} {who[1]!r} is being carried out"
            raise Problem(409, detail, headers={"Retry-After": "1"})
        raise Replay(known.answer)

    def end(self, who: Who, answer: Answer) -> None:
        """`begin` went before."""
        if answer.status in NOT_KEPT:
            self._forget(who)
            return
        self._known[who].answer = answer
        self._bytes += len(answer.body)
        while len(self._of[who[0]]) > MAX_OF_ONE and self._forget_first(self._of[who[0]]):
            pass
        while self._bytes > MAX_BYTES and self._forget_first(self._known):
            pass

    def _forget_old(self, now: float) -> None:
        while self._known and now - next(iter(self._known.values())).at > KEEP_S:
            self._forget(next(iter(self._known)))

    def _forget_first(self, among: dict[Who, None] | dict[Who, _Known]) -> bool:
        """The oldest that is answered. False: none is."""
        first = next((who for who in among if self._known[who].answer is not None), None)
        if first is not None:
            self._forget(first)
        return first is not None

    def _forget(self, who: Who) -> None:
        known = self._known.pop(who)
        self._bytes -= len(known.answer.body) if known.answer else 0
        del self._of[who[0]][who]
        if not self._of[who[0]]:
            del self._of[who[0]]


@dataclass(slots=True)
class _Attempt:
    """A request with a key, from its arrival on. `who`: None until it is known and allowed to ask."""

    who: Who | None = None


class Once:
    """ASGI middleware: hands what was answered to `Answers`. `begin` is for the routes."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        acts = scope["type"] == "http" and scope["method"] in ACTING
        if not acts or HEADER not in Headers(scope=scope) or scope["path"].startswith(SECRET):
            await self._app(scope, receive, send)
            return
        scope[_ATTEMPT] = attempt = _Attempt()
        answered = Answer(500, [], b"")
        body = bytearray()

        async def listen(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = Answer(message["status"], list(message["headers"]), b"")
            else:
                body.extend(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, listen)
        finally:
            if attempt.who is not None:
                self._answers.end(attempt.who, _whole(answered, bytes(body)))


def _whole(answered: Answer, body: bytes) -> Answer:
    """A mistake of ours is answered further out. It may have done something: it is not done again."""
    if answered.headers:
        return answered._replace(body=body)
    response = problems.response(500, problems.OUR_MISTAKE)
    return Answer(response.status_code, response.raw_headers, bytes(response.body))


async def begin(request: Request, by: str, clock: Callable[[], float] = time.monotonic) -> None:
    """As soon as a request is known to be allowed; `by`: whose it is. Raises Replay if it was answered
    before, Problem if its key cannot be taken."""
    attempt: _Attempt | None = request.scope.get(_ATTEMPT)
    if attempt is None or attempt.who is not None:
        return
    given = request.headers.getlist(HEADER)
    found = re.fullmatch(PATTERN, given[0])
    if found is None or len(given) > 1:
        expected = f"one key of up to {MAX_KEY} printable characters without spaces"
        raise invalid_parameter(HEADER, ", ".join(given), expected, "header")
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    who = (by, found[1])
    answers: Answers = request.app.state.once
    answers.begin(who, hashlib.sha256(asked).digest(), clock())
    attempt.who = who
