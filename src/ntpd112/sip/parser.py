"""Bytes to SIP messages: datagrams (`parse`) and streams (`StreamParser`): RFC 3261 §7, §18.3, RFC 5626.

Lenient where real phones and exchanges are odd (white space, letter case, compact forms, folded lines, bare
line feeds, bad UTF-8), strict where a message could be misread: what is ambiguous is refused with a reason.
Whatever bytes come in, only `BadMessage` comes out. A message that passes has exactly one From, To, Call-ID
and CSeq and a topmost Via, and its `via`, `from_`, `to` and `cseq` can be read without an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .message import COMPACT, MAX_HEADERS, MAX_MESSAGE, BadMessage, Message, Request, Response
from .nameaddr import NameAddr
from .uri import SipSyntaxError

MAX_REASON = 160
"Characters of a refusal's reason: it quotes what came, and an answer must not be larger than the question."
MAX_NAMES = 1_000
"Header spellings remembered; junk can fill this with its own, then it starts anew."
MAX_REMEMBERED = 256
"Characters of a From or To that is remembered as well-formed; longer ones are looked at each time."
MAX_NAME = 64
"Characters a header name may have to be remembered; the longest registered one has 31."

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_VERSION = re.compile(r"SIP/\d+\.\d+", re.IGNORECASE)
_CODE = re.compile(r"[1-6][0-9]{2}")
_FOLD = re.compile(r"[ \t]*\n[ \t]+")
_ONCE = {"from": "From", "to": "To", "call-id": "Call-ID", "cseq": "CSeq"}
_OTHER_VERSION = "only SIP/2.0 is understood here"


def parse(data: bytes) -> Request | Response:
    """One datagram. Bytes after Content-Length are cut off (RFC 3261 §18.3). Raises only BadMessage."""
    if len(data) > MAX_MESSAGE:
        raise BadMessage(f"message has {len(data)} bytes, more than {MAX_MESSAGE}")
    if data[:1] in (b"\r", b"\n"):
        data = data.lstrip(b"\r\n")
    head_end, body_start = _find_body(data)
    message, problem = _read_head(data[:head_end])
    if body_start < 0:
        problem = problem or "message ends within its headers"
    elif not problem:
        length, problem = _take_length(message)
        available = len(data) - body_start
        if length is not None and length > available:
            problem = f"Content-Length is {length} but the body has {available} bytes"
        message.body = data[body_start:] if length is None else data[body_start : body_start + length]
    if problem or (problem := _problem_of(message)):
        raise _refusal(problem, message)
    return message


@dataclass(frozen=True, slots=True)
class Ping:
    """A keep-alive (two CRLF between messages, RFC 5626 §3.5.1): to be answered with one CRLF."""


class StreamParser:
    """The messages of one TCP connection, framed by Content-Length.

    When `broken` is set, where the next message starts can no longer be known: answer what was returned,
    then close the connection. At most MAX_MESSAGE bytes of an unfinished message are kept."""

    def __init__(self) -> None:
        self.broken: str | None = None
        self._buffer = bytearray()
        self._scanned = 0
        self._head: tuple[Request | Response, str | None, int] | None = None
        "Message without its body, what is wrong with it, and its body's length."

    @property
    def unfinished(self) -> bool:
        """A message has begun whose rest is still to come."""
        return bool(self._buffer) or self._head is not None

    def feed(self, data: bytes, limit: int | None = None) -> list[Request | Response | BadMessage | Ping]:
        """What is complete with these bytes, in order. Nothing after the connection is broken. If as many as
        `limit` come there may be more: `feed(b"")` gives them."""
        if self.broken:
            return []
        self._buffer += data
        items: list[Request | Response | BadMessage | Ping] = []
        while len(items) != limit and not self.broken and (item := self._next()) is not None:
            items.append(item)
        if self.broken:
            self._buffer.clear()
        return items

    def _next(self) -> Request | Response | BadMessage | Ping | None:
        if self._head is None:
            if self._skip_blank_lines():
                return Ping()
            refused = self._take_head()
            if refused or self._head is None:
                return refused
        message, problem, length = self._head
        if len(self._buffer) < length:
            return None
        message.body = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._head = None
        problem = problem or _problem_of(message)
        return _refusal(problem, message) if problem else message

    def _skip_blank_lines(self) -> bool:
        """Drop blank lines before a message; True when they were a keep-alive. One CRLF at the end of what
        came stays: the second may follow."""
        buffer = self._buffer
        while buffer and buffer[0] in b"\r\n":
            if buffer.startswith(b"\r\n\r\n"):
                del buffer[:4]
                return True
            if b"\r\n\r\n".startswith(buffer):
                break
            del buffer[:1]
        return False

    def _take_head(self) -> BadMessage | None:
        buffer = self._buffer
        head_end, body_start = _find_body(buffer, max(0, self._scanned - 3))
        if body_start < 0:
            self._scanned = len(buffer)
            if len(buffer) > MAX_MESSAGE:
                return self._break(BadMessage(f"headers have no end within {MAX_MESSAGE} bytes"))
            return None
        self._scanned = 0
        head = bytes(buffer[:head_end])
        del buffer[:body_start]
        if len(head) > MAX_MESSAGE:
            return self._break(BadMessage(f"headers have {len(head)} bytes, more than {MAX_MESSAGE}"))
        try:
            message, problem = _read_head(head)
        except BadMessage as error:
            return self._break(error)
        length, length_problem = _take_length(message)
        if length is None and not length_problem and "content-type" in message.fields:
            length_problem = "Content-Length is missing, which a stream needs"
        if length is not None and length > MAX_MESSAGE:
            length_problem = f"Content-Length {length} is more than {MAX_MESSAGE}"
        if length_problem:
            return self._break(_refusal(length_problem, message))
        self._head = message, problem, length or 0
        return None

    def _break(self, error: BadMessage) -> BadMessage:
        self.broken = str(error)
        return error


def _find_body(data: bytes | bytearray, start: int = 0) -> tuple[int, int]:
    """Where the headers end and the body starts; (length, -1) without an empty line. Line ends may mix."""
    end = data.find(b"\r\n\r\n", start)
    limit = len(data) if end < 0 else end
    found = (limit, end + 4 if end >= 0 else -1)
    for mark in (b"\n\n", b"\n\r\n"):
        other = data.find(mark, start, limit)
        if other >= 0:
            limit, found = other, (other, other + len(mark))
    return found


def _read_head(head: bytes) -> tuple[Request | Response, str | None]:
    """The message without its body, and what is wrong with its lines. Raises BadMessage if it is no SIP."""
    first, _, rest = head.partition(b"\n")
    message, problem = _read_start(first)
    text = rest.decode("utf-8", "surrogateescape")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            # A carriage return alone would be a line end to some peer that we echo it to.
            text = text.replace("\r", " ")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\n", MAX_HEADERS)
    if len(lines) > MAX_HEADERS:
        problem = problem or f"message has more than {MAX_HEADERS} header lines"
        del lines[MAX_HEADERS:]
    line_problem = _read_fields(lines, message.fields)
    return message, problem or line_problem


def _read_start(first: bytes) -> tuple[Request | Response, str | None]:
    parts = first.decode("utf-8", "surrogateescape").split(None, 2)
    if len(parts) > 1 and _VERSION.fullmatch(parts[0]):
        if parts[0].upper() != "SIP/2.0" or not _CODE.fullmatch(parts[1]):
            raise BadMessage(_cut(f"status line {first[:80]!r} is not SIP/2.0 with a code from 100 to 699"))
        return Response(code=int(parts[1]), phrase=parts[2].strip() if len(parts) > 2 else ""), None
    uri_rest, _, version = (parts[2] if len(parts) > 2 else "").rstrip().rpartition(" ")
    if not _VERSION.fullmatch(version) or not _TOKEN.fullmatch(parts[0]):
        raise BadMessage(_cut(f"first line {first[:80]!r} is neither a SIP request nor a SIP response"))
    problem = "Request-URI has white space in it" if uri_rest.strip() else None
    if version.upper() != "SIP/2.0":
        problem = _OTHER_VERSION
    return Request(method=parts[0], uri=parts[1]), problem


def _read_fields(lines: list[str], fields: dict[str, list[str]]) -> str | None:
    problem = None
    names = _names
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            if line.strip():
                problem = problem or f"header line {line[:80]!r} has no colon"
            continue
        key = names.get(name) or _canonical(name)
        if not key:
            problem = problem or f"header name {name[:80]!r} is not a token"
        elif key in fields:
            fields[key].append(value.strip(" \t"))
        else:
            fields[key] = [value.strip(" \t")]
    return problem


_names: dict[str, str] = {}


def _canonical(name: str) -> str:
    """The lower-case long form of a header name as it was written; empty when it is no token."""
    key = name.strip(" \t").lower()
    key = COMPACT.get(key, key)
    if not _TOKEN.fullmatch(key):
        return ""
    if len(name) <= MAX_NAME:
        if len(_names) >= MAX_NAMES:
            _names.clear()
        _names[name] = key
    return key


def _take_length(message: Message) -> tuple[int | None, str | None]:
    """Content-Length, taken out of the headers, and what is wrong with it."""
    values = message.fields.pop("content-length", None)
    if values is None:
        return None, None
    text = values[0]
    if len(values) > 1 and any(value != text for value in values):
        return None, _cut(f"Content-Length is given as {' and as '.join(map(repr, values[:3]))}")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None, _cut(f"Content-Length {text!r} is not a number of bytes")
    return int(text), None


def _problem_of(message: Request | Response) -> str | None:
    """What makes a message unusable although its lines are well-formed."""
    fields = message.fields
    for key, name in _ONCE.items():
        values = fields.get(key)
        if values is None or not values[0]:
            return f"{name} is missing"
        if len(values) > 1:
            return f"{name} is given {len(values)} times"
    for text in (fields["from"][0], fields["to"][0]):
        problem = (
            _address_problem(text) if len(text) <= MAX_REMEMBERED else _address_problem.__wrapped__(text)
        )
        if problem:
            return problem
    try:
        _ = message.via
        method = message.cseq[1]
    except SipSyntaxError as error:
        return _cut(str(error))
    if type(message) is Request and method != message.method:
        return _cut(f"CSeq is for {method!r} but the request is {message.method!r}")
    return None


@lru_cache(maxsize=2_048)
def _address_problem(text: str) -> str | None:
    """Remembered, since every message of a call brings the same From and To."""
    try:
        NameAddr.parse(text)
    except SipSyntaxError as error:
        return _cut(str(error))
    return None


def _refusal(problem: str, message: Request | Response) -> BadMessage:
    """The error, with the request when it can be answered: never for ACK (RFC 3261 §17.1.1.3)."""
    code = 505 if problem is _OTHER_VERSION else 400
    if type(message) is not Request or message.method == "ACK":
        return BadMessage(problem, code=code)
    fields = message.fields
    message.body = b""
    fields.pop("content-length", None)
    for key in _ONCE:
        if not fields.get(key) or not fields[key][0]:
            return BadMessage(problem, code=code)
        del fields[key][1:]
    try:
        _ = message.via, message.cseq
    except SipSyntaxError:
        return BadMessage(problem, code=code)
    return BadMessage(problem, message, code)


def _cut(reason: str) -> str:
    """The middle goes: the value quoted there is long, what is said of it stands at the end."""
    half = MAX_REASON // 2
    return reason if len(reason) <= MAX_REASON else f"{reason[: half - 1]}…{reason[-half:]}"
