"""A caller who has been talked to waits again, at the front of a queue: transferred there, or held over."""

from __future__ import annotations

from collections.abc import Mapping

from ntpd112.config import QueueConfig

from . import causes
from .call import Call
from .context import Context, log
from .dialing import Dialing
from .parties import Parties
from .queueing import Queueing


class Requeue:
    def __init__(self, context: Context, dialing: Dialing, parties: Parties, queueing: Queueing) -> None:
        self._context = context
        self._dialing = dialing
        self._parties = parties
        self._queueing = queueing

    def possible(self, call: Call) -> bool:
        """Somebody was put through to the caller, who has a queue to go back to: operators who call each
        other have none."""
        queues = self._context.config.queue
        talked = call.state in ("talking", "held")
        return talked and any(queue.name == call.queue.name for queue in queues)

    def front(
        self,
        call: Call,
        queue: QueueConfig,
        now: float,
        *,
        reason: str,
        prompt: str,
        by: str = "",
        avoid: str = "",
        skills: Mapping[str, int] | None = None,
    ) -> None:
        """Before all who wait, with the wait the caller had. `prompt` is heard first, then ring-back; the
        phones that ring show `reason`. The operator `avoid` is rung only if nobody else is free; who is rung
        must have `skills` besides what the queue asks for."""
        waited_s = (now if call.connected_at is None else call.connected_at) - call.since
        self._dialing.withdraw_all(call, causes.WAITS_AGAIN, now)
        self._parties.hold_caller(call, False, by, now)
        for party in list(call.parties):
            self._parties.leave(call, party, causes.WAITS_AGAIN, now, reason=causes.WAITS_AGAIN.text)
        call.talked_s += 0.0 if call.connected_at is None else now - call.connected_at
        call.transfer, call.connected_at = None, None
        call.wiring, call.comfort = {}, {}
        call.change_queue(queue)
        call.note, call.since = reason, now - waited_s
        say = log.info if by else log.warning  # by nobody: something went wrong
        say("waits again at the front", call_id=call.id, queue=queue.name, reason=reason)
        declined = {avoid: reason} if avoid else None
        self._queueing.restore(call, reason, now, by=by, prompt=prompt, declined=declined, skills=skills)
