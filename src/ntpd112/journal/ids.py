"""Call ids: ULIDs (https://github.com/ulid/spec), unique across nodes, in the order of their calls.

Ids made later sort later, also within a millisecond of one process. That keeps the journal's index by call
appending at its right edge, and lets a reader see from an id when its call came.
"""

from __future__ import annotations

import os
import threading
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"Crockford's base 32: no I, L, O, U, so that an id can be read aloud."
ID_LENGTH = 26
RANDOM_BITS = 80
"After 48 bits of milliseconds; ids of two nodes made in the same millisecond differ by these."

_PAIRS = [a + b for a in ALPHABET for b in ALPHABET]


class IdFactory:
    """Makes ids; `new` may be called from any thread."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def new(self, epoch_s: float, random: bytes) -> str:
        """An id for `epoch_s` (seconds since 1970) with 10 `random` bytes. A clock that stands still or
        goes back gives the previous id plus one, so that order holds."""
        value = int(epoch_s * 1000) << RANDOM_BITS | int.from_bytes(random, "big")
        with self._lock:
            if value >> RANDOM_BITS <= self._last >> RANDOM_BITS:
                value = self._last + 1
            self._last = value
        return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


_factory = IdFactory()


def new_call_id() -> str:
    """A new call id: 26 characters, later ones sort later."""
    return _factory.new(time.time(), os.urandom(10))


def is_call_id(text: str) -> bool:
    """Whether `text` has the form of a call id."""
    return len(text) == ID_LENGTH and text[0] <= "7" and all(character in ALPHABET for character in text)
