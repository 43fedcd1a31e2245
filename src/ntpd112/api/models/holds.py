"""Legal hold."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from .base import EXAMPLE_ID, Sent

MAX_REASON = 500
"Characters: whose request, and its number."


class HoldIn(Sent):
    reason: str = Field(
        min_length=1, max_length=MAX_REASON, examples=["Polrestabes Surabaya, letter B/123/XI/2026"]
    )


class HoldOut(HoldIn):
    """A call that retention leaves alone."""

    id: str = Field(examples=[EXAMPLE_ID])
    held_at: datetime
    held_by: str = Field(examples=["api:console"])
