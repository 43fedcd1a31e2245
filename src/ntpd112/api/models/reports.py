"""Daily and monthly summaries; each figure's meaning is in docs/reports.md."""

from __future__ import annotations

from pydantic import Field

from .base import Model, Seconds
from .levels import Share


class AgencyOut(Model):
    """Legs of incoming calls to one agency or other call centre."""

    name: str = Field(examples=["fire"])
    transferred: int = Field(examples=[3])
    conferenced: int = Field(examples=[1])
    overflowed: int = Field(description="By the ladder, as no operator answered.")
    unanswered: int = Field(description="Rung in vain, for whatever purpose.")


class SummaryOut(Model):
    """Of a date and region. Counts are of incoming calls but for `outgoing` and `internal`."""

    date: str | None = Field(
        description="Day or month of the site's zone; null: total.", examples=["2026-11-01"]
    )
    region: str | None = Field(description="Kemendagri code; null: total.", examples=["35.78"])
    incoming: int = Field(examples=[60])
    answered: int = Field(examples=[48])
    abandoned: int = Field(examples=[10])
    abandoned_short: int = Field(description="Of these, within 5 s.", examples=[4])
    overflowed: int = Field(examples=[1])
    rejected: int
    failed: int = Field(examples=[1])
    interrupted: int
    emergency: int = Field(examples=[20])
    information: int = Field(examples=[15])
    ghost: int = Field(examples=[8])
    prank: int = Field(examples=[3])
    unclassified: int = Field(examples=[14])
    within_10: int = Field(description="Answered within 10 s of waiting.", examples=[42])
    within_15: int = Field(examples=[45])
    within_20: int = Field(examples=[47])
    level_10: Share | None = Field(examples=[0.75])
    level_15: Share | None = Field(examples=[0.8036])
    level_20: Share | None = Field(examples=[0.8393])
    answer_s: Seconds = Field(description="Waits of the answered, in all.", examples=[240.0])
    mean_answer_s: Seconds | None = Field(examples=[5.0])
    queued: int = Field(examples=[60])
    wait_s: Seconds = Field(description="Waits of the queued, in all.", examples=[420.0])
    mean_wait_s: Seconds | None = Field(examples=[7.0])
    longest_wait_s: Seconds = Field(examples=[41.5])
    talk_s: Seconds = Field(description="Of the answered, in all.", examples=[4320.0])
    mean_talk_s: Seconds | None = Field(examples=[90.0])
    outgoing: int = Field(description="Call-backs.", examples=[2])
    internal: int = Field(description="Operators' calls among themselves and to destinations.")
    agencies: list[AgencyOut]


class ReportOut(Model):
    items: list[SummaryOut] = Field(description="By date, then region; dates without calls are left out.")
    total: SummaryOut
