"""What telcos differ in, of sessions in either direction with one trunk, or with registered phones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .crypto_attribute import SrtpPolicy
from .sdp import CodecName

EXTENSIONS = ("100rel", "timer", "replaces", "norefersub")
"Option tags that we know."
SUPPORTED = ", ".join(EXTENSIONS)
ReliablePolicy = Literal["off", "supported", "required"]
Refresher = Literal["any", "us", "peer"]
EarlyMedia = Literal["off", "pass", "announce"]


@dataclass(frozen=True)
class SessionPolicy:
    """Intervals in seconds."""

    srtp: SrtpPolicy = "off"
    codecs: tuple[CodecName, ...] = ()
    """Offered in this order; of an offer the first of these is taken that it has, and any other law rather
    than none. Empty: the order of who calls, for both legs."""
    session_s: int = 1_800
    "Session interval that we ask for (RFC 4028); 0: session timers are not used."
    min_session_s: int = 90
    "Shortest session interval that we accept; RFC 4028 §5 allows none below 90."
    refresher: Refresher = "any"
    "Who is to refresh, where that is ours to say. `any`: the peer if it is asked for, else us."
    reliable: ReliablePolicy = "supported"
    """Reliable provisional responses (RFC 3262). `supported`: those with SDP, to who supports it; `required`:
    all of them, and we require them of who is called; `off`: we say nothing of it. To who requires it,
    always."""

    early_media: EarlyMedia = "pass"
    """Sound before the answer. `pass`: of who is called, to who called; `announce`: ours as well, to who is
    left ringing; `off`: none crosses, in either direction."""

    asks: bool = True
    "Who sends no sound is asked whether they are still there, and their leg ended if nothing answers."

    @cached_property
    def supported(self) -> str:
        """Our Supported header. What is off is not named, since some peers then begin it (RFC 4028 §9)."""
        off = {"timer": not self.session_s, "100rel": self.reliable == "off"}
        return ", ".join(tag for tag in EXTENSIONS if not off.get(tag))
