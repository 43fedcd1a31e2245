"""What is wrong with a leg's sound although packets come: a stranger's stream, wrong keys, much loss. Pure.

Each is told once for each leg: who is told of it looks at the network, not at the next second.
"""

from __future__ import annotations

from typing import Final

from .events import Lossy, Replayed, Stranger, Unauthentic
from .learning import Source

STRANGE_PACKETS: Final = 25
"Refused within a second: half of what a stream of G.711 has; the late packets of a NAT's old port are fewer."
UNAUTHENTIC_PACKETS: Final = 5
"That a secured leg's keys do not fit, before it is told: one or two may be on their way when keys change."
REPLAYED_PACKETS: Final = 25
"Of a secured leg that came before, within a second: far more than a network doubles by itself."
LOSS_SPAN_S: Final = 10
"Loss is looked at over so long: one burst of a radio cell is no fault of the network."
HIGH_LOSS: Final = 0.05
"Share of the packets: where G.711 without concealment is hard to understand (ITU-T G.113 Appendix I)."
LOSS_PACKETS: Final = 100
"Fewer expected in that time tell nothing: a phone that suppresses silence."


Problem = Stranger | Lossy | Unauthentic | Replayed


class Inspection:
    """`refused` for each packet of another source, `second` once a second."""

    __slots__ = (
        "_leg",
        "_lossy",
        "_lost",
        "_packets",
        "_refused",
        "_replayed",
        "_replays_told",
        "_seconds",
        "_source",
        "_strange",
        "_unsafe",
    )

    def __init__(self, leg: int) -> None:
        self._leg = leg
        self._refused = 0
        self._source: Source = ()
        self._strange = self._lossy = self._unsafe = False
        self._replays_told = False
        self._seconds = self._packets = self._lost = self._replayed = 0

    def refused(self, sender: Source) -> None:
        self._refused += 1
        self._source = sender

    def second(self, packets: int, lost: int, unauthentic: int = 0, replayed: int = 0) -> list[Problem]:
        """What is to be told now. `packets` received and all others are the leg's totals."""
        told: list[Problem] = []
        if unauthentic >= UNAUTHENTIC_PACKETS and not self._unsafe:
            self._unsafe = True
            told.append(Unauthentic(self._leg, unauthentic))
        if replayed - self._replayed >= REPLAYED_PACKETS and not self._replays_told:
            self._replays_told = True
            told.append(Replayed(self._leg, replayed))
        self._replayed = replayed
        if self._refused >= STRANGE_PACKETS and not self._strange:
            self._strange = True
            told.append(Stranger(self._leg, self._source[0], self._source[1]))
        self._refused = 0
        self._seconds += 1
        if self._seconds >= LOSS_SPAN_S:
            share = self._share(packets - self._packets, lost - self._lost)
            self._seconds, self._packets, self._lost = 0, packets, lost
            if share >= HIGH_LOSS and not self._lossy:
                self._lossy = True
                told.append(Lossy(self._leg, round(100 * share)))
        return told

    @staticmethod
    def _share(packets: int, lost: int) -> float:
        expected = packets + lost
        return lost / expected if expected >= LOSS_PACKETS else 0.0
