"""Trunks that a person took out of service: new calls on them are refused until somebody puts them back."""

from __future__ import annotations

import msgspec

from ntpd112.journal.events import TrunkMaintenance

from .bounded import drop_oldest

MAX_TRUNKS = 1_000
"In maintenance; a centre has a dozen. A name that is no trunk any more stays until it is one again."


class Maintained(msgspec.Struct, frozen=True):
    """`since`: epoch seconds."""

    since: float
    reason: str
    by: str


class Maintenance:
    def __init__(self, trunks: dict[str, Maintained] | None = None) -> None:
        self.trunks: dict[str, Maintained] = {} if trunks is None else trunks
        "By name, those in maintenance. For the snapshot."

    def changed(self, event: TrunkMaintenance) -> None:
        """Put in again: reason and person change, not since when."""
        before = self.trunks.pop(event.trunk, None)
        if event.on:
            drop_oldest(self.trunks, MAX_TRUNKS - 1)
            since = event.at if before is None else before.since
            self.trunks[event.trunk] = Maintained(since, event.reason, event.by)
