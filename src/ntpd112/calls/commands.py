"""What a console may do with a call that is talked on: implements `console.CallCommands`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ntpd112.queue.errors import StateConflict

from .call import Call, Party
from .context import Context
from .control import CallControl
from .transfer import expect_connected
from .views import CallView, SupervisorMode, UnknownCall, UnknownOperator, UnknownParty
from .whom import Unreachable

REFUSALS = (StateConflict, Unreachable, UnknownOperator, UnknownParty)
"What a command may answer instead of doing something; anything else is a mistake of ours."


class Commands:
    """`view` makes a call's view; `on_input` asks for a turn: the journal is written before SIP leaves."""

    def __init__(
        self,
        context: Context,
        control: CallControl,
        view: Callable[[Call, float], CallView],
        on_input: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._control = control
        self._view = view
        self._on_input = on_input
        self._now = now

    def hold(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, lambda call, now: self._hold(call, True, by, now))

    def resume(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, lambda call, now: self._hold(call, False, by, now))

    def _hold(self, call: Call, held: bool, by: str, now: float) -> None:
        self._control.transfers.expect_free(call)
        self._control.parties.hold_caller(call, held, by, now)

    def transfer(
        self, call_id: str, to: str, attended: bool, by: str, skills: Mapping[str, int] | None = None
    ) -> CallView:
        def begin(call: Call, now: float) -> None:
            expect_connected(call)
            party = _who_transfers(call)
            self._control.transfers.begin(call, party, to, now, by=by, attended=attended, skills=skills)

        return self._do(call_id, begin)

    def complete_transfer(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, self._control.transfers.complete)

    def cancel_transfer(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, self._control.transfers.cancel)

    def join_transfer(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, self._control.transfers.join)

    def add_party(self, call_id: str, to: str, by: str) -> CallView:
        return self._do(call_id, lambda call, now: self._control.conference.add(call, to, by, now))

    def remove_party(self, call_id: str, leg: int, by: str) -> CallView:
        return self._do(call_id, lambda call, now: self._control.conference.remove(call, leg, by, now))

    def hang_up(self, call_id: str, by: str) -> CallView:
        return self._do(call_id, lambda call, now: self._control.ending.hang_up(call, by, now))

    def supervise(self, call_id: str, supervisor: str, mode: SupervisorMode, by: str) -> CallView:
        supervision = self._control.supervision
        return self._do(call_id, lambda call, now: supervision.ring(call, supervisor, mode, by, now))

    def change_supervision(self, call_id: str, supervisor: str, mode: SupervisorMode, by: str) -> CallView:
        supervision = self._control.supervision
        return self._do(call_id, lambda call, now: supervision.change(call, supervisor, mode, by, now))

    def _do(self, call_id: str, action: Callable[[Call, float], None]) -> CallView:
        """Do it as if it were an event: a mistake of ours in it ends that call and is in the log."""
        call = self._context.calls.get(call_id)
        if call is None:
            raise UnknownCall(f"no live call has the id {call_id}")
        refusals: list[Exception] = []

        def guarded(now: float) -> None:
            try:
                action(call, now)
            except REFUSALS as refusal:
                refusals.append(refusal)

        now = self._now()
        self._context.guard(guarded, call, now)
        self._on_input()
        if refusals:
            raise refusals[0]
        return self._view(call, now)


def _who_transfers(call: Call) -> Party:
    """The operator; without one, who else talks to the caller."""
    lead = call.lead or next((party for party in call.parties if party.mode == "talk"), None)
    if lead is None:
        raise StateConflict(f"nobody is in call {call.id} to transfer it: the caller is being put through")
    return lead
