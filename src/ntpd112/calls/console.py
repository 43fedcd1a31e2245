"""What a console, the API, may ask of the live call centre and do with it. Implemented by `centre`,
`steering`, `commands`, `remembered` and `callback_list`; what it answers is in `views`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from ntpd112.journal.events import CallbackOutcome, Classification
from ntpd112.memory import Level, Standing

from .live_trials import TrialCalls
from .views import (
    By,
    CallbackView,
    CallerStanding,
    CallView,
    Figures,
    FloodView,
    Health,
    OperatorView,
    QueueView,
    SettableState,
    SupervisorMode,
    TrunkTestView,
    TrunkView,
)


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

    def hang_up(self, call_id: str, by: str) -> CallView:
        """For everyone. Not while the caller waits or is being transferred."""
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
    def trials(self) -> TrialCalls: ...

    @property
    def commands(self) -> CallCommands: ...

    def calls(self) -> Iterable[CallView]:
        """Those that are live now, each as it is when its turn comes: who lets the loop go in between holds
        up no call, however many there are. What has ended meanwhile is left out."""
        ...

    def call(self, call_id: str) -> CallView:
        """Raises UnknownCall."""
        ...

    def operators(self) -> Iterable[OperatorView]:
        """In the same way."""
        ...

    def operator(self, operator_id: str) -> OperatorView:
        """Raises UnknownOperator."""
        ...

    def set_operator_state(self, operator_id: str, state: SettableState, by: str) -> OperatorView:
        """While talking, `break` and `offline` take effect after the call; `ready` ends a wrap-up or break.
        Raises UnknownOperator, StateConflict (`ready` without a registered phone)."""
        ...

    def call_of(self, operator_id: str) -> str | None:
        """The call they are in, else their last one."""
        ...

    def classify(self, call_id: str, classification: Classification, by: str) -> None:
        """Also after the call has ended. Raises UnknownCall."""
        ...

    def queues(self) -> list[QueueView]: ...

    def trunks(self) -> list[TrunkView]: ...

    def set_maintenance(self, trunk: str, on: bool, by: str, reason: str) -> TrunkView:
        """New calls on the trunk are refused while it is on; those that run go on. Raises UnknownTrunk."""
        ...

    def test_trunk(self, trunk: str, done: Callable[[TrunkTestView], None]) -> None:
        """Ask its peers by OPTIONS; `done` comes within seconds. Raises UnknownTrunk."""
        ...

    def flood(self) -> FloodView: ...

    def set_flood(self, on: bool, by: str, reason: str, prompt: str) -> FloodView:
        """What a person begins a person ends. `prompt`: in place of the configured one; empty: that one."""
        ...

    def figures(self) -> Figures: ...

    def health(self) -> Health: ...
