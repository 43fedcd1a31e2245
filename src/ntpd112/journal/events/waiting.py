"""What changes while a call waits, and why."""

from __future__ import annotations

from typing import Literal

from .base import Event, Lane


class CallWaits(Event, frozen=True, kw_only=True, tag="call.waits"):
    """Nobody who fits was free: the call waits (also again, after an offer that nobody took)."""

    fit: dict[str, int] = {}
    "How many operators fit, by their state."
    unfit: int = 0
    "Operators serving without the skills, or kept out by a role."
    reason: str = ""
    "Why none of the free ones was rung: `nobody free`, `kept free for others`, `held for screening`, ..."


class CallLane(Event, frozen=True, kw_only=True, tag="call.lane"):
    """The call waits in another lane from now on."""

    lane: Lane
    reason: str
    by: str = ""
    "Who wanted it, when it was a person: an operator's id or `api:KEYNAME`."


class CallPriority(Event, frozen=True, kw_only=True, tag="call.priority"):
    priority: int
    reason: str
    by: str = ""


class CallNeeds(Event, frozen=True, kw_only=True, tag="call.needs"):
    """Other skills are asked for from now on."""

    skills: dict[str, int]
    "Must have, at these levels or above."
    prefer: dict[str, int] = {}
    reason: str = ""
    by: str = ""


class CallPulled(Event, frozen=True, kw_only=True, tag="call.pulled"):
    """A person gives the call to this operator, who is rung next."""

    operator: str
    by: str


class CallHurried(Event, frozen=True, kw_only=True, tag="call.hurried"):
    """A person lets the call take all steps of its ladder that remain, at once."""

    by: str


class CallRelaxed(Event, frozen=True, kw_only=True, tag="call.relaxed"):
    """A step of the ladder widened who may be rung."""

    step: int
    "Number of the step in the queue's ladder, from 1."
    skills: dict[str, int] = {}
    "What is still required."
    excluded: list[str] = []
    "Roles that are still kept out."
    waited_ms: int = 0
    reason: str = ""
    "Why before its time: `nobody serving`, `queue full`, `supervisor`, ...; empty: its time had come."


class CallScreened(Event, frozen=True, kw_only=True, tag="call.screened"):
    """The caller was asked to speak or press a key."""

    result: Literal["voice", "key", "panic", "silent"]
    after_ms: int = 0
    keys: str = ""


class CallIncident(Event, frozen=True, kw_only=True, tag="call.incident"):
    """Flood mode: whether the call is taken to be about the known incident."""

    about: bool
    reason: str


class CallAnnounced(Event, frozen=True, kw_only=True, tag="call.announced"):
    """The caller is played these prompts."""

    prompts: list[str]


class CallRequeued(Event, frozen=True, kw_only=True, tag="call.requeued"):
    """The call waits again, at the front: its operator was lost, or it was transferred to a queue."""

    queue: str
    reason: str
    by: str = ""
