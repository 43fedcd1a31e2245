"""What happens to the call centre rather than to one call: operators, trunks, callers, flood."""

from __future__ import annotations

from typing import Literal

from .base import CallbackOutcome, Event


class CallbackTried(Event, frozen=True, kw_only=True, tag="callback.tried"):
    """`call_id` is the call that was lost; `attempt` the call made to its caller."""

    attempt: str
    operator: str


class CallbackClosed(Event, frozen=True, kw_only=True, tag="callback.closed"):
    """The call-back list has this caller no longer; `call_id` is the call that was lost."""

    outcome: CallbackOutcome
    by: str
    note: str = ""


class CallerCorrected(Event, frozen=True, kw_only=True, tag="caller.corrected"):
    """A person put a caller's record right."""

    caller: str
    standing: Literal["clean", "prank", "trusted"]
    "`clean`: forget what is known; `prank`: put back; `trusted`: never put back."
    by: str
    note: str = ""


class FloodChanged(Event, frozen=True, kw_only=True, tag="flood.changed"):
    """Many calls about one incident: flood mode begins or ends."""

    on: bool
    reason: str
    by: str = ""
    prompt: str = ""
    "What later callers hear."


class LastOperator(Event, frozen=True, kw_only=True, tag="operator.last"):
    """Let the call ring, and stays in rotation since nobody else who fits serves: get a supervisor."""

    operator: str


class StateRepaired(Event, frozen=True, kw_only=True, tag="state.repaired"):
    """The watchdog found books that did not agree, and put them right."""

    subject: str
    "`operator siti`, `call ...`."
    found: str
    repaired: str


class OperatorChanged(Event, frozen=True, kw_only=True, tag="operator.changed"):
    operator: str
    state: str
    previous: str
    reason: str = ""


class TrunkChanged(Event, frozen=True, kw_only=True, tag="trunk.changed"):
    trunk: str
    up: bool
    reason: str = ""


class TrunkMaintenance(Event, frozen=True, kw_only=True, tag="trunk.maintenance"):
    """A person took the trunk out of service, or put it back: meanwhile its new calls are refused."""

    trunk: str
    on: bool
    reason: str
    by: str


class TrunkRefused(Event, frozen=True, kw_only=True, tag="trunk.refused"):
    """New calls of the trunk got 503 and have no CDR: `count` since the last such event of the same `why`, of
    which there is one a minute at most."""

    trunk: str
    why: str
    "`trunk full`, `trunk too fast`, `maintenance`, `draining`, `out of memory`."
    count: int


class TrunkFilled(Event, frozen=True, kw_only=True, tag="trunk.filled"):
    """The trunk has few free lines, or enough of them again."""

    trunk: str
    nearly_full: bool
    calls: int
    max_calls: int
    lines: dict[str, int] = {}
    "Of the calls: `quiet`, `waiting`, `ringing`, `talking`."


class JournalRestored(Event, frozen=True, kw_only=True, tag="journal.restored"):
    """The centre was put back from a backup: what was told between that and this is not in this journal, and
    calls that were up then are over."""

    backup_at: float
    "Epoch seconds."


class AgentStarted(Event, frozen=True, kw_only=True, tag="agent.started"):
    version: str
