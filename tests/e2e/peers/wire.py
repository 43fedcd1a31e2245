"""When a SIPp sent and received what, by its own clock: what a CDR's times are held against."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from .sipp import Sipp

_MESSAGE = re.compile(
    r"^-{20,} (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})\n\w+ message (?P<way>sent|received)[^\n]*\n\n"
    r"(?P<first>[^\r\n]+)(?P<rest>(?:\r?\n[^\r\n-][^\r\n]*)*)",
    re.MULTILINE,
)
_CSEQ = re.compile(r"^CSeq: *\d+ (\w+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Seen:
    """One message. `at`: epoch seconds."""

    at: float
    way: Literal["sent", "received"]
    first: str
    "Its request or status line."
    method: str
    "Of the transaction."


class Wire:
    """All messages of a SIPp, in order."""

    def __init__(self, peer: Sipp) -> None:
        self.seen = [_seen(found) for found in _MESSAGE.finditer(peer.messages())]

    def sent(self, start: str, method: str = "") -> float:
        """When the first message beginning so was sent."""
        return self._at("sent", start, method)

    def received(self, start: str, method: str = "") -> float:
        return self._at("received", start, method)

    def _at(self, way: str, start: str, method: str) -> float:
        for one in self.seen:
            if one.way == way and one.first.startswith(start) and method in ("", one.method):
                return one.at
        raise AssertionError(f"{start!r} was not {way}; there are {[one.first for one in self.seen]}")


def _seen(found: re.Match[str]) -> Seen:
    method = _CSEQ.search(found["rest"])
    assert method, f"no CSeq behind {found['first']!r}"
    at = datetime.strptime(found["at"], "%Y-%m-%d %H:%M:%S.%f").astimezone()
    return Seen(at.timestamp(), "sent" if found["way"] == "sent" else "received", found["first"], method[1])
