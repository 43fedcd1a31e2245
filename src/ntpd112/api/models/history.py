"""What happened in a call, event by event, and in words."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict, Field

from .base import EXAMPLE_ID, Model


class EventOut(Model):
    """One journal event. Further members depend on its type; they are those of `journal/events/`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["offer.made"])
    at: datetime
    ms: int = Field(description="Milliseconds since the call's start.")


class EventsOut(Model):
    id: str = Field(examples=[EXAMPLE_ID])
    events: list[EventOut]


class WhyLineOut(Model):
    at: datetime
    ms: int = Field(description="Milliseconds since the call's start.")
    what: str = Field(examples=["call.waits"])
    text: str = Field(examples=["rings nowhere: nobody free; of those who fit: 2 talking, 1 wrap-up"])


class WhyOut(Model):
    id: str = Field(examples=[EXAMPLE_ID])
    lines: list[WhyLineOut]
