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
import time
from collections.abc import Callable

import structlog

from ntpd112.calls.control import CallControl
from ntpd112.calls.tally import Tally
from ntpd112.journal import Journal
from ntpd112.media import MediaClient
from ntpd112.sip.agent import UserAgent
from ntpd112.sip.endpoint import NEVER, SipEndpoint

from .alarm import Alarm

log = structlog.get_logger("ntpd112")


class Turn:
    def __init__(
        self,
        control: CallControl,
        ua: UserAgent,
        journal: Journal,
        media: MediaClient,
        endpoint: SipEndpoint,
        tally: Tally,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._control = control
        self._ua = ua
        self._journal = journal
        self._media = media
        self._endpoint = endpoint
        self._tally = tally
        self._asked_at = NEVER
        self._scheduled = False
        self._closed = False
        self._alarm = Alarm(self._loop, self._fired)
        self._waits: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds at the end of a turn."""
        if not condition():
            done = self._loop.create_future()
            self._waits.append((condition, done))
            await done

    def request(self) -> None:
        """Something came in: run a turn once this loop iteration's other inputs are in too."""
        if not self._scheduled and not self._closed:
            self._scheduled = True
            self._asked_at = time.monotonic()
            self._loop.call_soon(self.run)

    def close(self) -> None:
        """No more turns: the journal and the sockets are about to be closed, and what they say of it counts
        no more."""
        self._closed = True
        self._alarm.cancel()

    def run(self) -> None:
        self._scheduled = False
        if self._closed:
            return
        now = self._loop.time()
        began = min(self._asked_at, self._endpoint.reading_since(), time.monotonic())
        self._asked_at = NEVER
        try:
            settled = self._control.settle(now)
            self._journal.commit()
            self._endpoint.send(self._ua.outgoing())
            self._media.flush()
            self._tally.turn_over(time.monotonic() - began)
        finally:
            # Whatever failed: rings and retransmissions of the other calls go on.
            self._alarm.arm(self._ua.next_timer(), self._control.next_timer())
        if not settled:
            self.request()
        for condition, done in self._waits:
            if not done.done() and condition():
                done.set_result(None)

    def _fired(self) -> None:
        self._asked_at = min(self._asked_at, time.monotonic())
        now = self._loop.time()
        for timers in (self._ua, self._control):
            try:
                timers.handle_timer(now)
            except Exception:
                log.exception("a timer failed; the others go on")
        self.run()
