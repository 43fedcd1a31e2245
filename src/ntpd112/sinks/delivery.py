"""What a webhook's receiver is sent and when again: filter, envelope, signature and schedule. Pure.

The signature is HMAC-SHA256 (RFC 2104) over the time of sending and the body, so that neither can be changed
and an old request cannot be played again.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal, NamedTuple

import msgspec

from .messages import Message
from .states import CallState

FIRST_RETRY_S = 5.0
"After the first failure of a delivery; three times as long after each further one ..."
RETRY_FACTOR = 3.0
LONGEST_RETRY_S = 900.0
"... up to this: a receiver that is back has everything within a quarter of an hour."
JITTER = 0.2
"Of a pause, shorter or longer: many agents must not come back to one receiver at the same moment."
RETRY_FOR_S = 86_400.0
"From a delivery's first try to the last."
FIRST_REST_S = 0.5
"Of the whole webhook after the second failure in a row; doubled after each further one ..."
LONGEST_REST_S = 60.0
"... up to this."
LONGEST_RETRY_AFTER_S = 3600.0
"Of what a receiver may ask for."
TEST_KIND = "webhook.test"
_NAMESPACE = uuid.UUID("6f1d4c3e-3e0e-5a0f-9a53-1d2b7c1c0112")


class Delivery(NamedTuple):
    """One request, as often as it takes."""

    id: str
    event: str
    about: str
    "Call or operator whose deliveries are sent in order; empty: the call centre."
    seq: int
    body: bytes


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages. Filters speak of calls: what is about no call passes them, except `region`. Empty: any;
    all that are given must hold."""

    kinds: frozenset[str]
    region: frozenset[str] = frozenset()
    queue: frozenset[str] = frozenset()
    trunk: frozenset[str] = frozenset()
    disposition: frozenset[str] = frozenset()
    classification: frozenset[str] = frozenset()

    def matches(self, message: Message, region: str) -> bool:
        """A call counts as it was before the event and as it is after it, so that a change that takes it out
        of the selection is told too."""
        if message.kind not in self.kinds or (self.region and region not in self.region):
            return False
        return not message.calls or any(map(self._matches, message.calls))

    def _matches(self, call: CallState) -> bool:
        return all(
            not wanted or found in wanted
            for wanted, found in (
                (self.queue, call.queue),
                (self.trunk, call.trunk),
                (self.disposition, call.disposition),
                (self.classification, call.classification),
            )
        )


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Puts messages into deliveries of one webhook. `journal`: its id."""

    hook: str
    journal: str
    region: str
    zone: tzinfo

    def around(self, message: Message) -> Delivery:
        """Told again after a restart, a message has the same id."""
        name = f"{self.hook}/{self.journal}/{message.seq}/{message.kind}/{message.about}"
        found = str(uuid.uuid5(_NAMESPACE, name))
        body = self._body(found, message.kind, message.seq, message.at, msgspec.Raw(message.payload))
        return Delivery(found, message.kind, message.about, message.seq, body)

    def test(self, now: float) -> Delivery:
        """Of an event that nothing led to. `now`: epoch seconds."""
        found = str(uuid.uuid4())
        return Delivery(found, TEST_KIND, "", 0, self._body(found, TEST_KIND, 0, now, {}))

    def _body(self, delivery: str, event: str, seq: int, at: float, data: object) -> bytes:
        told = datetime.fromtimestamp(at, self.zone)
        head = {"id": delivery, "event": event, "seq": seq, "at": told, "region": self.region}
        return msgspec.json.encode({**head, "data": data})


def signature(secrets: Sequence[str], timestamp: str, body: bytes) -> str:
    """Of each secret, `v1=HEX,v1=HEX`: a receiver that knows one of them is content."""
    signed = timestamp.encode() + b"." + body
    return ",".join(f"v1={hmac.new(s.encode(), signed, hashlib.sha256).hexdigest()}" for s in secrets)


def headers(delivery: Delivery, secrets: Sequence[str], now: float) -> dict[str, str]:
    """`now`: epoch seconds."""
    timestamp = str(int(now))
    return {
        "Content-Type": "application/json",
        "Ntpd112-Event": delivery.event,
        "Ntpd112-Delivery": delivery.id,
        "Ntpd112-Timestamp": timestamp,
        "Ntpd112-Signature": signature(secrets, timestamp, delivery.body),
    }


class Answer(NamedTuple):
    """Of a receiver. `status`: None if there was none; `said`: why, or the beginning of what it said."""

    status: int | None
    said: str = ""
    retry_after_s: float = 0.0

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def asked_for_s(self) -> float:
        """Of a pause, as much of it as we grant."""
        return min(self.retry_after_s, LONGEST_RETRY_AFTER_S)

    @property
    def reason(self) -> str:
        if self.status is None:
            return self.said
        return f"HTTP {self.status}" + (f": {self.said}" if self.said else "")


class Verdict(NamedTuple):
    """What becomes of a delivery after an answer. `due_at`: when it is tried again, if it is."""

    result: Literal["taken", "again", "dead", "gone"]
    due_at: float = 0.0


def verdict(
    answer: Answer,
    *,
    tries: int,
    first_at: float,
    now: float,
    retry_for_s: float = RETRY_FOR_S,
    jitter: float = 0.0,
) -> Verdict:
    """`tries`: with this one. `first_at`: of the first. `jitter`: -1 to 1. 410 says that the receiver wants
    nothing any more (RFC 9110 §15.5.11), which is no fault of this delivery: it stays."""
    if answer.taken:
        return Verdict("taken")
    if answer.status == 410:
        return Verdict("gone", now)
    pause = max(retry_pause_s(tries, jitter), answer.asked_for_s)
    if now + pause > first_at + retry_for_s:
        return Verdict("dead")
    return Verdict("again", now + pause)


def retry_pause_s(tries: int, jitter: float = 0.0) -> float:
    """After so many tries of a delivery."""
    grown = FIRST_RETRY_S * RETRY_FACTOR ** min(tries - 1, 10)
    return min(grown, LONGEST_RETRY_S) * (1 + JITTER * jitter)


def rest_s(failures: int, jitter: float = 0.0) -> float:
    """Of the whole webhook after so many failures in a row. One alone may be the delivery's own fault."""
    if failures < 2:
        return 0.0
    return min(FIRST_REST_S * 2.0 ** min(failures - 2, 10), LONGEST_REST_S) * (1 + JITTER * jitter)


Clock = Callable[[], float]
"Epoch seconds."
