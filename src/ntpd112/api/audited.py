"""The one place where the API writes the audit log, in plain ASGI around all routes: every request that
changes something, and the reads in `READS`, with who asked, for what, and what came of it, also if refused.

A recording is sent only once that is on disk, else it is refused (503). Commands go on whatever the log
does: no emergency waits for a line in it.
"""

from __future__ import annotations

import re
import time
from typing import Protocol

import msgspec
import structlog
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ntpd112.api import problems
from ntpd112.api.auth import key_text
from ntpd112.api.once import REPLAYED
from ntpd112.audit import AuditUnavailable, Entry

PREFIX = "/api/v1"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
READS = frozenset({"/api/v1/cdrs/{id}/recording", "/api/v1/audit"})
"Paths of which reading is recorded, before anything is sent."
TOLD = frozenset(
    {
        "attended",
        "classification",
        "expires_at",
        "gateway",
        "hold",
        "mode",
        "name",
        "note",
        "on",
        "operator",
        "outcome",
        "prefer",
        "priority",
        "prompt",
        "reason",
        "role",
        "scopes",
        "skills",
        "standing",
        "state",
        "supervisor",
        "to",
    }
)
"Fields of a body that are recorded. Not all: passwords must never be, whoever adds one."
MAX_TOLD_BYTES = 8_192
"Of a body that is looked into; the largest has 4 KB."
MAX_TEXT = 500
"Characters kept of a value."
STRANGERS_A_MINUTE = 60
"Refused requests without a valid key that are recorded: others are counted, so that nobody fills the log."
MINUTE_S = 60.0

log = structlog.get_logger("ntpd112.api")


class Audit(Protocol):
    """What the API needs of the audit log."""

    def note(self, entry: Entry) -> None: ...

    async def write(self, entry: Entry) -> None: ...


class _NotWritten(Exception):
    """What must not happen unrecorded does not happen."""


class Audited:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._minute = 0.0
        self._strangers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        visit = _Visit(scope, receive, send)
        try:
            await self._app(scope, visit.receive, lambda message: self._answer(visit, message))
        except _NotWritten as problem:
            await self._refuse(visit, problem)
        except BaseException:
            self._note(visit, "500", {})
            raise

    async def _answer(self, visit: _Visit, message: Message) -> None:
        if message["type"] == "http.response.start":
            outcome, detail = str(message["status"]), _about(message)
            if message["status"] < 300 and visit.template in READS:
                await self._write(visit, outcome, detail)
            else:
                self._note(visit, outcome, detail)
        await visit.send(message)

    async def _write(self, visit: _Visit, outcome: str, detail: dict[str, object]) -> None:
        audit: Audit = visit.scope["app"].state.audit
        try:
            await audit.write(visit.entry(outcome, detail))
        except AuditUnavailable as problem:
            raise _NotWritten(str(problem)) from problem

    async def _refuse(self, visit: _Visit, problem: _NotWritten) -> None:
        log.error("AUDIT: a request is refused: it cannot be recorded", path=visit.path, reason=str(problem))
        self._note(visit, "503", {})
        headers = {"Retry-After": str(problems.RETRY_AFTER_S)}
        detail = "the audit log cannot be written now, and without it this is not shown"
        await problems.response(503, detail, headers)(visit.scope, visit.receive, visit.send)

    def _note(self, visit: _Visit, outcome: str, detail: dict[str, object]) -> None:
        if not visit.audited:
            return
        refused_stranger = not visit.who and outcome >= "400"
        if refused_stranger and not self._room_for_strangers(detail):
            return
        audit: Audit = visit.scope["app"].state.audit
        audit.note(visit.entry(outcome, detail))

    def _room_for_strangers(self, detail: dict[str, object]) -> bool:
        """Says in the first entry of a minute how many there was no room for."""
        now = time.monotonic()
        if now - self._minute >= MINUTE_S:
            if self._strangers > STRANGERS_A_MINUTE:
                detail["not_recorded"] = self._strangers - STRANGERS_A_MINUTE
            self._minute, self._strangers = now, 0
        self._strangers += 1
        return self._strangers <= STRANGERS_A_MINUTE


class _Visit:
    """One request. Who asks is looked up before it is answered: it may withdraw its own key."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.send = send
        self._receive = receive
        self._body = b""
        who = scope["app"].state.gate.find(key_text(HTTPConnection(scope)) or "")
        self.who = who.by if who is not None else ""

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def template(self) -> str:
        """Of the route that took it; empty: none did."""
        route = self.scope.get("route")
        methods = getattr(route, "methods", None) or ()
        return str(getattr(route, "path", "")) if self.scope["method"] in methods else ""

    @property
    def audited(self) -> bool:
        return self.template in READS or bool(self.template and self.scope["method"] not in SAFE)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and len(self._body) <= MAX_TOLD_BYTES:
            self._body += message.get("body", b"")
        return message

    def entry(self, outcome: str, detail: dict[str, object]) -> Entry:
        client = self.scope.get("client")
        subject = "/".join(str(value) for value in self.scope.get("path_params", {}).values())
        return Entry(
            at=time.time(),
            who=self.who,
            address=client[0] if client else "",
            action=f"{self.scope['method']} {self.template.removeprefix(PREFIX)}",
            subject=_clean(subject),
            outcome=outcome,
            detail={**detail, **_told(self._body)},
        )


def _about(message: Message) -> dict[str, object]:
    """`range`: which bytes of how many were sent; `replayed`: not done again, see `once`."""
    headers = Headers(raw=message["headers"])
    detail: dict[str, object] = {}
    if "content-range" in headers:
        detail["range"] = headers["content-range"]
    if REPLAYED in headers:
        detail["replayed"] = True
    return detail


def _told(body: bytes) -> dict[str, object]:
    if not body or len(body) > MAX_TOLD_BYTES:
        return {}
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):  # an announcement's sound, or the 422 says what it is
        return {}
    if not isinstance(given, dict):
        return {}
    return {name: _short(given[name]) for name in sorted(TOLD & given.keys())}


def _short(value: object) -> object:
    if isinstance(value, str):
        return _clean(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean(msgspec.json.encode(value).decode())


_UNWRITABLE = re.compile("[\ud800-\udfff]")
"Halves of a character, which no UTF-8 has."


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text[:MAX_TEXT])
