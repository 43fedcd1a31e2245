"""Digest authentication (RFC 7616) as SIP uses it (RFC 3261 §22, RFC 8760), both sides.

Passwords are kept as hashes per realm (`Credentials`), one for each algorithm we offer. A nonce carries its
time and our signature, so nothing is kept for a challenge that nobody answers; kept is the last count of
those that were answered rightly, so that no answer is good twice. `now` is monotonic seconds.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from .message import Request

NONCE_S = 300.0
"Seconds a nonce may be answered; later ones get `stale=true`, which phones answer without asking the user."
MAX_NONCES = 10_000
"Answered nonces whose count is remembered: two for each of 5,000 phones within NONCE_S."
MAX_CREDENTIALS = 4_096
"Characters of an Authorization header; real ones have about 300."

MD5_ONLY = ("baresip v0.", "baresip v1.")
"""User-Agents that give up for good ("Function not implemented") when any challenge names an algorithm other
than MD5, instead of taking the one they know (RFC 8760 §2.4). Debian 12's baresip is 1.0."""

_PARAM = re.compile(r'([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)')
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_NONCE = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{1,16})-([0-9a-f]{32})")
_HASHES = {
    "SHA-256": partial(hashlib.sha256, usedforsecurity=False),
    "MD5": partial(hashlib.md5, usedforsecurity=False),
}
"Best first. The flag lets MD5 work where policy forbids it elsewhere: old phones have nothing better."


@dataclass(frozen=True, slots=True)
class Credentials:
    """Hashes of `user:realm:password` in hexadecimal: worth as much as the password in that realm."""

    ha1_md5: str
    ha1_sha256: str


def make_credentials(user: str, realm: str, password: str) -> Credentials:
    return Credentials(
        _digest("MD5", user, realm, password),
        _digest("SHA-256", user, realm, password),
    )


class Verdict(Enum):
    RIGHT = auto()
    MISSING = auto()
    "No credentials for our realm: challenge."
    STALE = auto()
    "The nonce is too old, not ours or used before: challenge with `stale=True`."
    WRONG = auto()
    "Unknown user or wrong password; the two cannot be told apart from outside."


class DigestServer:
    """Challenges and checks. `secret`: random bytes, 16 or more, of this process."""

    def __init__(self, realm: str, secret: bytes) -> None:
        self.realm = realm
        self._secret = secret
        self._serial = 0
        self._counts: dict[str, int] = {}
        "Answered nonce to its highest count, oldest answer first."
        self._floor_ms = -1
        "Nonces issued up to here are stale: what was forgotten must not become good again."
        decoy = hmac.digest(secret, b"decoy", "sha256").hex()
        self._decoy = Credentials(decoy[:32], decoy)

    def challenges(self, now: float, stale: bool = False, *, user_agent: str = "") -> list[str]:
        """The values of WWW-Authenticate, best first (RFC 8760 §2.3): old phones take the last, which is MD5.
        `user_agent` tells who gives up when another algorithm is offered beside it. Who does not say what it
        is gets MD5 first: such programs (SIPp) read the first challenge only."""
        nonce = self._make_nonce(now)
        end = ", stale=true" if stale else ""
        realm = _quote(self.realm)
        return [
            f'Digest realm={realm}, nonce="{nonce}", algorithm={algorithm}, qop="auth"{end}'
            for algorithm in (_HASHES if user_agent else reversed(_HASHES))
            if algorithm == "MD5" or not user_agent.startswith(MD5_ONLY)
        ]

    def check(
        self, request: Request, lookup: Callable[[str], Credentials | None], now: float
    ) -> tuple[Verdict, str]:
        """What the request's Authorization is worth, and the user it names (empty when none).

        The digest's `uri` is not compared with the Request-URI, which a proxy may have rewritten."""
        params = self._params_of(request)
        if params is None:
            return Verdict.MISSING, ""
        user, nonce = params.get("username", ""), params.get("nonce", "")
        count = self._count_of(params)
        if not self._is_fresh(nonce, now) or (count is not None and count <= self._counts.get(nonce, 0)):
            return Verdict.STALE, user
        known = lookup(user)
        if count is None or not self._is_right(params, known or self._decoy, request.method) or known is None:
            return Verdict.WRONG, user
        self._remember(nonce, count)
        return Verdict.RIGHT, user

    def answers(self, request: Request) -> bool:
        """Whether the request has credentials for our realm, right or wrong."""
        return self._params_of(request) is not None

    def _params_of(self, request: Request) -> dict[str, str] | None:
        for value in request.all("authorization"):
            params = parse_digest(value)
            if params is not None and params.get("realm") == self.realm and "response" in params:
                return params
        return None

    def _count_of(self, params: dict[str, str]) -> int | None:
        """The nonce count; 1 for answers without qop (RFC 2069), so their nonce is good once. None: wrong."""
        if "qop" not in params:
            return 1
        count = params.get("nc", "")
        return int(count, 16) if params["qop"] == "auth" and _COUNT.fullmatch(count) else None

    def _is_right(self, params: dict[str, str], known: Credentials, method: str) -> bool:
        algorithm = params.get("algorithm", "MD5").upper()
        if algorithm not in _HASHES:
            return False
        ha1 = known.ha1_md5 if algorithm == "MD5" else known.ha1_sha256
        expected = _response(algorithm, ha1, params, method)
        given = params["response"].lower()
        return given.isascii() and hmac.compare_digest(expected, given)

    def _make_nonce(self, now: float) -> str:
        self._serial += 1
        stamp = f"{int(now * 1000):x}-{self._serial:x}"
        return f"{stamp}-{self._sign(stamp)}"

    def _sign(self, stamp: str) -> str:
        return hmac.digest(self._secret, stamp.encode(), "sha256").hex()[:32]

    def _is_fresh(self, nonce: str, now: float) -> bool:
        match = _NONCE.fullmatch(nonce)
        if match is None or not hmac.compare_digest(self._sign(nonce[:-33]), match[3]):
            return False
        issued_ms = int(match[1], 16)
        return issued_ms > self._floor_ms and now - issued_ms / 1000 <= NONCE_S

    def _remember(self, nonce: str, count: int) -> None:
        self._counts.pop(nonce, None)
        self._counts[nonce] = count
        if len(self._counts) > MAX_NONCES:
            oldest = next(iter(self._counts))
            del self._counts[oldest]
            self._floor_ms = max(self._floor_ms, int(oldest.partition("-")[0], 16))


