"""Keys of SRTP in a session description: `a=crypto` (RFC 4568), for the two suites that all peers have.

    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20

A line names the key by which its sender secures what it sends. Keys are never shown: not by `repr`, not in
what an error says.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Literal, cast, get_args

Suite = Literal["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"]
SrtpPolicy = Literal["off", "preferred", "required"]
"`preferred`: secured if the peer can, plain else (RFC 8643); `required`: no call without."

KEY_BYTES = 30
"Master key (16) and salt (14) of both suites."
DEFAULT_SUITE: Suite = "AES_CM_128_HMAC_SHA1_80"
"What we offer: mandatory to implement (RFC 4568 §6.2.1), and the longer tag."

_SUITES: frozenset[str] = frozenset(get_args(Suite))
_LIFETIME = re.compile(r"2\^\d{1,2}|\d{1,15}")
_HARMLESS = ("WSH=", "FEC_ORDER=", "-")
"""Session parameters that change nothing for us (§6.3): the peer's window for replays, the order of an error
correction that is not used, and extensions that may be passed over."""


class UnusableCrypto(ValueError):
    """An `a=crypto` that we cannot secure media by; the message says why, without the key."""


class MasterKey(bytes):
    """Key and salt, hidden from logs."""

    def __repr__(self) -> str:
        return "MasterKey(not shown)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Crypto:
    tag: int
    "What an answer says to take this line of the offer."
    suite: Suite
    key: MasterKey

    @classmethod
    def parse(cls, value: str) -> Crypto:
        """What stands behind `a=crypto:`. Raises UnusableCrypto. A lifetime is passed over: to change the key
        before it ends is the matter of who sends by it (§6.1)."""
        tag, suite, params, *session = (*value.split(), "", "", "")
        if not (tag.isascii() and tag.isdigit() and len(tag) <= 9):
            raise UnusableCrypto(f"tag {tag[:20]!r} is no number of up to 9 digits")
        if suite not in _SUITES:
            raise UnusableCrypto(f"suite {suite[:40]!r} is none of {', '.join(sorted(_SUITES))}")
        for param in filter(None, session):
            if not param.startswith(_HARMLESS) and param != "KDR=0":
                raise UnusableCrypto(f"session parameter {param[:30]!r} is not supported")
        return cls(int(tag), cast(Suite, suite), _key_of(params))

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{b64encode(self.key).decode()}"


@dataclass(frozen=True, slots=True)
class SecuredMedia:
    """What both sides agreed on: `ours` is for what we send."""

    suite: Suite
    ours: MasterKey
    theirs: MasterKey


def _key_of(params: str) -> MasterKey:
    method, colon, info = params.partition(":")
    if method.lower() != "inline" or not colon:
        raise UnusableCrypto("key is not given as inline:")
    if ";" in info:
        raise UnusableCrypto("several keys in a line, which only an MKI can tell apart, are not supported")
    text, *more = info.split("|")
    if more and _LIFETIME.fullmatch(more[0]):
        more.pop(0)
    if more:
        raise UnusableCrypto("an MKI (key identifier in each packet) is not supported")
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        raise UnusableCrypto("key is not base64") from None
    if len(key) != KEY_BYTES:
        raise UnusableCrypto(f"key and salt have {len(key)} bytes, not {KEY_BYTES}")
    return MasterKey(key)
