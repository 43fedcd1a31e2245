"""The watchdog's hands: looks at the books every few seconds and puts right what does not agree."""

from __future__ import annotations

from dataclasses import replace

from ntpd112.journal.events import StateRepaired
from ntpd112.sip.events import Ended

from . import causes
from .call import Call
from .context import Context, log
from .ending import Ending
from .lines import Lines
from .offering import Offering
from .queueing import Queueing
from .watchdog import FOUND, Books, CallBook, Fault, faults, strays

EVERY_S = 5.0
"Seconds between looks: what is wrong is put right in twice that, about as long as a phone rings."
SLICE_CALLS = 100
"Looked at in one go, about 1.5 ms: 10,000 waiting callers at once would hold up a call for 80 ms."
PAUSE_S = 0.02
"Seconds between two of these: 10,000 calls take two."
MAX_REPORTED = 100
"Different complaints of the ACD about itself that are reported."
REPORT = "please report it"


class Repairing:
    def __init__(
        self, context: Context, ending: Ending, offering: Offering, queueing: Queueing, lines: Lines
    ) -> None:
        self._context = context
        self._ending = ending
        self._offering = offering
        self._queueing = queueing
        self._lines = lines
        self._due = False
        self._left: list[str] | None = None
        "Calls that this round has not looked at yet; None between two rounds."
        self._found: set[Fault] = set()
        self._seen: set[Fault] = set()
        "In the round before."
        self._reported: set[str] = set()

    def start(self, now: float) -> None:
        """Look from now on, again and again."""

        def due(now: float) -> None:
            self._due = True
            if self._left is None:
                self._left = list(self._context.calls)
            self.start(now)

        self._context.timers.start(now + EVERY_S, due)

    def look(self, now: float) -> bool:
        """When it is time, and nothing else is going on: at some calls, and when all have had their turn at
        what belongs to none. A fault that was there the last time too is put right; True if there was one."""
        if not self._due or self._left is None:
            return False
        self._due = False
        some, self._left = self._left[:SLICE_CALLS], self._left[SLICE_CALLS:]
        books = self._books(some, now)
        found, complaints = [*faults(books)], self._context.acd.audit_calls(some)
        if len(some) == SLICE_CALLS:
            self._context.timers.start(now + PAUSE_S, self._go_on)
        else:
            found += strays(replace(books, over=self._over()), self._context.calls.keys())
            complaints += self._context.acd.audit_rest(now)
            self._left = None
        lasting = [fault for fault in found if fault in self._seen]
        self._found |= set(found) - set(lasting)
        if self._left is None:
            self._seen, self._found = self._found, set()
        for fault in lasting:
            self._put_right(fault, now)
        self._hear_acd(complaints, now)
        return bool(lasting)

    def _go_on(self, now: float) -> None:
        self._due = True

    def _books(self, some: list[str], now: float) -> Books:
        acd, live = self._context.acd, self._context.calls
        calls = {call_id: _book_of(live[call_id], now) for call_id in some if call_id in live}
        return Books(calls, acd.known(), acd.ringing(), acd.talking(), elsewhere=self._lines.users())

    def _over(self) -> frozenset[str]:
        """Calls that have ended and own legs."""
        return frozenset({call.id for call, _ in self._context.legs.values()} - self._context.calls.keys())

    def _put_right(self, fault: Fault, now: float) -> None:
        try:
            repaired = self._repair(fault, now)
        except Exception:
            log.exception("WATCHDOG: could not repair", subject=fault.subject, found=FOUND[fault.kind])
            repaired = self._end_broken(fault, now)
        self._report(fault.subject, FOUND[fault.kind], repaired, now, fault.call_id)

    def _repair(self, fault: Fault, now: float) -> str:
        """What was done, in words."""
        context = self._context
        match fault.kind:
            case "no ring":
                context.acd.offer_declined(fault.call_id, fault.operator, now, "failed")
                return "the call goes to the next operator"
            case "no talk":
                context.acd.disengage(fault.operator, now, wrap_up=False)
                return "the operator is free again"
            case "no call":
                context.acd.withdraw(fault.call_id, now)
                return "taken out of the ACD"
            case "over":
                for call, _ in list(context.legs.values()):
                    if call.id == fault.call_id:
                        self._ending.let_go(call, causes.FAULT, now)
                return "its legs are hung up"
            case _:
                return self._repair_call(context.calls[fault.call_id], fault, now)

    def _repair_call(self, call: Call, fault: Fault, now: float) -> str:
        match fault.kind:
            case "caller gone":
                self._ending.leg_ended(call, Ended(call.leg, "lost", causes.LEG_LOST), now)
                return "the call is ended"
            case "party gone":
                party = next(party for party in call.parties if party.number == fault.number)
                self._ending.leg_ended(call, Ended(party.leg, "lost", causes.LEG_LOST), now)
                return "the party is out of the call"
            case "no ringing operator":
                self._offering.drop(call, call.rings[fault.number], now)
                return "the phones stop ringing"
            case _:
                self._queueing.restore(call, "watchdog: " + FOUND[fault.kind], now)
                return "the call waits at the front of its queue"

    def _end_broken(self, fault: Fault, now: float) -> str:
        """A caller who cannot be helped here is let go, so that the PBX helps."""
        call = self._context.calls.get(fault.call_id)
        if call is None:
            return f"not repaired: {REPORT}"
        try:
            self._ending.call_over(call, "failed", "system", causes.FAULT, now, reason="watchdog")
        except Exception:
            log.exception("WATCHDOG: could not end the call", call_id=call.id)
            return f"not repaired: {REPORT}"
        return "the call is ended"

    def _hear_acd(self, complaints: list[str], now: float) -> None:
        """What the ACD finds wrong with its own books can only be reported, each complaint once."""
        for complaint in complaints:
            if complaint not in self._reported and len(self._reported) < MAX_REPORTED:
                self._reported.add(complaint)
                self._report("ACD", complaint, f"not repaired: {REPORT}", now)

    def _report(self, subject: str, found: str, repaired: str, now: float, call_id: str = "") -> None:
        log.error("WATCHDOG", subject=subject, found=found, repaired=repaired, call_id=call_id)
        at = self._context.clock.wall(now)
        self._context.write(StateRepaired(at=at, subject=subject, found=found, repaired=repaired))


def _book_of(call: Call, now: float) -> CallBook:
    dialled = [ring for ring in call.rings.values() if ring.attempt is not None]
    return CallBook(
        state=call.state,
        direction=call.facts.direction,
        age_s=now - call.started_at,
        caller_over=call.leg.state == "ended",
        offers={number: ring.name for number, ring in call.rings.items() if ring.attempt is None},
        dialled=frozenset((*(ring.name for ring in dialled), call.facts.operator)),
        others_ring=any(ring.attempt and ring.attempt.purpose != "ladder" for ring in dialled),
        parties={party.number: (party.name, party.leg.state == "ended") for party in call.parties},
    )
