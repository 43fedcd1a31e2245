"""Test calls over trunks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ntpd112.calls.trial_views import GivenUp, TrialState, Verdict

from .base import EXAMPLE_ID, Model, Sent

MAX_LISTEN_S = 60
Milliseconds = Annotated[float | None, Field(ge=0, description="Since the INVITE; null: has not happened.")]


class TrialIn(Sent):
    to: str = Field(
        pattern=r"^\+?[0-9*#]{1,32}$",
        description="Number to ring, in the form that the trunk wants.",
        examples=["02150000000"],
    )
    gateway: str = Field(
        "",
        max_length=200,
        description="One of the trunk's `gateways`; empty: the one that calls take first now.",
        examples=["sip:10.1.0.5"],
    )
    listen_s: float = Field(
        8.0, ge=1, le=MAX_LISTEN_S, description="Seconds from the answer to our BYE.", examples=[8]
    )


class TrialFactsOut(Model):
    shown: str = Field(description="From, as we sent it.", examples=["sip:0318411112@192.0.2.10"])
    asserted: str = Field(description="P-Asserted-Identity, as we sent it.", examples=[""])
    offered: list[str] = Field(examples=[["PCMA", "PCMU"]])
    srtp: str = Field(description="The trunk's policy.", examples=["off"])
    session_asked_s: int = Field(description="By the trunk's policy; 0: none is used.", examples=[1800])
    first_answer_ms: Milliseconds = Field(examples=[12.5])
    ringing_ms: Milliseconds = Field(examples=[140.0])
    answered_ms: Milliseconds = Field(examples=[2140.0])
    code: int = Field(description="Of the final answer; 0: none came.", examples=[200])
    phrase: str = Field(examples=["OK"])
    reason: str = Field(description="Reason of the final answer, or of their BYE.", examples=[""])
    warning: str = Field(examples=[""])
    failed: str = Field(description="Why it came to nothing without an answer.", examples=[""])
    agent: str = Field(description="What they call themselves.", examples=["Asterisk PBX 22.4.1"])
    codec: str = Field(examples=["PCMA"])
    dtmf: bool | None = Field(description="They take telephone-event.", examples=[True])
    secured: str = Field(description="Suite of SRTP; empty: plain.", examples=[""])
    early_media: bool = Field(examples=[False])
    reliable: bool = Field(description="100rel was used.", examples=[False])
    session_s: int = Field(description="Session timer; 0: none.", examples=[1800])
    refresher: str = Field(description="`we` or `they`.", examples=["we"])
    sound_to: str = Field(description="By their SDP.", examples=["10.1.0.5:16384"])
    sound_from: str = Field(description="Where it came from.", examples=["10.1.0.5:16384"])
    first_sound_ms: Milliseconds = Field(examples=[2180.0])
    speech: bool = Field(description="Somebody spoke.", examples=[True])
    packets: int | None = Field(description="RTP packets that came; null: not counted yet.", examples=[398])
    lost: int = Field(examples=[0])
    jitter_ms: float = Field(examples=[0.4])
    unauthentic: int = Field(description="Not secured by their key.", examples=[0])
    their_lost: int | None = Field(description="Of ours, by their RTCP; null: none came.", examples=[0])
    their_jitter_ms: float | None = Field(examples=[0.5])
    bye_code: int | None = Field(description="Their answer to our BYE; 0: none.", examples=[200])
    ended_by: str = Field(description="`we`, `they` or `lost`.", examples=["we"])
    given_up: GivenUp = Field(description="Why we ended it before its time.", examples=[""])


class FindingOut(Model):
    about: str = Field(examples=["codec"])
    verdict: Verdict = Field(examples=["fine"])
    says: str = Field(
        description="What was found, and its likely cause if not fine.",
        examples=["PCMA, of PCMA, PCMU offered"],
    )


class TrialOut(Model):
    id: str = Field(description="Its SIP messages: `ntpd112 trace ID`.", examples=[EXAMPLE_ID])
    trunk: str = Field(examples=["telkom"])
    gateway: str = Field(examples=["sip:10.1.0.5"])
    way: str = Field(description="Transport and address.", examples=["udp 10.1.0.5:5060"])
    to: str = Field(examples=["02150000000"])
    by: str = Field(examples=["api:console"])
    state: TrialState = Field(examples=["over"])
    fine: bool | None = Field(description="Nothing of it is bad; null: it goes on.", examples=[True])
    started_at: datetime
    facts: TrialFactsOut
    findings: list[FindingOut] = Field(description="Empty until it is over.")
