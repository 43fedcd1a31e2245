"""What a follower of the live feed is sent, whether by WebSocket or as server-sent events: the messages, a
heartbeat when there are none, and at the end why."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Callable
from typing import Literal, NamedTuple

import msgspec

from ntpd112.access.masking import masked_json
from ntpd112.feed import Feed, Follower

HEARTBEAT_S = 15.0
"Between heartbeats; proxies commonly cut a connection that is silent for 30 or 60 seconds."
CHECK_S = 1.0
"Between looks at whether the key still holds."
MASKED_KEPT = 1_000
"Masked messages kept for the next follower: about 1 MB, the last seconds of a busy hour."

Reason = Literal["too_slow", "shutting_down", "key_withdrawn", "journal_unreadable"]
DETAILS: dict[Reason, str] = {
    "too_slow": "messages were not taken fast enough; go on from `position`",
    "shutting_down": "the agent is stopping; go on from `position` when it is back",
    "key_withdrawn": "the API key or session is no longer valid",
    "journal_unreadable": "the journal cannot be read now; go on from `position` later",
}


class Line(NamedTuple):
    """`text`: JSON on one line. `end`: nothing comes after it, for this reason."""

    position: str
    text: str
    end: Reason | None = None


@functools.lru_cache(MASKED_KEPT)
def masked_message(text: str) -> str:
    """Made once for all who are told it masked."""
    return masked_json(text)


async def lines(
    feed: Feed, follower: Follower, allowed: Callable[[], bool], shown: Callable[[str], str] = str
) -> AsyncIterator[list[Line]]:
    """Until the end. `allowed`: whether the follower's key still holds. `shown`: a message's text as the
    follower may see it. Begins with a heartbeat, so that
    there is a position from the start. An empty list: nothing to send, but time to see who has left."""
    clock = asyncio.get_running_loop().time
    yield [_said(feed, follower, "heartbeat")]
    said_at = clock()
    while True:
        if not allowed():
            yield [_ended(feed, follower, "key_withdrawn")]
            return
        try:
            messages = await follower.take(CHECK_S)
        except sqlite3.Error:
            yield [_ended(feed, follower, "journal_unreadable")]
            return
        if messages:
            yield [Line(message.position, shown(message.text)) for message in messages]
            said_at = clock()
        elif follower.over:
            yield [_ended(feed, follower, follower.over)]
            return
        elif clock() - said_at >= HEARTBEAT_S:
            yield [_said(feed, follower, "heartbeat")]
            said_at = clock()
        else:
            yield []


def _said(feed: Feed, follower: Follower, kind: str, **more: str) -> Line:
    position = feed.position(follower)
    return Line(position, msgspec.json.encode({"position": position, "type": kind, **more}).decode())


def _ended(feed: Feed, follower: Follower, reason: Reason) -> Line:
    return _said(feed, follower, "end", reason=reason, detail=DETAILS[reason])._replace(end=reason)
