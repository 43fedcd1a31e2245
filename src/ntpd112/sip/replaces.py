"""The Replaces header (RFC 3891): which call a new one is to take the place of."""

from __future__ import annotations

from dataclasses import dataclass

from .message import Request
from .uri import SipSyntaxError, parse_params

MAX_REPLACES = 1_024
"Characters of a Replaces value: a Call-ID and two tags have about 150."


@dataclass(frozen=True, slots=True)
class Replaces:
    """Tags as its receiver sees them: `to_tag` is the receiver's own, `from_tag` that of its peer; `0` stands
    for the missing tag of an RFC 2543 peer."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False
    "Only a call that is not answered yet may be replaced."

    @classmethod
    def parse(cls, text: str) -> Replaces:
        """Raises SipSyntaxError naming what is missing."""
        if len(text) > MAX_REPLACES:
            raise SipSyntaxError(f"Replaces has {len(text)} characters, more than {MAX_REPLACES}")
        call_id, _, rest = text.partition(";")
        params = parse_params(rest)
        to_tag, from_tag = params.get("to-tag"), params.get("from-tag")
        call_id = call_id.strip()
        if not call_id or not to_tag or not from_tag:
            missing = "Call-ID" if not call_id else "to-tag" if not to_tag else "from-tag"
            raise SipSyntaxError(f"Replaces {text!r} has no {missing}")
        return cls(call_id, to_tag, from_tag, "early-only" in params)

    @classmethod
    def of(cls, request: Request) -> Replaces | None:
        """What an INVITE is to replace. Raises SipSyntaxError, also for two of them (§3)."""
        values = request.all("replaces")
        if len(values) > 1:
            raise SipSyntaxError(f"{len(values)} Replaces headers; there may be one")
        return cls.parse(values[0]) if values else None

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"
