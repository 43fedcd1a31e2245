"""Flood mode."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from .base import Model, Sent
from .prompts import PromptName

MAX_REASON = 500
"Characters; it goes into the journal and the log."


class FloodOut(Model):
    """Whether many calls are taken to be about one incident."""

    on: bool = Field(examples=[True])
    since: datetime | None = Field(description="Of the last change; null: there never was a flood.")
    reason: str = Field(examples=["market fire, Jl. Pahlawan"])
    by: str = Field(description="Who switched it; empty: the rate of calls did.", examples=["api:console"])
    prompt: str = Field(description="What later callers hear; empty: nothing.", examples=["incident"])
    waiting: int = Field(description="Waiting calls that are taken to be about the incident.", examples=[7])


class FloodIn(Sent):
    on: bool = Field(examples=[True])
    reason: str = Field("", max_length=MAX_REASON, examples=["market fire, Jl. Pahlawan"])
    prompt: PromptName | Literal[""] = Field(
        "",
        description="An announcement in place of the configured one; empty: the configured one.",
        examples=["incident"],
    )
