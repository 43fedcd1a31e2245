"""A way to the telephone network: what every call of ours over one trunk has in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .account import Account
from .events import Cause
from .nameaddr import NameAddr

if TYPE_CHECKING:
    from .target import Target
    from .trunks import Trunk


class NoWay(Exception):
    """A trunk cannot take a call now; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    trunk: Trunk
    "Whose calls these count among."
    passed_over: Callable[[Target, Cause, float], None]
    "Told of a gateway that did not take a call, which goes to the next one."
    account: Account | None = None
    "For a gateway that asks who we are."
    present: str = ""
    "The number that the called see; empty: the caller's own."
    domain: str = ""
    "Stands in From instead of our address."
    silent: bool = False
    "None of its gateways answers OPTIONS by now: what has another way takes that first."

    def take(self, now: float) -> None:
        """Count one more call of ours. Raises NoWay if the trunk is full."""
        if not self.trunk.admit(now):
            raise NoWay(f'trunk "{self.trunk.name}" has its {self.trunk.max_calls} calls')

    def identity(self, caller: NameAddr) -> tuple[NameAddr, NameAddr | None, dict[str, str]]:
        """From, P-Asserted-Identity and further headers of a call for `caller`."""
        return self.trunk.outward.identity(caller, self.present, self.domain)
