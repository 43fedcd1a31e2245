"""Who hears whom in a worker, and the mixing that follows from it.

A leg that hears one other is relayed its packets; one that hears several is sent their sum, made every 20
ms of what their jitter buffers give. The two are independent: while a supervisor listens to a call (mixed),
caller and operator go on being relayed to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .mixing import MAX_VOICES, mix
from .playout import Playout

if TYPE_CHECKING:
    from .leg import Leg


class Hearing:
    """The only one to change `Leg.sources`, `listeners` and `relays`. `follow` is told whose sources
    changed."""

    def __init__(self, follow: Callable[[Leg], None]) -> None:
        self._follow = follow
        self._voices: dict[Leg, Playout] = {}
        "Legs that somebody hears among others."
        self._mixed: dict[Leg, None] = {}
        "Legs that hear several; a dict, to keep the order."

    def hear(self, leg: Leg, sources: Sequence[Leg]) -> None:
        """From now on `leg` hears these, and never itself; of more than `MAX_VOICES` the first."""
        wanted = tuple(dict.fromkeys(source for source in sources if source is not leg))[:MAX_VOICES]
        if set(wanted) == set(leg.sources):
            return
        touched = dict.fromkeys((*leg.sources, *wanted))
        was_mixed = leg.mixed
        leg.follow_relay()
        leg.sources = wanted
        for source in touched:
            others = tuple(other for other in source.listeners if other is not leg)
            source.listeners = (*others, leg) if source in wanted else others
            self._serve(source)
        if leg.mixed:
            self._mixed[leg] = None
        else:
            self._mixed.pop(leg, None)
        if not (was_mixed and leg.mixed):
            leg.begin_anew()
        self._follow(leg)

    def join(self, a: Leg, b: Leg) -> None:
        """Each hears the other; a partner whom one of them had so far hears nobody."""
        for leg in (a, b):
            former = leg.partner
            if former is not None and former not in (a, b):
                self.hear(former, ())
        self.hear(a, [b])
        self.hear(b, [a])

    def unjoin(self, a: Leg, b: Leg) -> None:
        """Neither hears the other any more."""
        self.hear(a, [source for source in a.sources if source is not b])
        self.hear(b, [source for source in b.sources if source is not a])

    def leave(self, leg: Leg) -> None:
        """It hears nobody, and nobody hears it."""
        self.hear(leg, ())
        for listener in leg.listeners:
            self.hear(listener, [source for source in listener.sources if source is not leg])

    def tick(self, number: int) -> None:
        """Every 20 ms: each mixed leg is sent what those whom it hears say."""
        for playout in self._voices.values():
            playout.advance()
        for leg in self._mixed:
            if leg.takes_sound:
                voices = [self._voices[source].frame for source in leg.sources]
                leg.say(mix([voice for voice in voices if voice is not None], leg.law), number)

    def _serve(self, source: Leg) -> None:
        """Give its packets to those who now hear it: by relay, or by way of a jitter buffer."""
        source.relays = tuple(listener for listener in source.listeners if not listener.mixed)
        if len(source.relays) == len(source.listeners):
            playout = self._voices.pop(source, None)
            if playout is not None:
                source.untap(playout.inbox)
        elif source not in self._voices:
            playout = self._voices[source] = Playout()
            source.tap(playout.inbox)
        source.changed()
