"""The shapes of the OpenAPI document. Answers are encoded from the views and CDRs themselves; tests hold both
together."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ntpd112.calls.views import CallState, OperatorState, SettableState
from ntpd112.cdr.record import Party
from ntpd112.journal.events import Classification, Disposition, HangupBy

_ID = "01JCXS8Q3M6D9W8V4T2R7N5K1B"
Seconds = Annotated[float, Field(ge=0, description="Seconds.")]
Skills = Annotated[dict[str, int], Field(description="Level by skill.", examples=[{"medical": 1}])]


class Model(BaseModel):
    """Nothing beyond what is documented."""

    model_config = ConfigDict(extra="forbid")


class ParameterError(Model):
    location: str = Field(alias="in", description="`query`, `path`, `body` or `header`.")
    name: str
    detail: str


class ProblemOut(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no call has the id 01JCXS8Q3M6D9W8V4T2R7N5K1B"])
    errors: list[ParameterError] | None = Field(None, description="Of a 422: each wrong parameter.")
    scope: str | None = Field(None, description="Of a 403: the scope that is missing.")
    problems: list[str] | None = Field(None, description="Of /readyz: why calls would not be handled well.")


class CallOut(Model):
    """A live call."""

    id: str = Field(examples=[_ID])
    state: CallState
    queue: str = Field(examples=["112"])
    trunk: str = Field(examples=["pbx"])
    caller: str = Field(description="E.164, as sent when no telephone number, empty when anonymous.")
    caller_name: str
    dialled: str = Field(examples=["112"])
    operator: str | None = Field(description="Who talks, or whose phone rings.")
    created_at: datetime
    waiting_s: Seconds
    priority: int = Field(description="0 is most urgent.")
    skills: Skills
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

    number: int = Field(description="0: the caller's leg; else the number of the offer.")
    party: Party
    operator: str | None
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    outcome: str = Field(
        description="Disposition, or answered, rona, declined, failed, withdrawn, interrupted."
    )
    sip_code: int | None
    q850_cause: int | None


class CdrOut(Model):
    """A call detail record; each field's meaning is in docs/cdr.md."""

    id: str = Field(examples=[_ID])
    region: str = Field(examples=["35.78"])
    trunk: str = Field(examples=["pbx"])
    queue: str | None = Field(examples=["112"])
    priority: int | None
    caller: str = Field(examples=["+628123456789"])
    caller_name: str
    dialled: str = Field(examples=["112"])
    diverted_from: str
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


class StateIn(Model):
    state: SettableState = Field(examples=["break"])


class ClassificationIn(Model):
    classification: Classification = Field(examples=["ghost"])


class ClassificationOut(ClassificationIn):
    id: str = Field(examples=[_ID])


class LiveOut(Model):
    status: Literal["ok"]


class ReadyOut(Model):
    ready: bool
    problems: list[str]
    warnings: list[str] = Field(description="What does not hinder calls: a database that is away, ...")


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of a route's error answers."""
    return {
        status: {
            "description": _MEANING[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
        for status in statuses
    }


_MEANING = {
    400: "The Range header cannot be read.",
    401: "No API key, or not a valid one.",
    403: "The API key lacks the scope.",
    404: "There is none with this id.",
    409: "Not possible in the present state.",
    413: "The body is too large.",
    416: "The recording has no such bytes.",
    422: "A parameter is not known or has a wrong value; `errors` names it.",
    503: "Not available now.",
}
