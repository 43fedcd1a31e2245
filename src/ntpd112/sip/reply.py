"""Responses made from the request they answer (RFC 3261 §8.2.6), and their reason phrases."""

from __future__ import annotations

from functools import lru_cache

from .message import Request, Response
from .nameaddr import NameAddr
from .uri import SipSyntaxError

PHRASES = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    410: "Gone",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    600: "Busy Everywhere",
    603: "Decline",
}


def phrase_of(code: int) -> str:
    return PHRASES.get(code) or ("OK" if code < 300 else "Failure")


def reply(request: Request, code: int, phrase: str | None = None, tag: str | None = None) -> Response:
    """A response with what every response repeats from its request. `tag` is put on To unless To has one.

    A 100 gets no tag; it repeats Timestamp (§8.2.6.1)."""
    source = request.fields
    to = source["to"]
    if tag is not None and code > 100 and not has_tag(to[0]):
        to = [f"{to[0]};tag={tag}"]
    fields = {
        "via": source["via"],
        "from": source["from"],
        "to": to,
        "call-id": source["call-id"],
        "cseq": source["cseq"],
    }
    if code == 100 and "timestamp" in source:
        fields["timestamp"] = source["timestamp"]
    return Response(code=code, phrase=phrase or phrase_of(code), fields=fields)


def has_tag(address: str) -> bool:
    """Whether a From or To value has a tag parameter, without parsing all of it."""
    return tag_of(address) is not None


@lru_cache(maxsize=512)
def tag_of(address: str) -> str | None:
    """The tag of a From or To value; None without one. URI parameters inside <> do not count.

    Remembered, since every message of a dialog brings the same two; with the largest 32 MB."""
    _, bracket, params = address.rpartition(">")
    if not bracket:
        params = address.partition(";")[2]
    elif address.count(">") > 1:
        return _tag_of_odd(address)
    if "tag" not in params and "tag" not in params.lower():
        return None
    for part in params.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "tag":
            return value.strip()
    return None


def _tag_of_odd(address: str) -> str | None:
    """With `>` in a display name or a parameter only the full grammar tells."""
    try:
        return NameAddr.parse(address).tag
    except SipSyntaxError:
        return None
