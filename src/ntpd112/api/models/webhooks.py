"""Webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from .base import EXAMPLE_ID, Model, Seconds

HookName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="As in the configuration.",
        examples=["dispatch"],
    ),
]
DeliveryId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        description="As in the header `Ntpd112-Delivery`.",
        examples=["0b7c1e7e-6a53-5f0e-9d3c-5f6b0f4f2f10"],
    ),
]


class WebhookOut(Model):
    """As the configuration has it, and how it does."""

    name: HookName
    url: str = Field(
        description="Of the receiver, without path.", examples=["https://dispatch.example.go.id"]
    )
    events: list[str] = Field(examples=[["call.ended", "cdr"]])
    on: bool = Field(description="False: the receiver has answered 410.", examples=[True])
    problem: str | None = Field(description="Why nothing is delivered now.", examples=[None])
    pending: int = Field(ge=0, description="Deliveries that wait.")
    oldest_s: Seconds | None = Field(description="How long the oldest of them has waited.")
    dead: int = Field(ge=0, description="Deliveries that were given up.")
    lag: int = Field(ge=0, description="Events of the journal not yet looked at.")


class DeadOut(Model):
    """A delivery that was given up."""

    id: DeliveryId
    event: str = Field(examples=["cdr"])
    about: str = Field(
        description="Id of the call or operator; empty: the call centre.", examples=[EXAMPLE_ID]
    )
    seq: int = Field(ge=0)
    tries: int = Field(ge=1)
    first_at: datetime = Field(description="Of the first try.")
    died_at: datetime
    status: int | None = Field(description="Of the last answer; null: there was none.", examples=[500])
    error: str = Field(description="What went wrong last.", examples=["HTTP 500: Internal Server Error"])


class ResentOut(Model):
    resent: int = Field(ge=0, description="Deliveries that wait again.")


class TestedOut(Model):
    """What the receiver made of a `webhook.test`."""

    taken: bool = Field(examples=[True])
    status: int | None = Field(description="Null: there was no answer.", examples=[204])
    error: str = Field(description="Empty when it was taken.", examples=[""])
