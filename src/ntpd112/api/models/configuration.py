"""The configuration, read again."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .base import Model


class ChangedOut(Model):
    """One key that differs, or a whole table that came or went."""

    path: str = Field(examples=["trunk.telkom.max_calls"])
    was: Any = Field(description="Null: it was not there. Secrets are `***`.", examples=[30])
    now: Any = Field(description="Null: it is no longer there.", examples=[60])


class ReloadedOut(Model):
    changes: list[ChangedOut]
    warnings: list[str] = Field(
        description="What works but is hardly meant, as `ntpd112 check` says it.", examples=[[]]
    )
