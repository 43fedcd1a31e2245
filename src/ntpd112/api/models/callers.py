"""What is remembered of callers; see docs/callers.md."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from ntpd112.calls.views import CallerStanding
from ntpd112.journal.events import Classification

from .base import EXAMPLE_ID, Model, Sent

MAX_NOTE = 500
"Characters of a note: one or two sentences."


class ClassifiedOut(Model):
    at: datetime
    call_id: str = Field(examples=[EXAMPLE_ID])
    classification: Classification = Field(examples=["prank"])


class CallerOut(Model):
    """A caller's record, and what it does to the next call."""

    number: str = Field(examples=["+628123456789"])
    score: float = Field(description="0: never pranked. Halves with each half-life.", examples=[2.4])
    put_back: bool = Field(
        description="The next call waits in the quiet lane; it is never dropped.", examples=[True]
    )
    lift: bool = Field(description="The next call goes ahead: this caller had an emergency lately.")
    reasons: list[str] = Field(examples=[["3 prank calls, last 2 days ago: score 2.4, put back"]])
    calls: int = Field(description="Since `first_at`.", examples=[3])
    first_at: datetime | None
    last_at: datetime | None
    last_operator: str = Field(
        description="Who spoke to the caller last; empty: nobody, or long ago.", examples=["siti"]
    )
    last_operator_at: datetime | None
    classifications: list[ClassifiedOut] = Field(description="The latest first.")
    correction: Literal["", "prank", "trusted"] = Field(description="What a person said of the caller.")
    corrected_by: str = Field(examples=["api:console"])
    corrected_at: datetime | None
    note: str = Field(examples=["a child played with the phone"])


class StandingIn(Sent):
    standing: CallerStanding = Field(
        description="`clean`: forget what is known; `prank`: put back for one half-life; `trusted`: never "
        "put back.",
        examples=["clean"],
    )
    note: str = Field(
        "", max_length=MAX_NOTE, examples=["a child played with the phone; spoke to the mother"]
    )
