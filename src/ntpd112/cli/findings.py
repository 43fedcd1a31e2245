"""What stands out in a call's SIP messages: sent again, not acknowledged, not answered (RFC 3261 §17)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ntpd112.sip.capture import Captured

_CSEQ = re.compile(r"^cseq[ \t]*:[ \t]*(\d+)[ \t]+([A-Za-z]+)", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"SIP/2\.0 (\d{3})")
_CONTACT = re.compile(r"\r\ncontact[ \t]*:[^\r\n<]*<([^>\r\n]*)>", re.IGNORECASE)
OPPOSITE = {"in": "out", "out": "in"}


class Said(NamedTuple):
    """What a message is about. `code` is 0 for a request; `cseq` is 0 when it has none that can be read."""

    method: str
    code: int
    cseq: int


def said(message: str) -> Said:
    status, cseq = _STATUS.match(message), _CSEQ.search(message.partition("\r\n\r\n")[0])
    method = cseq[2].upper() if cseq else ""
    if status is None:
        method = message.partition(" ")[0]
    return Said(method, int(status[1]) if status else 0, int(cseq[1]) if cseq else 0)


def label(message: str) -> str:
    """`INVITE (SDP)` or `200 OK (INVITE, SDP)`."""
    first = message.partition("\r\n")[0]
    body = message.partition("\r\n\r\n")[2]
    extras = ["SDP"] if body.startswith("v=0") or "\nv=0" in body else []
    found = said(message)
    if found.code:
        extras = [found.method, *extras] if found.method else extras
        name = first.removeprefix("SIP/2.0 ").strip()
    else:
        name = found.method
    return f"{name} ({', '.join(extras)})" if extras else name


def times_sent(messages: Sequence[Captured]) -> list[int]:
    """For each message how many times the very same had been sent with it: 1 for the first."""
    seen: Counter[tuple[str, str, str]] = Counter()
    counted = []
    for one in messages:
        same = one.remote, one.direction, one.message
        seen[same] += 1
        counted.append(seen[same])
    return counted


def findings(messages: Sequence[Captured], who: Callable[[Captured], str]) -> list[str]:
    """In words, in the order of the messages. `who` names the other side of a message."""
    read = [(one, said(one.message)) for one in messages]
    heard = {(one.sip_call_id, one.direction, what.cseq, what.method) for one, what in read if not what.code}
    answered = {
        (one.sip_call_id, one.direction, what.cseq, what.method) for one, what in read if what.code >= 200
    }
    found = []
    for (one, what), nth in zip(read, times_sent(messages), strict=True):
        if nth > 1:
            continue
        back = OPPOSITE[one.direction]
        named = f"{label(one.message)} {'to' if one.direction == 'out' else 'from'} {who(one)}"
        if what.code >= 200 and what.method == "INVITE":
            lacks = (one.sip_call_id, back, what.cseq, "ACK") not in heard and "was not acknowledged"
        elif not what.code and what.method != "ACK":
            lacks = (one.sip_call_id, back, what.cseq, what.method) not in answered and "has no final answer"
        else:
            lacks = False
        again = _again(one, messages)
        remarks = [remark for remark in (again, lacks) if remark]
        if remarks:
            found.append(f"{named} {' and '.join(remarks)}{_cause(one, what) if lacks else ''}")
    return found


def _cause(one: Captured, what: Said) -> str:
    """Why something that had to come did not; empty: the message does not say where it would have gone."""
    if one.direction == "in":
        return ""
    if not what.code:
        return f": is there anybody at {one.remote}, and does a firewall let the answer through?"
    contact = _CONTACT.search(one.message.partition("\r\n\r\n")[0])
    if contact is None:
        return ""
    return (
        f": the ACK belongs to our Contact, {contact[1]}, and did not come there. Likely a NAT or firewall "
        "is between, `[sip] advertise` is wrong, or a proxy on the way left out its Record-Route"
    )


def _again(first: Captured, messages: Sequence[Captured]) -> str:
    """`was sent 3 times in 1500 ms`; empty: it was not sent again."""
    same = [
        one.at
        for one in messages
        if (one.remote, one.direction, one.message) == (first.remote, first.direction, first.message)
    ]
    return f"was sent {len(same)} times in {1000 * (same[-1] - same[0]):.0f} ms" if len(same) > 1 else ""
