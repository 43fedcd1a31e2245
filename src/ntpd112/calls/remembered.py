"""What the API sees of the memory: callers and service levels. Implements `console.Remembered`.

A look at thousands of records would hold up calls. The memory changes on the event loop, so a copy is made
there, in a few milliseconds, and the look itself is left to a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from ntpd112.journal.events import CallerCorrected
from ntpd112.memory import Level, Levels, Standing
from ntpd112.memory.levels import Duty
from ntpd112.memory.settings import DAY_S
from ntpd112.memory.tallies import Interval
from ntpd112.sip.identity import normalise_number

from .context import Context
from .views import By, CallerStanding, UnknownCaller

_Books = tuple[dict[int, Interval], dict[str, Duty]]
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Books)


class LiveMemory:
    """`on_input` asks for a turn after something was changed; `now` gives monotonic seconds."""

    def __init__(
        self, context: Context, on_input: Callable[[], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._context = context
        self._on_input = on_input
        self._now = now

    def caller(self, number: str) -> Standing:
        known = self._context.memory.callers
        number = normalise_number(number)
        found = known.view(number, self._wall())
        if found is None:
            raise UnknownCaller(f"nothing is remembered of {number}")
        return found

    def callers(self, limit: int) -> Callable[[], list[Standing]]:
        known, now = self._context.memory.callers.copy(), self._wall()
        return lambda: known.listing(now, limit)

    def correct_caller(self, number: str, standing: CallerStanding, note: str, by: str) -> Standing:
        number, now = normalise_number(number), self._wall()
        self._context.write(CallerCorrected(at=now, caller=number, standing=standing, by=by, note=note))
        self._on_input()
        return self._context.memory.callers.standing(number, now)

    def levels(self, since: float | None, by: By) -> Callable[[], list[Level]]:
        books, now = self._books(), self._wall()
        start = now - DAY_S if since is None else since
        return lambda: _levels(books).report(now, start, by)

    def intervals(self, since: float | None, by: By) -> Callable[[], list[Level]]:
        books, now = self._books(), self._wall()
        start = now - DAY_S if since is None else since
        return lambda: _levels(books).series(now, start, by)

    def live_levels(self, by: By) -> list[Level]:
        return self._context.memory.levels.live(self._wall(), by)

    def _books(self) -> bytes:
        levels = self._context.memory.levels
        return _encoder.encode((levels.intervals, levels.duty))

    def _wall(self) -> float:
        return self._context.clock.wall(self._now())


def _levels(books: bytes) -> Levels:
    return Levels(*_decoder.decode(books))
