"""Others who take part in a call: transfers, conferences, the ladder's destinations, supervisors."""

from __future__ import annotations

from typing import Literal

from .base import Event, PartyKind, PartyMode, Purpose


class PartyRings(Event, frozen=True, kw_only=True, tag="party.rings"):
    """Somebody other than the queue's operators is rung for the call."""

    leg: int
    "Number of the leg in its call: offers have 1, 2, ...; these have 1001, 1002, ..."
    kind: PartyKind
    name: str
    "Id of the operator or supervisor, name of the destination, or the number."
    purpose: Purpose
    target: str = ""
    "SIP URI that is rung."
    step: int = 0
    "Of the ladder, from 1; 0: not the ladder."
    by: str = ""


class PartyFailed(Event, frozen=True, kw_only=True, tag="party.failed"):
    """It was not answered."""

    leg: int
    kind: PartyKind
    name: str
    outcome: Literal["no_answer", "declined", "failed", "withdrawn"]
    sip_code: int = 0


class PartyJoined(Event, frozen=True, kw_only=True, tag="party.joined"):
    """It answered, and hears and is heard as `mode` says."""

    leg: int
    kind: PartyKind
    name: str
    mode: PartyMode = "talk"
    purpose: Purpose = "transfer"


class PartyChanged(Event, frozen=True, kw_only=True, tag="party.changed"):
    """Another mode: held, taken back, whispering, barging in (`talk`)."""

    leg: int
    "0: the caller, whom the others put on hold or take back."
    name: str
    mode: PartyMode
    by: str = ""


class PartyLeft(Event, frozen=True, kw_only=True, tag="party.left"):
    """It is out of the call, which goes on."""

    leg: int
    kind: PartyKind
    name: str
    reason: str = ""


class TransferStarted(Event, frozen=True, kw_only=True, tag="transfer.started"):
    to: str
    "`operator:siti`, `queue:medical`, `destination:police`, or a number."
    attended: bool
    by: str


class TransferEnded(Event, frozen=True, kw_only=True, tag="transfer.ended"):
    outcome: Literal["completed", "failed", "cancelled"]
    to: str
    reason: str = ""
