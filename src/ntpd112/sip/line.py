"""A way to the telephone network: what every call of ours over one trunk has in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .account import Account
from .events import Cause
from .nameaddr import NameAddr

if TYPE_CHECKING:
    from .target import Target
    from .trunks import Trunk

ANONYMOUS_HOST = "anonymous.invalid"
"Of a caller who has no number (RFC 3261 §8.1.1.3); no domain of ours stands in its place."


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

    def take(self, now: float) -> None:
        """Count one more call of ours. Raises NoWay if the trunk is full."""
        if not self.trunk.admit(now):
            raise NoWay(f'trunk "{self.trunk.name}" has its {self.trunk.max_calls} calls')

    def identity(self, caller: NameAddr) -> tuple[NameAddr, NameAddr | None]:
        """From and P-Asserted-Identity (RFC 3325) of a call for `caller`."""
        if self.present:
            host = self.domain or caller.uri.host
            shown = replace(caller, uri=replace(caller.uri, user=self.present, host=host))
            return shown, NameAddr(shown.uri)
        if not self.domain or caller.uri.host == ANONYMOUS_HOST:
            return caller, None
        return replace(caller, uri=replace(caller.uri, host=self.domain)), None
