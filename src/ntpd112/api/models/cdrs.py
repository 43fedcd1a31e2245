"""Call detail records; each field's meaning is in docs/cdr.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from ntpd112.journal.events import Classification, Direction, Disposition, HangupBy, PartyKind, Purpose

from .base import EXAMPLE_ID, Model, Seconds


class MediaQualityOut(Model):
    packets: int = Field(examples=[3000])
    lost: int = Field(examples=[2])
    jitter_ms: float = Field(examples=[1.5])
    remote_lost: int | None = Field(examples=[1])
    remote_jitter_ms: float | None = Field(examples=[2.5])


class QualityOut(Model):
    caller: MediaQualityOut | None
    operator: MediaQualityOut | None


class SegmentOut(Model):
    """One leg."""

    number: int = Field(
        description="0: the caller's leg; 1, 2, ...: offers; 1001, 1002, ...: others.", examples=[1]
    )
    party: PartyKind = Field(examples=["operator"])
    name: str | None = Field(
        description="Who: id of the operator, name or address of the destination.", examples=["siti"]
    )
    operator: str | None = Field(
        description="The same, if it is an operator or supervisor.", examples=["siti"]
    )
    purpose: Purpose | None = Field(description="Why they were dialled; null: offered by the queue.")
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    outcome: str = Field(
        description="Disposition, or answered, rona, no_answer, declined, failed, withdrawn, interrupted.",
        examples=["answered"],
    )
    sip_code: int | None = Field(examples=[200])
    q850_cause: int | None = Field(examples=[16])


class CdrOut(Model):
    """A call detail record; each field's meaning is in docs/cdr.md."""

    id: str = Field(examples=[EXAMPLE_ID])
    region: str = Field(examples=["35.78"])
    direction: Direction
    trunk: str = Field(examples=["pbx"])
    queue: str | None = Field(examples=["112"])
    priority: int | None = Field(examples=[5])
    caller: str = Field(examples=["+628123456789"])
    caller_name: str = Field(examples=["Budi"])
    dialled: str = Field(examples=["112"])
    diverted_from: str = Field(examples=[""])
    category: str | None = Field(examples=["ambulance"])
    callback_of: str | None = Field(
        description="Id of the call whose caller was called back.", examples=[None]
    )
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None = Field(description="When caller and operator could hear each other.")
    ended_at: datetime
    ring_s: Seconds = Field(examples=[3.2])
    wait_s: Seconds = Field(examples=[4.5])
    talk_s: Seconds = Field(examples=[61.2])
    hold_s: Seconds = Field(examples=[0.0])
    operator: str | None = Field(examples=["siti"])
    disposition: Disposition = Field(examples=["answered"])
    classification: Classification | None = Field(examples=["emergency"])
    hangup_by: HangupBy = Field(examples=["caller"])
    sip_code: int = Field(examples=[200])
    q850_cause: int = Field(examples=[16])
    reason: str = Field(examples=[""])
    offers: int = Field(examples=[1])
    recording: str | None = Field(
        description="File name; the sound is at /cdrs/{id}/recording.",
        examples=["2026/11/01/01JCXS8Q3M6D9W8V4T2R7N5K1B.wav"],
    )
    quality: QualityOut
    location: dict[str, Any] | None = Field(examples=[{"latitude": -7.25, "longitude": 112.75}])
    access_network: str | None = Field(examples=["3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=5100100010019B"])
    parts: list[dict[str, str]] = Field(examples=[[]])
    sip_call_id: str = Field(examples=["a84b4c76e66710@192.0.2.20"])
    source: str = Field(examples=["192.0.2.20:5060"])
    segments: list[SegmentOut]


class CdrPage(Model):
    items: list[CdrOut]
    next_cursor: str | None = Field(
        description="For the page behind this one; null on the last.",
        examples=["1793494800125000.01JCXS8Q3M6D9W8V4T2R7N5K1B"],
    )
