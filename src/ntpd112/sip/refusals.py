"""INVITEs that were refused before they became calls, told at a bounded rate: junk and floods cost little.

What a trunk is refused by its own limits is told completely, since nothing else remembers those calls; of the
rest, which is mostly junk, the last ones before a pause may not be.
"""

from __future__ import annotations

from .core import Core
from .events import Refused, TrunkRefused
from .flow import Flow
from .traffic import Refusal
from .trunks import Trunk

MAX_REFUSED_PER_SECOND = 1
"Refused INVITEs reported one by one; the others of a second are counted in the next report."
REPORT_TRUNK_S = 60.0
"Seconds between two reports of what a trunk is refused for one reason: 1,440 a day at most."


class RefusalReports:
    """`Refused` events: MAX_REFUSED_PER_SECOND in each second."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._second = -1
        self._reported = 0
        self._unreported = 0

    def add(self, flow: Flow, code: int, reason: str, now: float) -> None:
        if int(now) != self._second:
            self._second, self._reported = int(now), 0
        if self._reported >= MAX_REFUSED_PER_SECOND:
            self._unreported += 1
            return
        self._reported += 1
        self._core.emit(Refused(flow, code, reason, 1 + self._unreported))
        self._unreported = 0


class TrunkRefusals:
    """`TrunkRefused` events of one trunk and one reason: the first at once, then each minute as many as there
    were, until there was none."""

    def __init__(self, core: Core, trunk: Trunk, refusal: Refusal) -> None:
        self._core = core
        self._trunk = trunk
        self._refusal: Refusal = refusal
        self._untold = 0
        self._pausing = False
        self._said = ""

    def add(self, reason: str, now: float) -> None:
        self._trunk.refused[self._refusal] += 1
        self._untold += 1
        self._said = reason
        if not self._pausing:
            self._tell(now)

    def _tell(self, now: float) -> None:
        self._pausing = self._untold > 0
        if self._pausing:
            self._core.emit(TrunkRefused(self._trunk, self._refusal, self._said, self._untold))
            self._untold = 0
            self._core.timers.start(now + REPORT_TRUNK_S, self._tell)
