"""The call-back list: callers whose call was lost and who are to be called.

In order of need: known emergencies first, then calls to a number that says what it is about (119, `fire`),
then the others; last those who hung up within seconds or stayed silent when asked to speak, and repeat
pranksters. Within each the latest first. One entry a caller. Changes come by events only: `claim` and `close`
make the event, which counts once it is in the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import msgspec

from ntpd112.journal.events import CallbackClosed, CallbackOutcome, CallbackTried, Classification

from .bounded import drop_oldest
from .calls import SHORT_S, OpenCall
from .record import Standing
from .settings import CallbackSettings

MAX_ENTRIES = 5_000
"Callers on the list: a disaster's first hours. The oldest goes first."
MAX_CALLS = 20
"Ids of lost calls kept with an entry: the first, which names it, and the latest."


class UnknownCallback(Exception):
    """No caller is on the list for this call: called back, helped meanwhile, or too long ago."""


class CallbackTaken(Exception):
    """Another operator calls this caller now."""


Need = Literal["emergency", "category", "usual", "doubtful"]
"In this order: they are called back first to last."
_RANK: dict[Need, int] = {need: rank for rank, need in enumerate(get_args(Need))}


class Lost(msgspec.Struct, array_like=True):
    """What is kept of a caller on the list. Times are epoch seconds."""

    calls: list[str]
    "Ids of the lost calls, oldest first."
    first_at: float
    last_at: float
    count: int = 1
    queue: str = ""
    waited_s: float = 0.0
    "Of the latest call."
    category: str = ""
    "The last one known."
    emergency: bool = False
    "A call was classified so before it broke, or the panic key was pressed."
    doubtful: bool = False
    "All calls were short or silent."
    attempts: int = 0
    operator: str = ""
    "Who tried last."
    tried_at: float = 0.0


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as operators see it."""

    id: str
    "The first lost call: names the entry as long as it is on the list."
    number: str
    need: Need
    calls: list[str]
    count: int
    first_at: float
    last_at: float
    queue: str
    waited_s: float
    category: str
    reasons: list[str]
    "What is known of the caller."
    attempts: int
    last_operator: str
    "Who tried last; empty: nobody yet."
    claimed_by: str
    "Who calls now, or just did; empty: free to be called."


class Callbacks:
    """`standing`: what is known of a caller at a time."""

    def __init__(
        self,
        settings: CallbackSettings,
        standing: Callable[[str, float], Standing],
        lost: dict[str, Lost] | None = None,
    ) -> None:
        self._settings = settings
        self._standing = standing
        self.lost: dict[str, Lost] = {} if lost is None else lost
        "By number, in order of the latest call. For the snapshot."

    # --- what happens

    def add(self, call_id: str, call: OpenCall, at: float) -> None:
        """A call of somebody with a number ended without help."""
        waited = call.wait_until(at)
        spoke = call.screened in ("voice", "key", "panic") or call.answered
        doubtful = not spoke and (waited < SHORT_S or call.screened == "silent")
        entry = self.lost.pop(call.number, None)
        if entry is None or self._expired(entry, at):
            entry = Lost([], at, at, count=0, doubtful=True)
        entry.calls.append(call_id)
        del entry.calls[1 : max(1, len(entry.calls) - MAX_CALLS + 1)]
        entry.count += 1
        entry.first_at, entry.last_at = min(entry.first_at, at), max(entry.last_at, at)
        entry.queue, entry.waited_s = call.queue, waited
        entry.category = call.category or entry.category
        entry.doubtful &= doubtful
        entry.emergency |= call.screened == "panic" or call.classification == "emergency"
        while self.lost and self._expired(next(iter(self.lost.values())), at):
            del self.lost[next(iter(self.lost))]
        drop_oldest(self.lost, MAX_ENTRIES - 1)
        self.lost[call.number] = entry

    def helped(self, number: str) -> None:
        """The caller called again and was answered."""
        self.lost.pop(number, None)

    def classified(self, number: str, call_id: str, classification: Classification) -> None:
        """A lost call was classified, or its classification put right, after it had ended."""
        if (entry := self.lost.get(number)) is not None and call_id in entry.calls:
            entry.emergency = classification == "emergency"

    def tried(self, event: CallbackTried) -> None:
        if (found := self._find(event.call_id)) is not None:
            entry = self.lost[found]
            entry.attempts += 1
            entry.operator, entry.tried_at = event.operator, event.at

    def closed(self, event: CallbackClosed) -> None:
        if (found := self._find(event.call_id)) is not None:
            del self.lost[found]

    # --- what is asked

    def entries(self, now: float) -> list[Callback]:
        """The whole list, who needs it most first."""
        found = [
            self._view(number, entry, now)
            for number, entry in self.lost.items()
            if not self._expired(entry, now)
        ]
        return sorted(found, key=lambda entry: (_RANK[entry.need], -entry.last_at))

    def count(self, now: float) -> int:
        """How many are on the list."""
        return sum(not self._expired(entry, now) for entry in self.lost.values())

    def next(self, now: float) -> Callback | None:
        """Whom to call now: the first entry that nobody has claimed."""
        return next((entry for entry in self.entries(now) if not entry.claimed_by), None)

    def get(self, call_id: str, now: float) -> Callback:
        """The entry that has this lost call. Raises UnknownCallback."""
        number = self._find(call_id)
        if number is None or self._expired(self.lost[number], now):
            raise UnknownCallback(f"call {call_id} is not on the call-back list")
        return self._view(number, self.lost[number], now)

    def claim(self, call_id: str, operator: str, attempt: str, now: float) -> CallbackTried:
        """The event that `operator` calls this caller now, by the call `attempt`. Raises UnknownCallback,
        CallbackTaken."""
        entry = self.get(call_id, now)
        if entry.claimed_by not in ("", operator):
            raise CallbackTaken(f'{entry.number} is being called by operator "{entry.claimed_by}"')
        return CallbackTried(at=now, call_id=entry.id, attempt=attempt, operator=operator)

    def close(
        self, call_id: str, outcome: CallbackOutcome, by: str, now: float, note: str = ""
    ) -> CallbackClosed:
        """The event that takes the caller off the list. Raises UnknownCallback."""
        entry = self.get(call_id, now)
        return CallbackClosed(at=now, call_id=entry.id, outcome=outcome, by=by, note=note)

    # --- inside

    def _find(self, call_id: str) -> str | None:
        """Number of the caller who has this call. Looks at all: people do this, a few times an hour."""
        return next((number for number, entry in self.lost.items() if call_id in entry.calls), None)

    def _expired(self, entry: Lost, now: float) -> bool:
        return now >= entry.last_at + self._settings.keep_s

    def _view(self, number: str, entry: Lost, now: float) -> Callback:
        standing = self._standing(number, now)
        claimed = entry.operator and now < entry.tried_at + self._settings.claim_s
        return Callback(
            id=entry.calls[0],
            number=number,
            need=_need(entry, standing),
            calls=list(entry.calls),
            count=entry.count,
            first_at=entry.first_at,
            last_at=entry.last_at,
            queue=entry.queue,
            waited_s=entry.waited_s,
            category=entry.category,
            reasons=standing.reasons,
            attempts=entry.attempts,
            last_operator=entry.operator,
            claimed_by=entry.operator if claimed else "",
        )


def _need(entry: Lost, standing: Standing) -> Need:
    if entry.emergency or standing.lift:
        return "emergency"
    if entry.doubtful or standing.put_back:
        return "doubtful"
    return "category" if entry.category else "usual"
