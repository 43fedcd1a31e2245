"""Service levels."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from .base import Model, Seconds

Share = Annotated[float, Field(ge=0, le=1, description="0 to 1; null: of nothing.")]


class LevelOut(Model):
    """What a queue, trunk, operator or all of them achieved. A service level is the share answered in time of
    all calls that are decided, those given up within 5 s apart."""

    name: str = Field(description="Of the queue, trunk or operator; empty for all.", examples=["112"])
    start_at: datetime = Field(description="Where the first quarter of an hour begins.")
    offered: int = Field(examples=[40])
    answered: int = Field(examples=[36])
    abandoned: int = Field(examples=[3])
    abandoned_short: int = Field(description="Given up within 5 s; not in `abandoned`.")
    elsewhere: int = Field(description="Answered by another centre or agency, by the ladder.", examples=[1])
    failed: int = Field(description="Lost by a fault or a restart before an answer.")
    refused: int = Field(description="Never came into a queue.")
    level_10: Share | None = Field(examples=[0.8])
    level_15: Share | None = Field(examples=[0.9])
    level_20: Share | None = Field(examples=[0.95])
    meets_nena: bool | None = Field(
        description="90 % within 15 s and 95 % within 20 s (NENA-STA-020.1-2020).", examples=[True]
    )
    mean_wait_s: Seconds | None = Field(description="Of the answered.", examples=[4.2])
    longest_wait_s: Seconds = Field(examples=[24.5])
    talk_s: Seconds = Field(examples=[3240.0])
    offers: int = Field(
        description="By operator and of all; 0 by queue and trunk, as all that follows.", examples=[38]
    )
    rona: int = Field(description="Offers that were let ring.", examples=[1])
    logged_in_s: Seconds = Field(examples=[7200.0])
    break_s: Seconds = Field(examples=[600.0])
    occupancy: Share | None = Field(
        description="Ringing, talk and wrap-up over the time logged in, breaks apart.", examples=[0.55]
    )
