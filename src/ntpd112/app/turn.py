"""One turn of the agent: take what came in, let the pure parts decide, write it down, then let it out.

    datagrams, timers, worker messages, REST commands
          │ fed in by their edges, which then ask for a turn
          ▼
    control.settle()      events are handled until nobody has one
    journal.commit()      all events of the turn in one transaction
    endpoint.send(), media.flush()      only now the outside learns of it

Inputs of one loop iteration share one turn, which is what makes the journal's commit a group commit. If the
process is killed before the commit, nothing was promised to anyone; after it, the journal has everything
that was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ntpd112.calls.control import CallControl
from ntpd112.journal import Journal
from ntpd112.media import MediaClient
from ntpd112.sip.agent import UserAgent
from ntpd112.sip.endpoint import SipEndpoint

MIN_TIMER_S = 0.001
"Seconds: a deadline that has passed is served in the next iteration, never in a tight loop."


class Turn:
    def __init__(
        self, control: CallControl, ua: UserAgent, journal: Journal, media: MediaClient, endpoint: SipEndpoint
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._control = control
        self._ua = ua
        self._journal = journal
        self._media = media
        self._endpoint = endpoint
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self._waits: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds at the end of a turn."""
        if not condition():
            done = self._loop.create_future()
            self._waits.append((condition, done))
            await done

    def request(self) -> None:
        """Something came in: run a turn once this loop iteration's other inputs are in too."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.run)

    def run(self) -> None:
        self._scheduled = False
        now = self._loop.time()
        self._control.settle(now)
        self._journal.commit()
        self._endpoint.send(self._ua.outgoing())
        self._media.flush()
        self._arm()
        for condition, done in self._waits:
            if not done.done() and condition():
                done.set_result(None)

    def _arm(self) -> None:
        """One timer for everything; re-armed only when the earliest deadline moved forward."""
        deadline = min(self._ua.next_timer() or float("inf"), self._control.next_timer() or float("inf"))
        if deadline >= self._timer_at and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._timer_at = float("inf")
        if deadline < float("inf"):
            self._timer_at = deadline
            self._timer = self._loop.call_at(max(deadline, self._loop.time() + MIN_TIMER_S), self._fired)

    def _fired(self) -> None:
        self._timer = None
        self._timer_at = float("inf")
        now = self._loop.time()
        self._ua.handle_timer(now)
        self._control.handle_timer(now)
        self.run()
