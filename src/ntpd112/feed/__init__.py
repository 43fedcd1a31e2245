"""The live feed: the journal's events to whoever follows, from any position on, without gap or repeat."""

from __future__ import annotations

from ntpd112.journal.events import EVENT_TYPES

from .feed import Feed, FeedFull
from .follower import Follower
from .messages import Message, UnknownPosition, Wanted

__all__ = ["EVENT_TYPES", "Feed", "FeedFull", "Follower", "Message", "UnknownPosition", "Wanted"]
