"""An INVITE that another gateway is asked instead of, since nobody answered it: should its peer wake up late,
nobody may be rung for nothing. It is cancelled as soon as that is allowed (RFC 3261 §9.1), and a 2xx that
comes all the same is acknowledged and ended."""

from __future__ import annotations

from .core import Core
from .dialog import Dialog
from .events import Cause
from .message import Response
from .reason import reason_headers
from .target import Target
from .transaction import InviteClient

ELSEWHERE = Cause(487, 38, "Another gateway has the call")
"Q.850 38: network out of order."


class AbandonedInvite:
    def __init__(self, core: Core, invite: InviteClient, target: Target) -> None:
        self._core = core
        self._invite = invite
        self._target = target
        self._cancelled = False
        self._ended: set[str] = set()
        invite.leave_to(self._on_response)

    def _on_response(self, response: Response, now: float) -> None:
        if response.code < 200:
            self._cancel(now)
        elif response.code < 300:
            self._end(response, now)

    def _cancel(self, now: float) -> None:
        if not self._cancelled:
            self._cancelled = True
            core = self._core
            core.transactions.cancel(self._invite, reason_headers(ELSEWHERE), now)
            core.timers.start(now + core.durations.cancelled, self._invite.abandon)

    def _end(self, response: Response, now: float) -> None:
        """Each 2xx gets its ACK, each dialog one BYE."""
        invite, transactions = self._invite, self._core.transactions
        dialog = Dialog.of_client(invite.request, response, self._target.flow, self._target.pinned)
        flow = dialog.next_flow(self._core.usable(dialog.flow))
        ack = dialog.request("ACK", invite.request.cseq[0])
        self._core.outgoing.append(transactions.without_state(ack, flow))
        if dialog.remote not in self._ended:
            self._ended.add(dialog.remote)
            bye = dialog.request("BYE")
            bye.fields.update(reason_headers(ELSEWHERE))
            transactions.request(bye, flow, _ignore, now)


def _ignore(response: Response, now: float) -> None:
    """For answers that change nothing."""
