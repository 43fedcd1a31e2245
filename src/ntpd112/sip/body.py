"""The parts of a message body: a plain SDP, or a multipart one (RFC 5621, RFC 2046) as emergency calls have.

The SDP is what the call needs, so it is looked for in every nesting, and even in a multipart body whose
boundaries are garbled. Nothing here raises: what cannot be read as parts is kept as one.
"""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass, field

from .uri import parse_params

MAX_DEPTH = 8
"Multiparts within multiparts; signed and alternative ones of real calls make three."
MAX_PARTS = 64
"Parts kept of one body, over all levels."
MAX_HEADER = 8_192
"Bytes of one part's headers."
SDP_TYPE = "application/sdp"

_SDP = re.compile(rb"^v=0[ \t]*\r?\no=.*?(?=^--|\Z)", re.MULTILINE | re.DOTALL)
_FIRST_BOUNDARY = re.compile(rb"^--([^\r\n]{1,200}?)[ \t]*\r?$", re.MULTILINE)
_BLANK_LINE = re.compile(rb"(?:^|\r?\n)\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One body part. `content_type` is lower case without parameters; `content_id` without its brackets."""

    content_type: str
    content_id: str
    disposition: str
    "Lower case without parameters: `render`, `by-reference`, ..., or empty."
    data: bytes


@dataclass(slots=True)
class Body:
    sdp: bytes | None = None
    "The session's description; None for a late offer."
    parts: list[Part] = field(default_factory=list)
    "Everything else."


def body_parts(content_type: str | None, body: bytes) -> Body:
    """`content_type` is the header's value as it came."""
    found = Body()
    if not body:
        return found
    kind, params = _split_type(content_type or "")
    if not kind.startswith("multipart/"):
        if kind == SDP_TYPE or (not kind and body.startswith(b"v=0")):
            found.sdp = body
        else:
            found.parts.append(Part(kind, "", "", body))
        return found
    _read_multipart(found, kind, params, body, 1)
    if found.sdp is None and (stray := _SDP.search(body)):
        found.sdp = stray[0]
    return found


def _read_multipart(found: Body, kind: str, params: dict[str, str | None], body: bytes, depth: int) -> None:
    pieces = _split(_boundary(params, body), body)
    if not pieces or depth > MAX_DEPTH:
        _keep(found, Part(kind, "", "", body))
        return
    for piece in pieces:
        headers, data = _split_piece(piece)
        inner, inner_params = _split_type(headers.get("content-type", "text/plain"))
        disposition = headers.get("content-disposition", "").partition(";")[0].strip().lower()
        data = _decode(headers.get("content-transfer-encoding", ""), data)
        if inner.startswith("multipart/"):
            _read_multipart(found, inner, inner_params, data, depth + 1)
        elif inner == SDP_TYPE and disposition in ("", "session", "render"):
            # Of alternatives the last is the best (RFC 2046 §5.1.4); otherwise the first one counts.
            if found.sdp is None or kind == "multipart/alternative":
                found.sdp = data
        else:
            content_id = headers.get("content-id", "").strip("<>")
            _keep(found, Part(inner, content_id, disposition, data))


def _keep(found: Body, part: Part) -> None:
    if len(found.parts) < MAX_PARTS:
        found.parts.append(part)


def _boundary(params: dict[str, str | None], body: bytes) -> bytes:
    """From the header; else the first line that looks like one."""
    named = (params.get("boundary") or "").strip('"')
    if named:
        return named.encode("utf-8", "surrogateescape")
    guess = _FIRST_BOUNDARY.search(body)
    return guess[1] if guess else b""


def _split(boundary: bytes, body: bytes) -> list[bytes]:
    """What stands between the boundary lines; a missing closing one is as if it stood at the end."""
    if not boundary:
        return []
    line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
    pieces, start = [], -1
    for match in line.finditer(body):
        if start >= 0:
            pieces.append(_without_line_end(body[start : match.start()]))
        start = match.end() + 1
        if match[1] or len(pieces) >= MAX_PARTS:
            return pieces
    if start >= 0:
        pieces.append(body[start:])
    return pieces


def _without_line_end(data: bytes) -> bytes:
    return data[:-2] if data.endswith(b"\r\n") else data.removesuffix(b"\n")


def _split_piece(piece: bytes) -> tuple[dict[str, str], bytes]:
    """A part's headers by lower-case name, and its data. Without an empty line all of it is data."""
    blank = _BLANK_LINE.search(piece, 0, MAX_HEADER)
    if blank is None:
        return {}, piece
    text = _FOLD.sub(" ", piece[: blank.start()].decode("utf-8", "surrogateescape"))
    headers = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers, piece[blank.end() :]


def _decode(encoding: str, data: bytes) -> bytes:
    """Transfer encodings are not SIP's (RFC 3261 §7.4.2), but gateways from mail and web use them."""
    try:
        match encoding.strip().lower():
            case "base64":
                return binascii.a2b_base64(data)
            case "quoted-printable":
                return quopri.decodestring(data)
    except binascii.Error:
        pass
    return data


def _split_type(value: str) -> tuple[str, dict[str, str | None]]:
    kind, _, params = value.partition(";")
    return kind.strip().lower(), parse_params(params)
