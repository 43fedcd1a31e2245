"""Our registration at a telco (RFC 3261 §10.2): when to send a REGISTER, where to, and what an answer means.
Pure; `outbound.py` sends. `now` is monotonic seconds.

    waiting ──due──► asking ──2xx──► waiting, to refresh at half of the time granted
       ▲               │
       └──backoff──────┴─ 4xx, 5xx, no answer: the next registrar at once, after the last a pause

    leave: ──► leaving ──any answer, or none in time──► left
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Generic, Literal, TypeVar

from .message import Response
from .uri import SipSyntaxError

ANSWER_S = 10.0
"Seconds a registrar has: by then a REGISTER was sent six times over UDP."
REFRESH_SHARE = 0.5
"Of the time granted: what is left is enough for every registrar to fail several times."
RETRY_S = 5.0
"Seconds after the first round of registrars that all failed; doubles with each round."
MAX_RETRY_S = 300.0
"Seconds between rounds at most, whatever Retry-After says: so soon a telco that is back is found."
WRONG_S = 60.0
"Seconds at least after a wrong password: telcos lock out who tries too often."
MAX_EXPIRES_S = 86_400
"A longer time, granted or asked for by 423, is taken as this one."

State = Literal["waiting", "asking", "leaving", "left"]
R = TypeVar("R")
"A registrar; its `str` is what people know it by."


@dataclass(frozen=True, slots=True)
class Ask(Generic[R]):
    """A REGISTER to send. `expires_s` 0: take our contact off."""

    registrar: R
    expires_s: int


class Registration(Generic[R]):
    """The first of `registrars` is asked first in each round; there is at least one. `spread(low, high)`
    gives a number between, so that many agents do not come back at once."""

    def __init__(
        self,
        registrars: Sequence[R],
        expires_s: int,
        spread: Callable[[float, float], float],
        now: float,
    ) -> None:
        self.state: State = "waiting"
        self.registered: bool | None = None
        "None: nobody has answered yet."
        self.reason = ""
        "Why not, in words."
        self.since = now
        "When `registered` became what it is."
        self.expires_at = inf
        "Of the registration that stands."
        self.due_at = now
        self._registrars = registrars
        self._expires_s = expires_s
        self._spread = spread
        self._which = 0
        self._asked = self._at = registrars[0]
        "The registrar that was asked last, and that took us last."
        self._rounds = 0
        "Rounds in a row in which no registrar took us."

    @property
    def registrars(self) -> Sequence[R]:
        """In the order in which they are asked."""
        return self._registrars

    @property
    def at(self) -> R:
        """Who took us last."""
        return self._at

    def next_timer(self) -> float | None:
        return None if self.state == "left" else min(self.due_at, self.expires_at)

    def handle_timer(self, now: float) -> Ask[R] | None:
        """What is to be sent now."""
        if self.registered and now >= self.expires_at:
            self._learn(False, "the registration has expired", now)
        if now < self.due_at or self.state == "left":
            return None
        if self.state == "leaving":
            self.state = "left"
            return None
        if self.state == "asking":
            self.failed("no answer", now)
        return self._ask_if_due(now)

    def _ask(self, now: float) -> Ask[R]:
        self.state, self.due_at = "asking", now + ANSWER_S
        self._asked = self._registrars[self._which]
        return Ask(self._asked, self._expires_s)

    def answered(self, response: Response, now: float) -> Ask[R] | None:
        """A final answer to what was asked last, other than a challenge that can be answered. What is to be
        sent at once."""
        if self.state == "leaving":
            self.state = "left"
        elif self.state != "asking":
            return None
        elif response.code < 300:
            self._granted(granted_s(response, self._expires_s), now)
        elif response.code == 423 and (least := _seconds(response.get("min-expires"))) > self._expires_s:
            self._expires_s = least
            return self._ask(now)
        elif not response.fields:  # our own transaction: nobody answered, or nothing could be sent
            self.failed("no answer", now)
        else:
            after = _seconds(response.get("retry-after"))
            self.failed(f"{response.code} {response.phrase}", now, after)
        return self._ask_if_due(now)

    def _ask_if_due(self, now: float) -> Ask[R] | None:
        return self._ask(now) if self.state == "waiting" and self.due_at <= now else None

    def _granted(self, seconds: int, now: float) -> None:
        if not seconds:
            self.failed("registered for no time at all", now)
            return
        self.state, self._at, self._which, self._rounds = "waiting", self._asked, 0, 0
        self.expires_at = now + seconds
        self.due_at = now + seconds * REFRESH_SHARE
        self._learn(True, "", now)

    def wrong(self, reason: str, now: float) -> None:
        """What we know to answer a challenge with is refused: no other registrar would take it."""
        self._which = len(self._registrars) - 1
        self.failed(reason, now, WRONG_S)

    def failed(self, reason: str, now: float, after_s: float = 0.0) -> None:
        """The registrar asked does not take us: the next one, now; after the last a pause of `after_s` or
        more."""
        if self.state == "leaving":
            self.state = "left"
            return
        reason = f"{self._asked}: {reason}"
        self.state = "waiting"
        self._which += 1
        if self._which < len(self._registrars):
            self.due_at = now
            return
        self._which = 0
        pause = min(RETRY_S * 2 ** min(self._rounds, 10), MAX_RETRY_S)
        self._rounds += 1
        self.due_at = now + max(self._spread(pause / 2, pause), min(after_s, MAX_RETRY_S))
        self._learn(False, reason, now)

    def use(self, registrars: Sequence[R], now: float) -> None:
        """The registrars are others now, or in another order. If ours is none of them, or if others may take
        us, ask at once."""
        same = sorted(map(str, registrars)) == sorted(map(str, self._registrars))
        self._registrars = registrars
        self._which = min(self._which, len(registrars) - 1)
        if self.state == "waiting" and not same and not (self.registered and self._at in registrars):
            self.again(now)

    def again(self, now: float) -> None:
        """Something that may help has changed, such as the password: ask at once."""
        if self.state in ("waiting", "asking"):
            self.state, self.due_at, self._which, self._rounds = "waiting", now, 0, 0

    def leave(self, now: float) -> Ask[R] | None:
        """We stop. None: there is nothing to take off."""
        if self.state in ("leaving", "left"):
            return None
        known, self.expires_at = self.registered, inf
        self._learn(False, "we stop", now)
        if not known:
            self.state = "left"
            return None
        self.state, self.due_at = "leaving", now + ANSWER_S
        return Ask(self._at, 0)

    def drop(self) -> None:
        """We are out of it, and what is registered stays."""
        self.state = "left"

    def _learn(self, registered: bool, reason: str, now: float) -> None:
        if registered != self.registered:
            self.since = now
        self.registered, self.reason = registered, reason
        if not registered:
            self.expires_at = inf


def granted_s(response: Response, asked: int) -> int:
    """Seconds: of our Contact in a 2xx, else its Expires, else what we asked for (RFC 3261 §10.3). Of
    several contacts the shortest, since the others' may be ours of before."""
    try:
        given = [contact.params.get("expires") for contact in response.contacts]
    except SipSyntaxError:
        given = []
    stated = [_seconds(text) for text in given if text]
    expires = response.get("expires")
    return min(stated) if stated else _seconds(expires) if expires else asked


def _seconds(text: str | None) -> int:
    """Delta-seconds; 0 for what is none."""
    digits = (text or "").strip().partition(" ")[0].partition(";")[0]
    return min(int(digits[:10]), MAX_EXPIRES_S) if digits.isascii() and digits.isdigit() else 0
