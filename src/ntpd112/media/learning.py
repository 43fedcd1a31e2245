"""Which source address a leg listens to: symmetric RTP with the source locked after learning (RFC 4961, and
the probation of RFC 3550 A.1 against strays and guesses).

The address from signalling is trusted at once. Behind a NAT the peer's packets come from elsewhere: such a
source has to send a few packets in sequence first. Once locked, no other source is heard, unless the
peer falls silent (its NAT may have given it another port).
"""

from __future__ import annotations

from typing import Any, Final

Source = tuple[Any, ...]
"A socket address as the socket module gives it: 2 items for IPv4, 4 for IPv6."

PROBATION_PACKETS: Final = 5
"In sequence from one source and SSRC: 100 ms of G.711."
MAX_CANDIDATES: Final = 8
"Sources on probation at a time; the oldest gives way. Strays can so delay, but not prevent, the learning."
RELEARN_SILENCE_S: Final = 3.0
"Silence of the locked source after which another may take its place by probation."


class SourceLock:
    """`locked` is the source listened to, None until one is learned."""

    __slots__ = ("_candidates", "_expecting", "locked", "signalled", "silent_s")

    def __init__(self) -> None:
        self.signalled: Source | None = None
        self.locked: Source | None = None
        self.silent_s = 0.0
        "How long the locked source has been silent; kept by the leg's housekeeping."
        self._expecting = False
        self._candidates: dict[Source, tuple[int, int, int]] = {}

    def expect(self, signalled: Source | None) -> None:
        """Signalling gave this address (None: one that cannot be used). The same as before keeps the lock."""
        if self._expecting and signalled == self.signalled:
            return
        self._expecting = True
        self.signalled = signalled
        self.locked = None
        self._candidates.clear()

    def instead_of(self) -> str:
        """`host:port` of the signalling if the locked source is at another host; empty: it is the same."""
        told, found = self.signalled, self.locked
        if told is None or found is None or told[0] == found[0]:
            return ""
        return f"[{told[0]}]:{told[1]}" if ":" in told[0] else f"{told[0]}:{told[1]}"

    def admit(self, source: Source, ssrc: int, sequence: int) -> bool:
        """True if a packet from there is to be heard; `locked` may change by it."""
        if source == self.locked:
            return True
        if not self._expecting:
            return False
        if source == self.signalled:
            self._lock(source)
            return True
        if self.locked is not None and self.silent_s < RELEARN_SILENCE_S:
            return False
        return self._probe(source, ssrc, sequence)

    def _probe(self, source: Source, ssrc: int, sequence: int) -> bool:
        seen, known_ssrc, expected = self._candidates.pop(source, (0, ssrc, sequence))
        seen = seen + 1 if (ssrc, sequence) == (known_ssrc, expected) else 1
        if seen >= PROBATION_PACKETS:
            self._lock(source)
            return True
        if len(self._candidates) >= MAX_CANDIDATES:
            del self._candidates[next(iter(self._candidates))]
        self._candidates[source] = (seen, ssrc, (sequence + 1) & 0xFFFF)
        return False

    def _lock(self, source: Source) -> None:
        self.locked = source
        self.silent_s = 0.0
        self._candidates.clear()
