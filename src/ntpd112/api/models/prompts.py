"""Announcements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Model, Seconds

PromptLanguage = Literal["id", "en"]
"Of an announcement: Indonesian, English."
PromptName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="Small letters, digits and `-`.",
        examples=["welcome"],
    ),
]


class PromptOut(Model):
    """One announcement in one language."""

    language: PromptLanguage
    name: PromptName
    seconds: Seconds = Field(examples=[6.5])
    own: bool = Field(description="The site's, else built in.")
    replaces: bool = Field(description="Played in place of a built-in one.")


class PromptMadeOut(Model):
    language: PromptLanguage
    name: PromptName
    seconds: Seconds = Field(examples=[6.5])
    doubts: list[str] = Field(
        description="What is not so good about the recording, though it can be played.",
        examples=[["it is louder in some places than a telephone carries"]],
    )
