"""What came and went over SIP, counted for the metrics: a lookup and an addition a message.

Whatever a peer sends, the keys are few: methods and codes that are in no registry are counted together.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from .message import Request, Response

METHODS = frozenset({"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO"})
METHODS |= {"REFER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH"}
OTHER = "other"
"Every method that is in no RFC."
CODES = frozenset({100, *range(180, 184), 199, 200, 202, 204, *range(300, 303), 305, 380})
CODES |= {*range(400, 418), *range(420, 426), *range(428, 431), 433, *range(436, 441), 469, 470}
CODES |= {*range(480, 490), 491, 493, 494, *range(500, 506), 513, 555, 580, 600, 603, 604, 606, 607, 608}
"IANA's registry of response codes, but for gaps within its runs; any other is counted as `4xx` and so on."

Refusal = Literal[
    "malformed",
    "unknown source",
    "credentials",
    "registration",
    "trunk full",
    "trunk too fast",
    "maintenance",
    "phone full",
    "out of memory",
    "draining",
    "method",
    "extension",
    "not acceptable",
    "merged",
    "no dialog",
    "stray response",
]
"""Why something did not get what it wanted: `trunk full`: over `max_calls`; `trunk too fast`: over
`max_rate`; `phone full`: has begun too many calls; `out of memory`: over the legs or transactions that we
hold; `no dialog`: 481; `stray response`: to no request of ours."""

Kind = tuple[str, str]
"Method and code; the code is empty for a request."

_CODE_TEXT = {code: str(code) for code in CODES}
_SENT_METHODS = {method.encode(): method for method in METHODS}
_SENT_CODES = {str(code).encode(): str(code) for code in CODES}
_CSEQ = b"\r\nCSeq: "


class Traffic:
    """Everything since the start. What was sent or received again is in `sent` and `received` too."""

    def __init__(self) -> None:
        self.received: Counter[Kind] = Counter()
        self.sent: Counter[Kind] = Counter()
        self.received_again: Counter[str] = Counter()
        "By method of the transaction: a request, or the final response to one of ours, that we had already."
        self.sent_again: Counter[str] = Counter()
        "By method of the transaction: requests and responses of ours that were asked for or got no answer."
        self.refused: Counter[Refusal] = Counter()

    def came(self, message: Request | Response) -> None:
        if isinstance(message, Request):
            self.received[known(message.method), ""] += 1
        else:
            code = message.code
            text = _CODE_TEXT.get(code) or f"{code // 100}xx"
            self.received[known(message.cseq[1]), text] += 1

    def goes(self, data: bytes) -> None:
        """`data`: as we write messages, so one look finds what is looked for."""
        first = data[: data.find(b" ")]
        if first != b"SIP/2.0":
            self.sent[_SENT_METHODS.get(first, OTHER), ""] += 1
            return
        at = data.find(_CSEQ) + len(_CSEQ)
        method = data[at : data.find(b"\r\n", at)].rpartition(b" ")[2]
        code = data[8:11]
        self.sent[_SENT_METHODS.get(method, OTHER), _SENT_CODES.get(code) or f"{code[:1].decode()}xx"] += 1


def known(method: str) -> str:
    return method if method in METHODS else OTHER
