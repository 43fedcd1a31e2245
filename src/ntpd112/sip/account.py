"""Our credentials at a telco, and what we answer to its challenges (RFC 3261 §22.2 and §22.3, RFC 7616, RFC
8760). Pure; `digest.py` computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .digest import answer_challenge, parse_digest
from .message import Request, Response

CHALLENGES = {
    401: ("www-authenticate", "authorization"),
    407: ("proxy-authenticate", "proxy-authorization"),
}
"The header that asks, and the one that answers."
MAX_ANSWERS = 4
"Of one request: a proxy and a server behind it, each with a nonce that was stale when the answer came."
MAX_NONCES = 64
"Nonces whose count is remembered; a telco that uses one for several requests changes it within minutes."


class Refused(Exception):
    """A challenge that we cannot answer, or our answer was wrong; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are at a telco."""

    username: str
    password: str = field(repr=False)
    _counts: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def count(self, nonce: str) -> int:
        """How often a nonce is used with this one: the server wants to see it rise (RFC 7616 §3.4)."""
        counts = self._counts
        counts[nonce] = counts.pop(nonce, 0) + 1
        if len(counts) > MAX_NONCES:
            del counts[next(iter(counts))]
        return counts[nonce]


class Answers:
    """What one request has answered so far. `cnonce()` gives unguessable text."""

    def __init__(self, account: Account | None, cnonce: Callable[[], str]) -> None:
        self.headers: dict[str, list[str]] = {}
        "Credentials for the request when it is sent again, and for the ACK of its 2xx (RFC 3261 §22.1)."
        self._account = account
        self._cnonce = cnonce
        self._given = 0

    def take(self, response: Response, request: Request) -> None:
        """Answer a 401 or 407 to `request` in `headers`. Raises Refused: what was answered once is asked
        again only of a nonce that is stale."""
        asks, answers = CHALLENGES[response.code]
        challenges = response.all(asks)
        if self._account is None:
            raise Refused("a password is asked for: set username and password of the trunk")
        if answers in self.headers and not any(map(_is_stale, challenges)):
            raise self.wrong()
        if self._given >= MAX_ANSWERS:
            raise Refused(f"asked for a password {MAX_ANSWERS} times")
        value = self._answer(challenges, request)
        if value is None:
            raise Refused(f"no challenge that we know: {', '.join(challenges)[:200] or 'none given'}")
        self._given += 1
        self.headers[answers] = [value]

    def wrong(self) -> Refused:
        """What to say when an answer is not taken."""
        assert self._account is not None
        return Refused(f'username "{self._account.username}" or its password is wrong')

    def _answer(self, challenges: list[str], request: Request) -> str | None:
        account = self._account
        assert account is not None
        nonces = {
            params["nonce"] for one in challenges if (params := parse_digest(one)) and "nonce" in params
        }
        return answer_challenge(
            challenges,
            method=request.method,
            uri=request.uri,
            user=account.username,
            password=account.password,
            cnonce=self._cnonce(),
            count=max(map(account.count, nonces), default=1),
        )


def _is_stale(challenge: str) -> bool:
    params = parse_digest(challenge)
    return params is not None and params.get("stale", "").lower() == "true"
