"""Finds books that do not agree: the ACD's, the calls' and the legs'. Pure: snapshots in, faults out.

Each state of a call or operator has its own deadline and its own way out; the watchdog is for the mistake
that nobody thought of. What it finds twice in a row it puts right (`repairing.py`), and says so loudly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

from ntpd112.journal.events import Direction

from .views import CallState

ARRIVING_S = 10.0
"Seconds a call may arrive: it takes one turn."

Kind = Literal[
    "caller gone",
    "party gone",
    "no ring",
    "no ringing operator",
    "no talk",
    "not in the queue",
    "no call",
    "arriving",
    "over",
]
FOUND: dict[Kind, str] = {
    "caller gone": "the caller's leg has ended",
    "party gone": "the leg of a party has ended",
    "no ring": "the ACD rings an operator for the call whose phones do not ring",
    "no ringing operator": "phones ring for the call that the ACD does not know of",
    "no talk": "busy in the ACD without a leg",
    "not in the queue": "the call waits, and the ACD does not know it",
    "no call": "the ACD has a call that is over",
    "arriving": "the call has not got beyond its arrival",
    "over": "the call has ended and still holds legs",
}


@dataclass(frozen=True, slots=True)
class CallBook:
    """What the watchdog looks at of a live call."""

    state: CallState
    direction: Direction
    age_s: float
    caller_over: bool
    offers: Mapping[int, str] = field(default_factory=dict)
    "Rings of the ACD's offers: number to operator."
    dialled: frozenset[str] = frozenset()
    "Operators and supervisors who ring otherwise, and the one whose phone began the call."
    others_ring: bool = False
    "Somebody is rung for a purpose other than the ladder, who will get the call."
    parties: Mapping[int, tuple[str, bool]] = field(default_factory=dict)
    "Number to name and whether their leg has ended."


@dataclass(frozen=True, slots=True)
class Books:
    calls: Mapping[str, CallBook]
    "Those that are looked at: all live ones, or some of them."
    queued: frozenset[str]
    "Calls that wait or ring in the ACD."
    ringing: Mapping[str, Mapping[str, int]]
    "Call to the operators who ring in the ACD, with the offers' numbers."
    talking: Mapping[str, str]
    "Operator to what they are busy with in the ACD."
    over: frozenset[str] = frozenset()
    "Calls that have ended and own legs."
    elsewhere: frozenset[str] = frozenset()
    "Operators busy with something that is no call: a feature code."


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    call_id: str = ""
    operator: str = ""
    number: int = 0
    "Of the ring or party."

    @property
    def subject(self) -> str:
        return f"operator {self.operator}" if self.operator else f"call {self.call_id}"


def faults(books: Books) -> Iterator[Fault]:
    """Of the calls in `books`, and of the operators who are busy with them."""
    for call_id, call in books.calls.items():
        yield from _of_call(books, call_id, call)
    yield from _of_operators(books)


def strays(books: Books, live: Set[str]) -> Iterator[Fault]:
    """What belongs to no call. `live`: the ids of all calls."""
    for operator, call_id in books.talking.items():
        if call_id not in live and operator not in books.elsewhere:
            yield Fault("no talk", call_id, operator)
    for call_id in books.queued - live:
        yield Fault("no call", call_id)
    for call_id in books.over:
        yield Fault("over", call_id)


def _of_call(books: Books, call_id: str, call: CallBook) -> Iterator[Fault]:
    if call.caller_over:
        yield Fault("caller gone", call_id)
        return
    if call.state == "arriving":
        if call.age_s > ARRIVING_S:
            yield Fault("arriving", call_id)
        return
    for number, (name, over) in call.parties.items():
        if over:
            yield Fault("party gone", call_id, name, number)
    rung = books.ringing.get(call_id, {})
    for number, operator in call.offers.items():
        if rung.get(operator) != number:
            yield Fault("no ringing operator", call_id, operator, number)
    if call.direction == "in" and not call.parties and not call.others_ring and call_id not in books.queued:
        yield Fault("not in the queue", call_id)


def _of_operators(books: Books) -> Iterator[Fault]:
    for call_id, operators in books.ringing.items():
        call = books.calls.get(call_id)
        for operator, number in operators.items():
            if call is not None and call.offers.get(number) != operator:
                yield Fault("no ring", call_id, operator, number)
    for operator, call_id in books.talking.items():
        call = books.calls.get(call_id)
        if call is None or operator in books.elsewhere:
            continue
        if operator not in call.dialled | {name for name, _ in call.parties.values()}:
            yield Fault("no talk", call_id, operator)
