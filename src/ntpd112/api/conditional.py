"""Answers to those who ask again and again: nothing, if they have it already (RFC 9110 section 13.1.2).

The tag is a hash of what is shown, so it changes when and only when that does. Nothing else would be exact:
the journal's position moves with every event anywhere in the centre, and not with a registration. Ages, which
grow by themselves, are left out of it, or `GET /calls` would be new each second: hence the tags are weak.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Set
from typing import Any

import msgspec
from fastapi import Request
from fastapi.responses import Response

TAG_BYTES = 12
"Two bodies have the same tag once in 10^14 years of polling each second."
AGES = frozenset({"waiting_s", "longest_wait_s"})
"Fields of calls and queues."
LEVEL_AGES = frozenset({"logged_in_s", "break_s", "occupancy"})
"Fields of service levels."
MEDIA_TYPE = "application/json"
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
"May be kept by who asked, and used when we said that nothing has changed."


class Tag:
    """Of what is added to it, in order."""

    def __init__(self, ages: Set[str] = frozenset()) -> None:
        self._ages = ages
        self._hash = hashlib.blake2b(digest_size=TAG_BYTES)

    def add(self, row: Mapping[str, Any]) -> None:
        """An object as it is shown."""
        without = {name: value for name, value in row.items() if name not in self._ages}
        self._hash.update(msgspec.json.encode(without, order="deterministic") + b"\n")

    def __str__(self) -> str:
        return f'W/"{self._hash.hexdigest()}"'


def answer_unless_had(request: Request, plain: Any, ages: Set[str] = frozenset()) -> Response:
    """The JSON of an object or a list of objects, or 304."""
    tag = Tag(ages)
    for row in plain if isinstance(plain, list) else [plain]:
        tag.add(row)
    return body_unless_had(request, lambda: msgspec.json.encode(plain), tag)


def body_unless_had(request: Request, body: Callable[[], bytes], tag: Tag) -> Response:
    """The same with the tag made already."""
    headers = {**HEADERS, "ETag": str(tag)}
    if had(request, str(tag)):
        return Response(None, 304, headers)
    return Response(body(), 200, headers, MEDIA_TYPE)


def had(request: Request, tag: str) -> bool:
    """Compared weakly, as is right for reading."""
    given = [one.strip() for line in request.headers.getlist("if-none-match") for one in line.split(",")]
    return any(one == "*" or one.removeprefix("W/") == tag.removeprefix("W/") for one in given)
