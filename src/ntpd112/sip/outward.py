"""How numbers look in calls of ours over one trunk: whom we call, and who calls (RFC 3261 §8.1.1.3, RFC 3323,
RFC 3325). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from .nameaddr import NameAddr
from .uri import Uri

ANONYMOUS_HOST = "anonymous.invalid"
"Of a caller who has no number; no domain of ours stands in its place."
ANONYMOUS = NameAddr(Uri("sip", ANONYMOUS_HOST, "anonymous"), "Anonymous")
Presented = Literal["both", "from", "asserted"]
"Which of From and P-Asserted-Identity have the number that we present."
WITHHELD = {"privacy": "id"}
"The telco, which alone is told the number, passes it to nobody (RFC 3325 §9.3)."


@dataclass(frozen=True, slots=True)
class Outward:
    """As configured. `str` changes nothing."""

    called: Callable[[str], str] = str
    "How the telco wants the called number written."
    caller: Callable[[str], str] = str
    "And the caller's own."
    presented: Presented = "both"
    withheld: bool = False
    "The called see no number at all."

    def identity(
        self, caller: NameAddr, present: str, domain: str
    ) -> tuple[NameAddr, NameAddr | None, dict[str, str]]:
        """From, P-Asserted-Identity and further headers of a call for `caller`. `present`: the number that
        the called see, empty: the caller's own; `domain`: stands in place of our address, if not empty."""
        own = self._own(caller, domain)
        shown, asserted = own, None
        if present:
            presented = replace(caller.uri, user=present, host=domain or caller.uri.host)
            if self.presented != "from":
                asserted = NameAddr(presented)
            if self.presented != "asserted":
                shown = replace(caller, uri=presented)
        if not self.withheld:
            return shown, asserted, {}
        known = NameAddr(shown.uri) if shown.uri.host != ANONYMOUS_HOST else None
        return ANONYMOUS, asserted or known, WITHHELD

    def _own(self, caller: NameAddr, domain: str) -> NameAddr:
        uri = caller.uri
        if uri.host == ANONYMOUS_HOST:
            return caller
        user = None if uri.user is None else self.caller(uri.user)
        return replace(caller, uri=replace(uri, user=user, host=domain or uri.host))


AS_GIVEN = Outward()
