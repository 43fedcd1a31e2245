"""The audit log; see docs/privacy.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from .base import Model

EXAMPLE_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class AuditEntryOut(Model):
    """Something that was done, or refused."""

    seq: int = Field(description="Rises by one, without gaps.", examples=[4711])
    at: datetime
    who: str = Field(
        description="`api:KEYNAME`, `cli:USER`, `agent`; empty: no valid key.", examples=["api:console"]
    )
    address: str = Field(description="Where the request came from.", examples=["10.1.0.7"])
    action: str = Field(
        description="Method and path as in this document, or command.",
        examples=["GET /cdrs/{id}/recording"],
    )
    subject: str = Field(
        description="What the path names: a call's id, an operator's, a number.", examples=["siti"]
    )
    outcome: str = Field(description="HTTP status; `done`, `failed` for others.", examples=["200"])
    detail: dict[str, Any] = Field(
        description="What was asked for: fields of the body, `range`.",
        examples=[{"range": "bytes 0-1023/4000"}],
    )
    sha256: str = Field(
        description="Ties the entry to the one before it; `ntpd112 audit --verify` checks.",
        examples=[EXAMPLE_SHA256],
    )


class AuditPageOut(Model):
    items: list[AuditEntryOut]
    next_cursor: str | None = Field(
        description="For the page behind this one; null on the last.", examples=["4711"]
    )
