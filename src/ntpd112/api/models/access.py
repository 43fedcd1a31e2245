"""API keys, sessions and people's accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from ntpd112.access.passwords import MAX_LENGTH, MIN_LENGTH

from .base import Model, Sent

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
MAX_SCOPES = 20
"More than there are."
Scope = Literal[
    "cdr:read",
    "calls:read",
    "calls:control",
    "operators:write",
    "recordings:read",
    "prompts:write",
    "holds:write",
    "audit:read",
    "numbers:masked",
    "admin",
]
Role = Literal["operator", "supervisor", "admin"]
KeyName = Annotated[str, Field(pattern=NAME, description="What it is for.", examples=["reporting"])]
OperatorId = Annotated[str, Field(pattern=NAME, description="As in `/operators`.", examples=["siti"])]
NewPassword = Annotated[
    str, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH, examples=["perahu kertas 77"])
]
Password = Annotated[str, Field(max_length=MAX_LENGTH, examples=["perahu kertas 77"])]


def _text(value: object) -> object:
    """JSON has no times: a number is not taken for one."""
    if not isinstance(value, str):
        raise ValueError("is not an RFC 3339 time such as 2027-02-01T00:00:00+07:00")
    return value


End = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_text)]


class KeyIn(Sent):
    name: KeyName
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=MAX_SCOPES, examples=[["cdr:read"]])]
    expires_at: End | None = Field(
        None, description="When it ends; not given: never.", examples=["2027-02-01T00:00:00+07:00"]
    )


class KeyOut(Model):
    """A key, without its text."""

    name: KeyName
    scopes: list[str] = Field(examples=[["cdr:read"]])
    created_at: datetime
    expires_at: datetime | None = Field(description="null: has no end.")
    revoked_at: datetime | None = Field(description="When it was withdrawn.")
    last_used_at: datetime | None = Field(description="null: never, or before this was kept.")
    last_address: str | None = Field(description="From where it was last used.", examples=["192.0.2.30"])


class KeyMadeOut(KeyOut):
    key: str = Field(
        description="Its text, this once.", examples=["ntpd112_3QsJ0Yc5m1v8oP4dK7wXzR2uT9bN6gHfLaEiCqVyMjk"]
    )


class SessionIn(Sent):
    operator: OperatorId
    password: Password


class SessionOut(Model):
    operator: OperatorId
    scopes: list[str] = Field(examples=[["calls:read"]])
    expires_at: datetime


class SessionMadeOut(SessionOut):
    token: str = Field(
        description="To be shown as `Authorization: Bearer TOKEN`.",
        examples=["ntpd112_session_9fTqW2sK4cX8vB6nM1zL5pR7yU3jH0gDaEoIiQxSwCk"],
    )


class PasswordIn(Sent):
    password: NewPassword
    old: Password | None = Field(
        None, description="The present one; needed for one's own.", examples=["lama sekali 12"]
    )


class RoleIn(Sent):
    role: Role = Field(examples=["supervisor"])


class AccountOut(Model):
    """What a person signs in with."""

    operator: OperatorId
    name: str = Field(examples=["Siti Aminah"])
    role: Role
    password_set_at: datetime | None = Field(description="null: cannot sign in.")
