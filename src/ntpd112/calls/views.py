"""What call control shows and lets do, as the API sees it: plain values, no SIP, no RTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from ntpd112.journal.events import CallbackOutcome, Classification, Lane, PartyKind, PartyMode, Purpose
from ntpd112.memory import Level, Standing
from ntpd112.memory.callbacks import Need
from ntpd112.memory.callbacks import UnknownCallback as UnknownCallback
from ntpd112.memory.tallies import By as By
from ntpd112.queue.errors import StateConflict as StateConflict
from ntpd112.queue.errors import UnknownOperator as UnknownOperator

from .whom import Unreachable as Unreachable

CallState = Literal["arriving", "waiting", "ringing", "talking", "held", "ending"]
OperatorState = Literal["offline", "ready", "ringing", "talking", "wrap-up", "break"]
SettableState = Literal["ready", "break", "offline"]
CallbackNeed = Need
CallerStanding = Literal["clean", "prank", "trusted"]
"`clean`: what is known is forgotten; `prank`: put back; `trusted`: never put back."
SupervisorMode = Literal["listen", "whisper", "talk"]


class PartyView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a call beside the caller, or rung for it."""

    leg: int
    "Number of the leg within the call; names the party in commands."
    kind: PartyKind
    name: str
    "Id of the operator or supervisor, name of the destination, or the address."
    state: Literal["ringing", "in"]
    mode: PartyMode
    "`listen`: heard by none; `whisper`: heard by operators only; `hold`: hears nobody, heard by nobody."
    purpose: Purpose | None
    "None: offered by the queue."
    holds: bool
    "Holds from its own phone."


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    to: str
    by: str
    attended: bool
    answered: bool
    "They talk (attended)."


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call stands in its queue, and whom it may ring."""

    lane: Lane
    step: int
    "Steps of the ladder taken."
    steps: int
    "Steps that the ladder has."
    kept_s: float
    "Of the waiting time: given back from an earlier attempt."
    prefer: dict[str, int]
    excluded: list[str]
    "Roles that are kept out still."
    incident: bool
    "Taken to be about the known incident."
    rings: list[str]
    "Operators whose phones ring now."
    offers: int
    "Made so far."
    declined: dict[str, str]
    "Operators who did not take it, and why."


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """A live call."""

    id: str
    state: CallState
    queue: str
    trunk: str
    caller: str
    caller_name: str
    dialled: str
    operator: str | None
    "Who talks, or whose phone rings."
    parties: list[PartyView]
    caller_held: bool
    "Put on hold by us."
    transfer: TransferView | None
    note: str
    created_at: datetime
    waiting_s: float
    "Until the caller and somebody heard each other; with the time of an earlier attempt."
    priority: int
    skills: dict[str, int]
    "While it waits what is still required, afterwards what was."
    reasons: list[str]
    "Why this priority, lane and these skills: the number, the trunk, the caller's record."
    place: PlaceView | None
    "None once somebody has answered."
    category: str
    "What the dialled number is known to be about; empty: nothing."
    classification: Classification | None
    location: dict[str, Any] | None
    access_network: str | None
    parts: list[dict[str, str]]


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """One registered phone of an operator."""

    uri: str
    source: str
    user_agent: str
    expires_at: datetime
    reachable: bool
    answers_options: bool
    "It has answered OPTIONS; one that never did is believed to be reachable."


class OperatorView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    skills: dict[str, int]
    state: OperatorState
    reason: str
    "Why the operator is in this state: `registered`, `rona`, `api`, `unreachable`, ..."
    since: datetime
    call: str | None
    contacts: list[ContactView]


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    numbers: list[str]
    priority: int
    skills: dict[str, int]
    waiting: int
    lanes: dict[Lane, int]
    "Calls of `waiting` by lane."
    expected_wait_s: float | None
    "Of one who calls now; None: nobody serves, or has talked yet."
    longest_wait_s: float
    ringing: int
    talking: int
    operators_fit: int
    "Operators that have the queue's skills and are not offline."
    operators_ready: int


class TrunkView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    peers: list[str]
    calls: int
    max_calls: int
    up: bool | None
    "By OPTIONS; None when no single-address peer is asked."
    reason: str
    since: datetime | None


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who is to be called back."""

    id: str
    "The first lost call."
    number: str
    need: CallbackNeed
    calls: list[str]
    "The lost calls, oldest first; of many the first and the latest."
    count: int
    first_at: datetime
    last_at: datetime
    queue: str
    waited_s: float
    "In the latest call."
    category: str
    reasons: list[str]
    "What is known of the caller."
    attempts: int
    last_operator: str
    "Who tried last; empty: nobody yet."
    claimed_by: str
    "Who calls now, or just did."


class FloodView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether many calls are taken to be about one incident."""

    on: bool
    since: datetime | None
    "Since when it is on or off; None: there never was a flood."
    reason: str
    by: str
    "Who switched it; empty: the rate of calls did."
    prompt: str
    "What later callers hear; empty: nothing."
    waiting: int
    "Calls that wait and are taken to be about the incident."


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """For the metrics. Counted since the start, but for `lanes`."""

    lanes: dict[Lane, int]
    "Calls that wait now and ring nowhere, by lane."
    screened: dict[str, int]
    "By what the caller did."
    climbs: int
    "Destinations rung by ladders."
    flood: bool
    "Flood mode is on now."
    floods: int
    repairs: int
    "Disagreements that the watchdog found."


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`ready` is false while calls would not be handled well; `problems` says why, in words."""

    ready: bool
    problems: list[str]


