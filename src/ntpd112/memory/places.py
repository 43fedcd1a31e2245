"""The place in the queue of callers who hung up while waiting, or whose call broke, and call again.

What is kept is the time they had waited: the next call gets it as a head start. One call takes it: of two at
the same time only the first; should both end in vain, the longer wait is kept.
"""

from __future__ import annotations

import msgspec

from .bounded import drop_oldest
from .settings import ShieldSettings

MAX_PLACES = 10_000
"Within `keep_place`: more than any queue of a region holds. The oldest goes first."


class Place(msgspec.Struct, frozen=True, array_like=True):
    left_at: float
    "Epoch seconds."
    waited_s: float


class Places:
    def __init__(self, settings: ShieldSettings, places: dict[str, Place] | None = None) -> None:
        self._settings = settings
        self.places: dict[str, Place] = {} if places is None else places
        "By number, the oldest first. For the snapshot."

    def place(self, number: str, now: float) -> float | None:
        """Seconds already waited that a call of this number is to get now; None: none. Looking takes nothing:
        `taken` does."""
        place = self.places.get(number)
        return place.waited_s if place is not None and self._holds(place, now) else None

    def left(self, number: str, waited_s: float, at: float) -> None:
        """The caller is gone without an answer after `waited_s`, earlier attempts included."""
        if waited_s <= 0:
            return
        kept = self.place(number, at) or 0.0
        self.places.pop(number, None)
        while self.places and not self._holds(next(iter(self.places.values())), at):
            del self.places[next(iter(self.places))]
        drop_oldest(self.places, MAX_PLACES - 1)
        self.places[number] = Place(at, max(kept, waited_s))

    def taken(self, number: str) -> None:
        """A call of this number is in a queue, with the place it had; or was answered."""
        self.places.pop(number, None)

    def _holds(self, place: Place, now: float) -> bool:
        return now < place.left_at + self._settings.keep_place_s
