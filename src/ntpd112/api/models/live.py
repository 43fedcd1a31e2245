"""Calls, operators, queues and trunks as they are now, and what changes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ntpd112.calls.views import CallState, OperatorState, SettableState
from ntpd112.journal.events import Classification, Lane, PartyKind, PartyMode, Purpose

from .base import EXAMPLE_ID, Model, Seconds, Sent, Skills


class PlaceOut(Model):
    """Where a call stands in its queue, and whom it may ring."""

    lane: Lane = Field(
        description="`lifted` before `normal` before `quiet`; `held`: being screened, offered to nobody."
    )
    step: int = Field(description="Steps of the queue's ladder taken.")
    steps: int = Field(description="Steps the ladder has.")
    kept_s: Seconds = Field(description="Of `waiting_s`: given back from an earlier attempt of this caller.")
    prefer: Skills = Field(description="Better have: decides between free operators.")
    excluded: list[str] = Field(description="Roles still kept out: `reserve`, `supervisor`, ...")
    incident: bool = Field(description="Taken to be about the known incident.")
    rings: list[str] = Field(description="Operators whose phones ring now.")
    offers: int = Field(description="Made so far.")
    declined: dict[str, str] = Field(
        description="Operators who did not take it, and why.", examples=[{"budi": "rona"}]
    )


class PartyOut(Model):
    """Somebody in a call beside the caller, or rung for it."""

    leg: int = Field(
        description="Number of the leg in the call; names the party in commands.", examples=[1001]
    )
    kind: PartyKind
    name: str = Field(
        description="Id of the operator or supervisor, name of the destination, or the address."
    )
    state: Literal["ringing", "in"]
    mode: PartyMode = Field(
        description="`talk`; `listen`: hears all, heard by none; `whisper`: heard by operators only; `hold`."
    )
    purpose: Purpose | None = Field(description="Null: offered by the queue.")
    holds: bool = Field(description="Holds from its own phone.")


class TransferOut(Model):
    """A transfer under way."""

    to: str = Field(examples=["destination:police"])
    by: str = Field(description="Whose place is handed over.", examples=["siti"])
    attended: bool
    answered: bool = Field(description="The target has answered (attended).")


class CallOut(Model):
    """A live call."""

    id: str = Field(examples=[EXAMPLE_ID])
    state: CallState
    queue: str = Field(examples=["112"])
    trunk: str = Field(examples=["pbx"])
    caller: str = Field(description="E.164, as sent when no telephone number, empty when anonymous.")
    caller_name: str
    dialled: str = Field(examples=["112"])
    operator: str | None = Field(description="Who talks, or whose phone rings.")
    parties: list[PartyOut]
    caller_held: bool = Field(description="Put on hold by us.")
    transfer: TransferOut | None
    note: str = Field(description="What the phones that ring show about the call.")
    created_at: datetime
    waiting_s: Seconds
    priority: int = Field(description="0 is most urgent.")
    skills: Skills
    reasons: list[str] = Field(
        description="Why this priority, lane and these skills: the number, the trunk, the caller's record.",
        examples=[["number 119: ambulance 1", "caller: an emergency 2 hours ago: goes ahead"]],
    )
    place: PlaceOut | None = Field(description="Null once somebody has answered.")
    category: str = Field(description="What the number dialled is about.", examples=["ambulance"])
    classification: Classification | None
    location: dict[str, Any] | None = Field(description="What the PIDF-LO of the INVITE said.")
    access_network: str | None = Field(description="P-Access-Network-Info as it came.")
    parts: list[dict[str, str]] = Field(description="Other body parts of the INVITE.")


class ContactOut(Model):
    """A registered phone."""

    uri: str
    source: str = Field(description="host:port it registered from.")
    user_agent: str
    expires_at: datetime
    reachable: bool
    answers_options: bool = Field(
        description="It has answered OPTIONS; one that never did is believed to be reachable."
    )


class OperatorOut(Model):
    id: str = Field(examples=["siti"])
    name: str = Field(examples=["Siti Aminah"])
    skills: Skills
    state: OperatorState
    reason: str = Field(description="Why: registered, rona, api, unreachable, ...")
    since: datetime
    call: str | None = Field(description="Id of the call that rings or is talked on.")
    contacts: list[ContactOut]


class QueueOut(Model):
    name: str = Field(examples=["112"])
    numbers: list[str]
    priority: int
    skills: Skills
    waiting: int
    lanes: dict[Lane, int] = Field(description="Calls of `waiting` by lane.")
    expected_wait_s: Seconds | None = Field(
        description="Of one who calls now; null: nobody serves, or has talked yet."
    )
    longest_wait_s: Seconds
    ringing: int
    talking: int
    operators_fit: int = Field(description="With the queue's skills, and not offline.")
    operators_ready: int


class TrunkOut(Model):
    name: str = Field(examples=["pbx"])
    peers: list[str]
    calls: int
    max_calls: int
    up: bool | None = Field(description="By OPTIONS; null when no peer is asked.")
    reason: str
    since: datetime | None


class StateIn(Sent):
    state: SettableState = Field(examples=["break"])


class ClassificationIn(Sent):
    classification: Classification = Field(examples=["ghost"])


class ClassificationOut(ClassificationIn):
    id: str = Field(examples=[EXAMPLE_ID])


class LiveOut(Model):
    status: Literal["ok"]


class ReadyOut(Model):
    ready: bool
    problems: list[str]
    warnings: list[str] = Field(description="What does not hinder calls: a database that is away, ...")
