"""The call detail record. docs/cdr.md is the reference of the fields' meanings; a test keeps both in step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ntpd112.journal.events import Classification, Direction, Disposition, HangupBy, PartyKind, Purpose


class MediaQuality(msgspec.Struct, frozen=True, kw_only=True):
    """One party's media. The `remote_` figures are what the party reported of ours; None: it reported
    nothing."""

    packets: int
    lost: int
    jitter_ms: float
    remote_lost: int | None = None
    remote_jitter_ms: float | None = None


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """None for a party whose media never flowed, or whose figures were lost with the process."""

    caller: MediaQuality | None = None
    operator: MediaQuality | None = None


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One leg: the caller's, one offer to an operator, or somebody else who was dialled or joined."""

    number: int
    "0 is the caller's leg; an operator's leg has the number of its offer; others count from 1001."
    party: PartyKind
    name: str | None
    "Who: the operator's or supervisor's id, the destination's name, or its address."
    operator: str | None
    "The same, if it is an operator or supervisor."
    purpose: Purpose | None
    "Why they were dialled; None: the caller, or offered by the queue."
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    outcome: str
    """Of the caller's leg the call's disposition; else answered, rona (an offer), no_answer (dialled),
    declined, failed, withdrawn, interrupted."""
    sip_code: int | None
    q850_cause: int | None


class Cdr(msgspec.Struct, frozen=True, kw_only=True):
    """One ended call. Times are aware, durations seconds."""

    id: str
    region: str
    direction: Direction
    trunk: str
    queue: str | None
    priority: int | None
    caller: str
    caller_name: str
    dialled: str
    diverted_from: str
    category: str | None
    callback_of: str | None
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    ring_s: float
    wait_s: float
    talk_s: float
    hold_s: float
    operator: str | None
    disposition: Disposition
    classification: Classification | None
    hangup_by: HangupBy
    sip_code: int
    q850_cause: int
    reason: str
    offers: int
    recording: str | None
    quality: Quality
    location: dict[str, Any] | None
    access_network: str | None
    parts: list[dict[str, str]]
    sip_call_id: str
    source: str
    segments: list[Segment]
