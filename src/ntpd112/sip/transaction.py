"""The four transaction machines of RFC 3261 §17, with the Accepted states of RFC 6026, as tables.

A table maps (state, input) to (next state, action). Inputs are the kinds of messages from the network, what
the transaction user does, and timers by their letters. An input that the table does not have is a mistake
of ours and raises IllegalInput; what a network can bring is in the table for every state.

Entering a state cancels the timers of the one before, unless the row says otherwise by naming the same
state; entering `terminated` is the only way out and takes the transaction off every table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from .flow import Flow
from .message import Request, Response
from .reply import phrase_of
from .timers import Timer
from .traffic import known

if TYPE_CHECKING:
    from .transactions import Key, Transactions

CALLING = "calling"
TRYING = "trying"
PROCEEDING = "proceeding"
COMPLETED = "completed"
ACCEPTED = "accepted"
CONFIRMED = "confirmed"
TERMINATED = "terminated"

Table = dict[tuple[str, str], tuple[str, str]]
"(state, input) to (next state, name of the action method or empty)."


class IllegalInput(RuntimeError):
    """The transaction user asked for what the state does not allow, e.g. a second final response."""


class Transaction:
    """What the four machines share: a state, its timers, one way out."""

    table: ClassVar[Table]
    entry: ClassVar[dict[str, str]] = {}
    "State to the method that starts its timers."

    def __init__(self, owner: Transactions, key: Key, flow: Flow, state: str) -> None:
        self.owner = owner
        self.key = key
        self.flow = flow
        self.state = state
        self._resend: Timer | None = None
        self._limit: Timer | None = None
        self._interval = 0.0

    @property
    def ended(self) -> bool:
        return self.state == TERMINATED

    def _input(self, kind: str, now: float, message: Request | Response | None = None) -> None:
        row = self.table.get((self.state, kind))
        if row is None:
            raise IllegalInput(f"{type(self).__name__} in state {self.state!r} cannot take {kind!r}")
        state, action = row
        if state != self.state:
            self._enter(state, now)
        if action:
            getattr(self, action)(now, message)

    def _enter(self, state: str, now: float) -> None:
        self._stop()
        self.state = state
        if state == TERMINATED:
            self.owner.remove(self)
        elif state in self.entry:
            getattr(self, self.entry[state])(now)

    def _stop(self) -> None:
        if self._resend is not None:
            self._resend.cancel()
            self._resend = None
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _start_limit(self, now: float, duration: float, letter: str) -> None:
        """The timer that ends a state. 0: at once, as for D, I, J and K over reliable transports; the action
        of the row that entered the state still runs."""
        if duration == 0:
            self._input(letter, now)
        else:
            self._limit = self.owner.timers.start(now + duration, lambda at: self._input(letter, at))

    def _start_resend(self, now: float, interval: float, letter: str) -> None:
        """The timer that repeats what was sent: over UDP only."""
        self._interval = interval
        if not self.flow.reliable:
            self._resend = self.owner.timers.start(now + interval, lambda at: self._input(letter, at))

    def _unless_reliable(self, duration: float) -> float:
        return 0.0 if self.flow.reliable else duration


class ClientTransaction(Transaction):
    """A request of ours. `on_response` gets every response that the state lets through, and when none comes
    a 408 (timeout) or 503 (not sent; why, says its phrase) made here, without headers (RFC 3261 §8.1.3.1)."""

    def __init__(
        self,
        owner: Transactions,
        key: Key,
        flow: Flow,
        state: str,
        request: Request,
        on_response: Callable[[Response, float], None],
    ) -> None:
        super().__init__(owner, key, flow, state)
        self.request = request
        self._data = bytes(request)
        self._on_response = on_response

    def receive(self, response: Response, now: float) -> None:
        code = response.code
        if code >= 200 and self.state in (COMPLETED, ACCEPTED):
            self.owner.traffic.received_again[self.request.method] += 1
        self._input("1xx" if code < 200 else "2xx" if code < 300 else "failure", now, response)

    def send_failed(self, now: float, reason: str = "") -> None:
        self._input("send failed", now, Response(code=503, phrase=reason or "Not Sent"))

    def _send(self, now: float, message: object = None) -> None:
        self.owner.send(self.flow, self._data)

    def _send_again(self, now: float) -> None:
        self.owner.traffic.sent_again[self.request.method] += 1
        self._send(now)

    def _tell(self, now: float, message: Response) -> None:
        self._on_response(message, now)

    def _release(self, now: float, message: object = None) -> None:
        """Let go of the user, so that no cycle of objects is left to the collector."""
        self._on_response = _nothing

    def _timed_out(self, now: float, message: object = None) -> None:
        self._on_response(Response(code=408, phrase=phrase_of(408)), now)


def _nothing(response: Response, now: float) -> None:
    """What a transaction that has ended tells."""


class InviteClient(ClientTransaction):
    """RFC 3261 §17.1.1 with RFC 6026 §7.2. It has no limit while proceeding: its user has (`Durations.c`)
    and calls `abandon`."""

    table: ClassVar[Table] = {
        (CALLING, "1xx"): (PROCEEDING, "_tell"),
        (CALLING, "2xx"): (ACCEPTED, "_tell"),
        (CALLING, "failure"): (COMPLETED, "_acknowledge_and_tell"),
        (CALLING, "A"): (CALLING, "_repeat"),
        (CALLING, "B"): (TERMINATED, "_timed_out"),
        (CALLING, "send failed"): (TERMINATED, "_tell"),
        (CALLING, "abandon"): (TERMINATED, ""),
        (PROCEEDING, "1xx"): (PROCEEDING, "_tell"),
        (PROCEEDING, "2xx"): (ACCEPTED, "_tell"),
        (PROCEEDING, "failure"): (COMPLETED, "_acknowledge_and_tell"),
        # The connection may be made anew by the peer's answer; the user's limit ends this if it is not.
        (PROCEEDING, "send failed"): (PROCEEDING, ""),
        (PROCEEDING, "abandon"): (TERMINATED, ""),
        (COMPLETED, "1xx"): (COMPLETED, ""),
        (COMPLETED, "2xx"): (COMPLETED, ""),
        (COMPLETED, "failure"): (COMPLETED, "_acknowledge"),
        (COMPLETED, "D"): (TERMINATED, ""),
        (COMPLETED, "send failed"): (TERMINATED, ""),
        (COMPLETED, "abandon"): (COMPLETED, ""),
        (ACCEPTED, "1xx"): (ACCEPTED, ""),
        (ACCEPTED, "2xx"): (ACCEPTED, "_tell"),
        (ACCEPTED, "failure"): (ACCEPTED, ""),
        (ACCEPTED, "M"): (TERMINATED, "_release"),
        (ACCEPTED, "send failed"): (ACCEPTED, ""),
        (ACCEPTED, "abandon"): (ACCEPTED, ""),
    }
    entry: ClassVar[dict[str, str]] = {COMPLETED: "_start_d", ACCEPTED: "_start_m"}
    _ack = b""

    def start(self, now: float) -> None:
        self._send(now)
        self._start_limit(now, self.owner.durations.b, "B")
        self._start_resend(now, self.owner.durations.a, "A")

    def leave_to(self, on_response: Callable[[Response, float], None]) -> None:
        """Nobody waits for it any more: it is not sent again, and what still comes is told to another."""
        self._on_response = on_response
        if self._resend is not None:
            self._resend.cancel()
            self._resend = None

    def abandon(self, now: float) -> None:
        """End without a final response, e.g. none came after CANCEL (RFC 3261 §9.1)."""
        self._input("abandon", now)

    def _start_d(self, now: float) -> None:
        self._start_limit(now, self._unless_reliable(self.owner.durations.d), "D")

    def _start_m(self, now: float) -> None:
        self._start_limit(now, self.owner.durations.m, "M")

    def _repeat(self, now: float, message: object) -> None:
        self._send_again(now)
        self._start_resend(now, 2 * self._interval, "A")

    def _acknowledge_and_tell(self, now: float, message: Response) -> None:
        self._ack = bytes(self._make_ack(message))
        self._acknowledge(now)
        self._tell(now, message)
        self._release(now)

    def _acknowledge(self, now: float, message: object = None) -> None:
        self.owner.send(self.flow, self._ack)

    def _make_ack(self, response: Response) -> Request:
        """RFC 3261 §17.1.1.3: the INVITE's Request-URI, Via, From, Call-ID and Route; the response's To."""
        source = self.request.fields
        fields = {
            "via": source["via"][:1],
            "max-forwards": ["70"],
            "from": source["from"],
            "to": response.fields["to"],
            "call-id": source["call-id"],
            "cseq": [f"{self.request.cseq[0]} ACK"],
        }
        if "route" in source:
            fields["route"] = source["route"]
        return Request("ACK", self.request.uri, fields=fields)


class NonInviteClient(ClientTransaction):
    """RFC 3261 §17.1.2."""

    table: ClassVar[Table] = {
        (TRYING, "1xx"): (PROCEEDING, "_tell"),
        (TRYING, "2xx"): (COMPLETED, "_tell"),
        (TRYING, "failure"): (COMPLETED, "_tell"),
        (TRYING, "E"): (TRYING, "_repeat"),
        (TRYING, "F"): (TERMINATED, "_timed_out"),
        (TRYING, "send failed"): (TERMINATED, "_tell"),
        (PROCEEDING, "1xx"): (PROCEEDING, "_tell"),
        (PROCEEDING, "2xx"): (COMPLETED, "_tell"),
        (PROCEEDING, "failure"): (COMPLETED, "_tell"),
        (PROCEEDING, "E"): (PROCEEDING, "_repeat_slowly"),
        (PROCEEDING, "F"): (TERMINATED, "_timed_out"),
        (PROCEEDING, "send failed"): (TERMINATED, "_tell"),
        (COMPLETED, "1xx"): (COMPLETED, ""),
        (COMPLETED, "2xx"): (COMPLETED, ""),
        (COMPLETED, "failure"): (COMPLETED, ""),
        (COMPLETED, "K"): (TERMINATED, ""),
        (COMPLETED, "send failed"): (TERMINATED, ""),
    }
    entry: ClassVar[dict[str, str]] = {PROCEEDING: "_start_proceeding", COMPLETED: "_start_k"}
    _expires_at = 0.0

    def start(self, now: float) -> None:
        self._send(now)
        self._expires_at = now + self.owner.durations.f
        self._start_limit(now, self.owner.durations.f, "F")
        self._start_resend(now, self.owner.durations.e, "E")

    def _start_proceeding(self, now: float) -> None:
        self._start_limit(now, self._expires_at - now, "F")
        self._start_resend(now, self.owner.durations.t2, "E")

    def _start_k(self, now: float) -> None:
        self._start_limit(now, self._unless_reliable(self.owner.durations.k), "K")

    def _repeat(self, now: float, message: object) -> None:
        self._send_again(now)
        self._start_resend(now, min(2 * self._interval, self.owner.durations.t2), "E")

    def _repeat_slowly(self, now: float, message: object) -> None:
        self._send_again(now)
        self._start_resend(now, self.owner.durations.t2, "E")


class ServerTransaction(Transaction):
    """A request of a peer. `flow` is where responses go (RFC 3581, §18.2.2)."""

    def __init__(self, owner: Transactions, key: Key, flow: Flow, state: str, request: Request) -> None:
        super().__init__(owner, key, flow, state)
        self.request = request
        self.fallback = flow
        "Where responses go when the connection has closed (RFC 3261 §18.2.2)."
        self._data = b""

    @property
    def answered(self) -> bool:
        """Whether a final response was sent."""
        return self.state not in (TRYING, PROCEEDING)

    def respond(self, response: Response, now: float) -> None:
        """Send a response. Raises IllegalInput after a final one (but a 2xx to INVITE may be repeated)."""
        raise NotImplementedError

    def receive(self, request: Request, now: float) -> None:
        """A repeated request, or the ACK."""
        if request.method == "ACK":
            self._input("ACK", now)
            return
        self.owner.traffic.received_again[known(request.method)] += 1
        self._input("request", now)

    def _respond(self, now: float, message: Response) -> None:
        self._data = bytes(message)
        self.owner.send(self.flow, self._data)

    def _send_again(self, now: float, message: object = None) -> None:
        if self._data:
            self.owner.traffic.sent_again[known(self.request.method)] += 1
            self.owner.send(self.flow, self._data)


class InviteServer(ServerTransaction):
    """RFC 3261 §17.2.1 with RFC 6026 §7.1. `on_cancel(cancel, now)` is called while a CANCEL still counts."""

    table: ClassVar[Table] = {
        (PROCEEDING, "request"): (PROCEEDING, "_send_again"),
        (PROCEEDING, "ACK"): (PROCEEDING, ""),
        (PROCEEDING, "send 1xx"): (PROCEEDING, "_respond"),
        (PROCEEDING, "send 2xx"): (ACCEPTED, "_respond"),
        (PROCEEDING, "send failure"): (COMPLETED, "_respond"),
        (COMPLETED, "request"): (COMPLETED, "_send_again"),
        (COMPLETED, "ACK"): (CONFIRMED, ""),
        (COMPLETED, "G"): (COMPLETED, "_repeat"),
        (COMPLETED, "H"): (TERMINATED, ""),
        (CONFIRMED, "request"): (CONFIRMED, ""),
        (CONFIRMED, "ACK"): (CONFIRMED, ""),
        (CONFIRMED, "I"): (TERMINATED, ""),
        # The 2xx is repeated by the user of the transaction until its ACK comes (RFC 3261 §13.3.1.4).
        (ACCEPTED, "request"): (ACCEPTED, ""),
        (ACCEPTED, "ACK"): (ACCEPTED, ""),
        (ACCEPTED, "send 2xx"): (ACCEPTED, "_respond"),
        (ACCEPTED, "L"): (TERMINATED, ""),
        (TERMINATED, "send 2xx"): (TERMINATED, ""),
    }
    entry: ClassVar[dict[str, str]] = {COMPLETED: "_start_g_h", CONFIRMED: "_start_i", ACCEPTED: "_start_l"}
    on_cancel: Callable[[Request, float], None] | None = None
    local_tag: str | None = None
    "To tag of the INVITE's answers; the answer to its CANCEL has it too."

    def respond(self, response: Response, now: float) -> None:
        code = response.code
        self._input("send 1xx" if code < 200 else "send 2xx" if code < 300 else "send failure", now, response)
        if code >= 200:
            self.on_cancel = None

    def cancel(self, cancel: Request, now: float) -> None:
        """A matching CANCEL came; without effect after a final response (RFC 3261 §9.2)."""
        if self.on_cancel is not None:
            self.on_cancel(cancel, now)

    def _start_g_h(self, now: float) -> None:
        self._start_limit(now, self.owner.durations.h, "H")
        self._start_resend(now, self.owner.durations.g, "G")

    def _start_i(self, now: float) -> None:
        self._start_limit(now, self._unless_reliable(self.owner.durations.i), "I")

    def _start_l(self, now: float) -> None:
        self._start_limit(now, self.owner.durations.l, "L")

    def _repeat(self, now: float, message: object) -> None:
        self._send_again(now)
        self._start_resend(now, min(2 * self._interval, self.owner.durations.t2), "G")


class NonInviteServer(ServerTransaction):
    """RFC 3261 §17.2.2."""

    table: ClassVar[Table] = {
        (TRYING, "request"): (TRYING, ""),
        (TRYING, "send 1xx"): (PROCEEDING, "_respond"),
        (TRYING, "send final"): (COMPLETED, "_respond"),
        (PROCEEDING, "request"): (PROCEEDING, "_send_again"),
        (PROCEEDING, "send 1xx"): (PROCEEDING, "_respond"),
        (PROCEEDING, "send final"): (COMPLETED, "_respond"),
        (COMPLETED, "request"): (COMPLETED, "_send_again"),
        (COMPLETED, "J"): (TERMINATED, ""),
    }
    entry: ClassVar[dict[str, str]] = {COMPLETED: "_start_j"}

    def respond(self, response: Response, now: float) -> None:
        self._input("send 1xx" if response.code < 200 else "send final", now, response)

    def _start_j(self, now: float) -> None:
        self._start_limit(now, self._unless_reliable(self.owner.durations.j), "J")
