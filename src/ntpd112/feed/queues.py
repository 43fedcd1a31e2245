"""Which queue a call is in, as its events pass by in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ntpd112.journal import Stored
from ntpd112.journal.events import CallQueued, CallRequeued, CallStarted

MAX_CALLS = 2_000
"Remembered, the last seen; of others the journal is asked again."


class QueueOf:
    """`read_call`: all committed events of a call."""

    def __init__(self, read_call: Callable[[str], Iterable[Stored]], max_calls: int = MAX_CALLS) -> None:
        self._read_call = read_call
        self._max_calls = max_calls
        self._queues: dict[str, str] = {}
        "By call, the longest unseen first; empty: in no queue yet."

    def clear(self) -> None:
        """Events will be left out: what is known no longer holds."""
        self._queues.clear()

    def around(self, stored: Stored) -> tuple[str, ...]:
        """The call's queue before and after this event; empty for an event of no call. Raises what
        `read_call` raises."""
        event = stored.event
        if not event.call_id:
            return ()
        before = self._queues.pop(event.call_id, None)
        if before is None:
            before = "" if isinstance(event, CallStarted) else self._looked_up(stored)
        after = event.queue if isinstance(event, CallQueued | CallRequeued) else before
        self._queues[event.call_id] = after
        if len(self._queues) > self._max_calls:
            del self._queues[next(iter(self._queues))]
        return (before,) if before == after else (before, after)

    def _looked_up(self, stored: Stored) -> str:
        queue = ""
        for seq, event in self._read_call(stored.event.call_id):
            if seq >= stored.seq:
                break
            if isinstance(event, CallQueued | CallRequeued):
                queue = event.queue
        return queue
