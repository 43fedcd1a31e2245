"""Responses that their sender repeats until the peer confirms them: 2xx to INVITE until ACK (RFC 3261
§13.3.1.4), reliable provisional ones until PRACK (RFC 3262 §3). Over every transport."""

from __future__ import annotations

from collections.abc import Callable

from .core import Core
from .message import Request, Response
from .timers import Timer
from .transaction import InviteServer

MAX_WAITING = 8
"Reliable provisional responses that wait for the PRACK of one before; more say nothing new to the caller."


class _Repeated:
    """One response, sent now and again after T1, 2*T1, ... until `stop`, or `on_silence` after `limit`."""

    def __init__(
        self,
        core: Core,
        transaction: InviteServer,
        response: Response,
        longest: float,
        limit: float,
        on_silence: Callable[[float], None],
        now: float,
    ) -> None:
        self._core = core
        self._transaction = transaction
        self._response = response
        self._longest = longest
        self._on_silence = on_silence
        self._interval = core.durations.t1
        transaction.respond(response, now)
        self._timer = core.timers.start(now + self._interval, self._repeat)
        self._limit: Timer = core.timers.start(now + limit, self._give_up)

    def stop(self) -> None:
        self._timer.cancel()
        self._limit.cancel()

    def _repeat(self, now: float) -> None:
        self._core.transactions.traffic.sent_again["INVITE"] += 1
        self._transaction.respond(self._response, now)
        self._interval = min(2 * self._interval, self._longest)
        self._timer = self._core.timers.start(now + self._interval, self._repeat)

    def _give_up(self, now: float) -> None:
        self._timer.cancel()
        self._on_silence(now)


class UnackedAnswer(_Repeated):
    """A 2xx to the INVITE with CSeq number `seq`."""

    def __init__(
        self,
        core: Core,
        transaction: InviteServer,
        response: Response,
        on_silence: Callable[[float], None],
        now: float,
    ) -> None:
        self.seq = transaction.request.cseq[0]
        d = core.durations
        super().__init__(core, transaction, response, d.t2, d.no_ack, on_silence, now)


class ReliableProvisionals:
    """Provisional responses of one INVITE that need a PRACK each, sent one after the other."""

    def __init__(self, core: Core, transaction: InviteServer) -> None:
        self._core = core
        self._transaction = transaction
        self._rseq = 0
        self._sent: tuple[Response, _Repeated] | None = None
        self._waiting: list[Response] = []

    @property
    def sdp_unacknowledged(self) -> bool:
        """A session description is out or waits; no 2xx before its PRACK (RFC 3262 §3)."""
        unacknowledged = [*self._waiting, *([self._sent[0]] if self._sent else [])]
        return any(response.body for response in unacknowledged)

    def send(self, response: Response, on_silence: Callable[[float], None], now: float) -> None:
        """`on_silence` is called when no PRACK comes."""
        if self._sent is not None:
            if len(self._waiting) < MAX_WAITING:
                self._waiting.append(response)
            return
        self._rseq += 1
        response.set("rseq", self._rseq)
        response.set("require", "100rel")
        core = self._core
        limit = core.durations.no_prack
        repeated = _Repeated(core, self._transaction, response, limit, limit, on_silence, now)
        self._sent = response, repeated

    def acknowledge(self, prack: Request) -> bool:
        """Whether a PRACK confirms the response that is out. `proceed` sends the next."""
        if self._sent is None:
            return False
        expected = [str(self._rseq), *(self._transaction.request.get("cseq") or "").split()]
        if (prack.get("rack") or "").split() != expected:
            return False
        self._sent[1].stop()
        self._sent = None
        return True

    def proceed(self, on_silence: Callable[[float], None], now: float) -> None:
        """Send the next one that waits."""
        if self._waiting and self._sent is None:
            self.send(self._waiting.pop(0), on_silence, now)

    def stop(self) -> None:
        """A final response is sent: nothing is repeated any more, but a PRACK on its way still fits."""
        self._waiting.clear()
        if self._sent is not None:
            self._sent[1].stop()

    def forget(self) -> None:
        """What is out will not be confirmed."""
        self.stop()
        self._sent = None
