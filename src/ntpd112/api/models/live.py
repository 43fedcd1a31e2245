"""Calls, operators, queues and trunks as they are now, and what changes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ntpd112.calls.views import CallState, HeldBy, OperatorState, SettableState
from ntpd112.journal.events import Classification, Lane, PartyKind, PartyMode, Purpose

from .base import EXAMPLE_ID, Model, Seconds, Sent, Skills
from .flood import MAX_REASON


class PlaceOut(Model):
    """Where a call stands in its queue, and whom it may ring."""

    lane: Lane = Field(
        description="`lifted` before `normal` before `quiet`; `held`: being screened, offered to nobody.",
        examples=["normal"],
    )
    step: int = Field(description="Steps of the queue's ladder taken.", examples=[1])
    steps: int = Field(description="Steps the ladder has.", examples=[3])
    kept_s: Seconds = Field(description="Of `waiting_s`: given back from an earlier attempt of this caller.")
    prefer: Skills = Field(description="Better have: decides between free operators.")
    excluded: list[str] = Field(
        description="Roles still kept out: `reserve`, `supervisor`, ...", examples=[["reserve"]]
    )
    incident: bool = Field(description="Taken to be about the known incident.")
    rings: list[str] = Field(description="Operators whose phones ring now.", examples=[["siti"]])
    offers: int = Field(description="Made so far.", examples=[1])
    declined: dict[str, str] = Field(
        description="Operators who did not take it, and why.", examples=[{"budi": "rona"}]
    )


class PartyOut(Model):
    """Somebody in a call beside the caller, or rung for it."""

    leg: int = Field(
        description="Number of the leg in the call; names the party in commands.", examples=[1001]
    )
    kind: PartyKind = Field(examples=["operator"])
    name: str = Field(
        description="Id of the operator or supervisor, name of the destination, or the address.",
        examples=["siti"],
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
    state: CallState = Field(examples=["ringing"])
    queue: str = Field(examples=["112"])
    trunk: str = Field(examples=["pbx"])
    caller: str = Field(
        description="E.164, as sent when no telephone number, empty when anonymous.",
        examples=["+628123456789"],
    )
    caller_name: str = Field(examples=["Budi"])
    dialled: str = Field(examples=["112"])
    operator: str | None = Field(description="Who talks, or whose phone rings.", examples=["siti"])
    parties: list[PartyOut]
    caller_held: bool = Field(description="Put on hold by us.")
    transfer: TransferOut | None = Field(examples=[None])
    note: str = Field(description="What the phones that ring show about the call.", examples=[""])
    created_at: datetime
    waiting_s: Seconds = Field(examples=[4.5])
    priority: int = Field(description="0 is most urgent.", examples=[5])
    skills: Skills
    reasons: list[str] = Field(
        description="Why this priority, lane and these skills: the number, the trunk, the caller's record.",
        examples=[["number 119: ambulance 1", "caller: an emergency 2 hours ago: goes ahead"]],
    )
    place: PlaceOut | None = Field(description="Null once somebody has answered.")
    category: str = Field(description="What the number dialled is about.", examples=["ambulance"])
    classification: Classification | None = Field(examples=[None])
    location: dict[str, Any] | None = Field(
        description="What the PIDF-LO of the INVITE said.",
        examples=[{"latitude": -7.25, "longitude": 112.75}],
    )
    access_network: str | None = Field(
        description="P-Access-Network-Info as it came.",
        examples=["3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=5100100010019B"],
    )
    parts: list[dict[str, str]] = Field(description="Other body parts of the INVITE.", examples=[[]])


class ContactOut(Model):
    """A registered phone."""

    uri: str = Field(examples=["sip:siti@192.0.2.7:5060"])
    source: str = Field(description="host:port it registered from.", examples=["192.0.2.7:5060"])
    user_agent: str = Field(examples=["baresip v3.16.0"])
    expires_at: datetime
    reachable: bool = Field(examples=[True])
    answers_options: bool = Field(
        description="It has answered OPTIONS; one that never did is believed to be reachable."
    )


class OperatorOut(Model):
    id: str = Field(examples=["siti"])
    name: str = Field(examples=["Siti Aminah"])
    skills: Skills
    state: OperatorState = Field(examples=["talking"])
    reason: str = Field(description="Why: registered, rona, api, unreachable, ...", examples=["registered"])
    since: datetime
    call: str | None = Field(description="Id of the call that rings or is talked on.", examples=[EXAMPLE_ID])
    contacts: list[ContactOut]


class QueueOut(Model):
    name: str = Field(examples=["112"])
    numbers: list[str] = Field(examples=[["112", "urn:service:sos"]])
    priority: int = Field(examples=[5])
    skills: Skills
    waiting: int = Field(examples=[1])
    lanes: dict[Lane, int] = Field(description="Calls of `waiting` by lane.", examples=[{"normal": 1}])
    expected_wait_s: Seconds | None = Field(
        description="Of one who calls now; null: nobody serves, or has talked yet."
    )
    longest_wait_s: Seconds
    ringing: int
    talking: int = Field(examples=[2])
    operators_fit: int = Field(description="With the queue's skills, and not offline.", examples=[4])
    operators_ready: int = Field(examples=[2])


class MaintenanceOut(Model):
    """Who took the trunk out of service, and why."""

    since: datetime
    reason: str = Field(examples=["new cable"])
    by: str = Field(examples=["api:console"])


class GatewayOut(Model):
    """One address that an entry of `to` leads to."""

    uri: str = Field(examples=["sip:sbc.telkom.example"])
    address: str = Field(
        description="Address, port and transport; empty: the name is not resolved.",
        examples=["10.1.0.5:5060/udp"],
    )
    up: bool | None = Field(description="By OPTIONS; null when it is not asked.", examples=[True])
    reason: str = Field(description="Why it is not up.", examples=[""])


class TrunkOut(Model):
    name: str = Field(examples=["pbx"])
    peers: list[str] = Field(examples=[["192.0.2.20"]])
    calls: int = Field(examples=[3])
    max_calls: int = Field(examples=[60])
    up: bool | None = Field(description="By OPTIONS; null when no peer is asked.", examples=[True])
    reason: str = Field(examples=["200"])
    since: datetime | None
    lines: dict[HeldBy, int] = Field(
        description="Of `calls`, by what they do; `quiet`: waits in the quiet lane.",
        examples=[{"quiet": 1, "waiting": 0, "ringing": 0, "talking": 2}],
    )
    peak: int = Field(description="The most calls at once since the agent's start.", examples=[17])
    peak_hour: int = Field(description="And as calls began in the last hour.", examples=[9])
    nearly_full: bool = Field(description="Few lines are free: `alarm_at` of the trunk.", examples=[False])
    refused: dict[str, int] = Field(
        description="New calls since the agent's start that got 503 and so have no CDR, by why.",
        examples=[{"trunk full": 2}],
    )
    max_rate: float = Field(description="New calls a second; 0: no limit.", examples=[0.0])
    maintenance: MaintenanceOut | None = Field(
        description="New calls get 503 meanwhile; null: in service.", examples=[None]
    )
    gateways: list[GatewayOut] = Field(description="Where calls of ours go, as configured.")
    registered: bool | None = Field(
        description="At the telco; null when it does not register, or nobody has answered yet.",
        examples=[True],
    )
    registration: str = Field(description="Why it is not registered.", examples=[""])
    registered_since: datetime | None = Field(description="Since when `registered` is so.")


class ProbeOut(Model):
    peer: str = Field(examples=["192.0.2.20:5060"])
    places: list[str] = Field(
        description="What it is to the trunk: `peer`, `gateway` or `registrar`, each with its name.",
        examples=[["peer 192.0.2.20", "gateway sip:192.0.2.20"]],
    )
    transport: str = Field(examples=["udp"])
    fine: bool = Field(examples=[True])
    code: int = Field(description="Of its answer; 0: none came.", examples=[200])
    round_trip_ms: float | None = Field(examples=[12.5])
    told: str = Field(
        description="Our address, as we say it in Via and Contact.", examples=["192.0.2.10:5060"]
    )
    seen: str = Field(
        description="The same as the peer sees it; empty: it does not say.", examples=["192.0.2.10:5060"]
    )
    says: str = Field(description="What that means, with the likely cause.", examples=["it answers 200 OK"])


class RegistrationOut(Model):
    registered: bool | None = Field(description="Null: nobody has answered yet.", examples=[True])
    at: str = Field(examples=["sip:10.1.0.5"])
    until: datetime | None = Field(description="When it ends, unless refreshed.")
    reason: str = Field(description="Why not, as of the last try.", examples=[""])


class TrunkTestOut(Model):
    trunk: str = Field(examples=["pbx"])
    fine: bool = Field(
        description="Every peer, gateway and registrar answers by one transport at least, and we are "
        "registered where we want to be.",
        examples=[True],
    )
    probes: list[ProbeOut] = Field(description="Empty: the trunk has no single address.")
    registration: RegistrationOut | None = Field(description="Null: it does not register.")
    gateways: list[str] = Field(description="Where calls of ours go.", examples=[["sip:10.1.0.5"]])


class MaintenanceIn(Sent):
    on: bool = Field(examples=[True])
    reason: str = Field("", max_length=MAX_REASON, examples=["new cable"])


class StateIn(Sent):
    state: SettableState = Field(examples=["break"])


class ClassificationIn(Sent):
    classification: Classification = Field(examples=["ghost"])


class ClassificationOut(ClassificationIn):
    id: str = Field(examples=[EXAMPLE_ID])


class LiveOut(Model):
    status: Literal["ok"]


class ReadyOut(Model):
    ready: bool = Field(examples=[True])
    problems: list[str] = Field(examples=[[]])
    warnings: list[str] = Field(
        description="What does not hinder calls: a database that is away, ...",
        examples=[["the database does not answer: CDRs are kept until it does"]],
    )