def answer_challenge(
    challenges: list[str], *, method: str, uri: str, user: str, password: str, cnonce: str, count: int = 1
) -> str | None:
    """The Authorization (or Proxy-Authorization) value for the best of `challenges` that we understand, or
    None. `uri` is the Request-URI, `count` how often this nonce was used with this one."""
    understood = [p for p in map(parse_digest, challenges) if p and "realm" in p and "nonce" in p]
    for algorithm in _HASHES:
        for params in understood:
            qops = [one.strip() for one in params.get("qop", "").split(",") if one.strip()]
            if params.get("algorithm", "MD5").upper() == algorithm and (not qops or "auth" in qops):
                answer = {"username": user, "realm": params["realm"], "nonce": params["nonce"], "uri": uri}
                if qops:
                    answer |= {"qop": "auth", "nc": f"{count:08x}", "cnonce": cnonce}
                ha1 = _digest(algorithm, user, params["realm"], password)
                answer["response"] = _response(algorithm, ha1, answer, method)
                return _write(answer, algorithm, params.get("opaque"))
    return None


def parse_digest(value: str) -> dict[str, str] | None:
    """The parameters of a challenge or of credentials, quotes taken off; None if the scheme is not Digest."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest" or len(rest) > MAX_CREDENTIALS:
        return None
    return {name.lower(): _unquote(text) for name, text in _PARAM.findall(rest)}


def _response(algorithm: str, ha1: str, params: dict[str, str], method: str) -> str:
    ha2 = _digest(algorithm, method, params.get("uri", ""))
    middle = [params["nc"], params.get("cnonce", ""), params["qop"]] if "qop" in params else []
    return _digest(algorithm, ha1, params.get("nonce", ""), *middle, ha2)


def _digest(algorithm: str, *parts: str) -> str:
    return _HASHES[algorithm](":".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _write(params: dict[str, str], algorithm: str, opaque: str | None) -> str:
    text = ", ".join(f"{k}={v if k in ('qop', 'nc') else _quote(v)}" for k, v in params.items())
    end = "" if opaque is None else f", opaque={_quote(opaque)}"
    return f"Digest {text}, algorithm={algorithm}{end}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
