"""Call detail records; each field's meaning is in docs/cdr.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from ntpd112.journal.events import Classification, Direction, Disposition, HangupBy, PartyKind, Purpose

from .base import EXAMPLE_ID, Model, Seconds


class MediaQualityOut(Model):
    packets: int
    lost: int
    jitter_ms: float
    remote_lost: int | None
    remote_jitter_ms: float | None


class QualityOut(Model):
    caller: MediaQualityOut | None
    operator: MediaQualityOut | None


class SegmentOut(Model):
    """One leg."""

    number: int = Field(description="0: the caller's leg; 1, 2, ...: offers; 1001, 1002, ...: others.")
    party: PartyKind
    name: str | None = Field(description="Who: id of the operator, name or address of the destination.")
    operator: str | None = Field(description="The same, if it is an operator or supervisor.")
    purpose: Purpose | None = Field(description="Why they were dialled; null: offered by the queue.")
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    outcome: str = Field(
        description="Disposition, or answered, rona, no_answer, declined, failed, withdrawn, interrupted."
    )
    sip_code: int | None
    q850_cause: int | None


class CdrOut(Model):
    """A call detail record; each field's meaning is in docs/cdr.md."""

    id: str = Field(examples=[EXAMPLE_ID])
    region: str = Field(examples=["35.78"])
    direction: Direction
    trunk: str = Field(examples=["pbx"])
    queue: str | None = Field(examples=["112"])
    priority: int | None
    caller: str = Field(examples=["+628123456789"])
    caller_name: str
    dialled: str = Field(examples=["112"])
    diverted_from: str
    category: str | None = Field(examples=["ambulance"])
    callback_of: str | None = Field(description="Id of the call whose caller was called back.")
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None = Field(description="When caller and operator could hear each other.")
    ended_at: datetime
    ring_s: Seconds
    wait_s: Seconds
    talk_s: Seconds
    hold_s: Seconds
    operator: str | None = Field(examples=["siti"])
    disposition: Disposition
    classification: Classification | None
    hangup_by: HangupBy
    sip_code: int
    q850_cause: int
    reason: str
    offers: int
    recording: str | None = Field(description="File name; the sound is at /cdrs/{id}/recording.")
    quality: QualityOut
    location: dict[str, Any] | None
    access_network: str | None
    parts: list[dict[str, str]]
    sip_call_id: str
    source: str
    segments: list[SegmentOut]


class CdrPage(Model):
    items: list[CdrOut]
    next_cursor: str | None = Field(description="For the page behind this one; null on the last.")