class UnknownCall(LookupError):
    """No call has this id, neither live nor in the journal."""


class CallbackList(Protocol):
    """Callers whose calls were lost."""

    def entries(self) -> list[CallbackView]:
        """The most urgent first."""
        ...

    def call(self, entry_id: str, operator: str) -> str:
        """Ring the operator, then the caller. Returns the id of the call that this is. Raises
        UnknownCallback, UnknownOperator, Unreachable, StateConflict."""
        ...

    def close(self, entry_id: str, outcome: CallbackOutcome, note: str, by: str) -> None:
        """Take the caller off the list. Raises UnknownCallback."""
        ...


class UnknownCaller(LookupError):
    """Nothing is remembered of this number."""


class Remembered(Protocol):
    """What the centre remembers of callers, and of what it achieved. Times are epoch seconds. What looks at
    many records is returned as a function to be called on a thread."""

    def caller(self, number: str) -> Standing:
        """A number as it would be dialled, or as in a call. Raises UnknownCaller."""
        ...

    def callers(self, limit: int) -> Callable[[], list[Standing]]:
        """The highest scores first."""
        ...

    def correct_caller(self, number: str, standing: CallerStanding, note: str, by: str) -> Standing:
        """A person puts the record right, or makes one. What they said last counts."""
        ...

    def levels(self, since: float | None, by: By) -> Callable[[], list[Level]]:
        """From the quarter of an hour of `since` to now, at most and by default of the last 24 hours."""
        ...

    def intervals(self, since: float | None, by: By) -> Callable[[], list[Level]]:
        """The same quarter by quarter, the earliest first."""
        ...

    def live_levels(self, by: By) -> list[Level]:
        """Of the quarter of an hour that is going on and the one before. Quick."""
        ...


class WaitingCommands(Protocol):
    """What can be done with a call that waits or rings. Each answers with the call as of now, and raises
    UnknownCall, and StateConflict for a call that was answered. `by`: who wants it."""

    def lift(self, call_id: str, by: str) -> CallView:
        """Before all calls that were not lifted."""
        ...

    def set_priority(self, call_id: str, priority: int, by: str) -> CallView:
        """0 is most urgent."""
        ...

    def set_requirements(
        self, call_id: str, skills: Mapping[str, int], prefer: Mapping[str, int], by: str
    ) -> CallView:
        """In place of what was asked for."""
        ...

    def pull(self, call_id: str, operator: str, by: str) -> CallView:
        """Ring this operator, fit or not. Raises UnknownOperator, StateConflict if they are not ready."""
        ...

    def climb(self, call_id: str, by: str) -> CallView:
        """All steps of the ladder that remain, at once. Raises StateConflict if none does."""
        ...


class UnknownParty(LookupError):
    """Nobody like that is in the call."""


class CallCommands(Protocol):
    """What can be done with a call that is talked on. Each answers with the call as of now, and raises
    UnknownCall, and StateConflict or Unreachable with what is in the way. `by`: who wants it."""

    def hold(self, call_id: str, by: str) -> CallView: ...

    def resume(self, call_id: str, by: str) -> CallView: ...

    def transfer(
        self, call_id: str, to: str, attended: bool, by: str, skills: Mapping[str, int] | None = None
    ) -> CallView:
        """`skills`: what an operator of the queue `to` must have besides what it asks for."""
        ...

    def complete_transfer(self, call_id: str, by: str) -> CallView: ...

    def cancel_transfer(self, call_id: str, by: str) -> CallView: ...

    def join_transfer(self, call_id: str, by: str) -> CallView: ...

    def add_party(self, call_id: str, to: str, by: str) -> CallView: ...

    def remove_party(self, call_id: str, leg: int, by: str) -> CallView:
        """Raises UnknownParty too."""
        ...

    def supervise(self, call_id: str, supervisor: str, mode: SupervisorMode, by: str) -> CallView:
        """Raises UnknownOperator too."""
        ...

    def change_supervision(self, call_id: str, supervisor: str, mode: SupervisorMode, by: str) -> CallView:
        """Raises UnknownParty too."""
        ...


class CallCentre(Protocol):
    """The live call centre. Every method is synchronous, runs on the event loop and never blocks."""

    @property
    def callbacks(self) -> CallbackList: ...

    @property
    def steering(self) -> WaitingCommands: ...

    @property
    def remembered(self) -> Remembered: ...

    @property
    def commands(self) -> CallCommands: ...

    def calls(self) -> list[CallView]: ...

    def call(self, call_id: str) -> CallView:
        """Raises UnknownCall."""
        ...

    def operators(self) -> list[OperatorView]: ...

    def operator(self, operator_id: str) -> OperatorView:
        """Raises UnknownOperator."""
        ...

    def set_operator_state(self, operator_id: str, state: SettableState, by: str) -> OperatorView:
        """While talking, `break` and `offline` take effect after the call; `ready` ends a wrap-up or break.
        Raises UnknownOperator, StateConflict (`ready` without a registered phone)."""
        ...

    def classify(self, call_id: str, classification: Classification, by: str) -> None:
        """Also after the call has ended. Raises UnknownCall."""
        ...

    def queues(self) -> list[QueueView]: ...

    def trunks(self) -> list[TrunkView]: ...

    def flood(self) -> FloodView: ...

    def set_flood(self, on: bool, by: str, reason: str, prompt: str) -> FloodView:
        """What a person begins a person ends. `prompt`: in place of the configured one; empty: that one."""
        ...

    def figures(self) -> Figures: ...

    def health(self) -> Health: ...
