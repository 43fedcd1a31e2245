"""Values as JSON answers: times in the site's zone, encoded by msgspec (a page of CDRs in a millisecond or
two)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence, Set
from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import Request
from fastapi.responses import Response

from ntpd112.access.masking import masked
from ntpd112.api.conditional import Tag, answer_unless_had, body_unless_had
from ntpd112.api.visibility import is_masked
from ntpd112.cdr.localised import localised

MEDIA_TYPE = "application/json"
ITEMS_AT_ONCE = 50
"CDRs, calls or operators shown and encoded in one go: about 1 ms."
Look = Callable[[], Callable[[], Sequence[msgspec.Struct]]]


def answer(request: Request, value: Any, status: int = 200) -> Response:
    """A JSON response of views, CDRs, and lists and dicts of them. Live data: not to be cached."""
    body = msgspec.json.encode(shown(request, value))
    return Response(body, status, {"Cache-Control": "no-store"}, MEDIA_TYPE)


def answer_polled(request: Request, value: Any, ages: Set[str] = frozenset()) -> Response:
    """The same for what is asked for again and again: 304 to who has it. `ages`: fields that grow by
    themselves."""
    return answer_unless_had(request, shown(request, value), ages)


async def answer_live(request: Request, views: Iterable[Any], ages: Set[str] = frozenset()) -> Response:
    """A JSON array of what is live, or 304. Each view is made, shown and encoded when its turn comes, and the
    loop is let go between some of them: thousands of calls may wait when somebody looks at them."""
    tag = Tag(ages)
    encoded = await _encoded(request, views, tag)
    return body_unless_had(request, lambda: msgspec.json.encode(encoded), tag)


async def answer_page(request: Request, items: Sequence[Any], **rest: Any) -> Response:
    """A JSON object of `items` and what else the page has, or 304. Lets the loop go between some of them: a
    long page must not hold up calls."""
    tag = Tag()
    encoded = await _encoded(request, items, tag)
    tag.add(rest)
    return body_unless_had(request, lambda: msgspec.json.encode({"items": encoded, **rest}), tag)


async def answer_remembered(request: Request, look: Look, ages: Set[str] = frozenset()) -> Response:
    """A JSON array of what `look` finds in the memory, of which it makes a copy first, or 304. One look at a
    time, on a thread: it may take a tenth of a second, in which calls go on."""
    lock: asyncio.Lock = request.app.state.one_at_a_time
    async with lock:
        found = await asyncio.to_thread(look())
    tag = Tag(ages)
    encoded = await _encoded(request, list(map(dated, found)), tag)
    return body_unless_had(request, lambda: msgspec.json.encode(encoded), tag)


def shown(request: Request, value: Any) -> Any:
    """Plain, as who asks may see it: times in the site's zone; numbers and places masked for some."""
    plain = localised(value, request.app.state.zone)
    return masked(plain) if is_masked(request) else plain


async def _encoded(request: Request, items: Iterable[Any], tag: Tag) -> list[msgspec.Raw]:
    encoded = []
    for index, item in enumerate(items, start=1):
        plain = shown(request, item)
        tag.add(plain)
        encoded.append(msgspec.Raw(msgspec.json.encode(plain)))
        if index % ITEMS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return encoded


def dated(value: msgspec.Struct) -> dict[str, Any]:
    """A plain value of the memory, with epoch seconds (`at`, `..._at`) as times and other numbers rounded to
    thousandths."""
    return {name: _dated(name, getattr(value, name)) for name in value.__struct_fields__}


def _dated(name: str, field: Any) -> Any:
    if isinstance(field, int | float) and (name == "at" or name.endswith("_at")):
        return datetime.fromtimestamp(field, UTC)
    if isinstance(field, float):
        return round(field, 3)
    if isinstance(field, list):
        return [dated(item) if isinstance(item, msgspec.Struct) else item for item in field]
    return field
