"""REFER (RFC 3515): what a phone asks for when it transfers, and the NOTIFYs that tell it how that goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from .core import Core
from .message import Request, Response
from .nameaddr import NameAddr
from .replaces import Replaces
from .reply import phrase_of
from .transactions import OnResponse
from .uri import SipSyntaxError, Uri

MAX_REFER_TO = 2_048
"Characters of a Refer-To value: a URI with an escaped Replaces has about 300."
REFERRAL_S = 180.0
"Seconds until a REFER of which nothing final was said is over: as long as an INVITE may ring (Timer C)."
SIPFRAG = "message/sipfrag;version=2.0"
SCHEMES = frozenset({"sip", "sips", "tel"})
"What one can be transferred to."
OVER = frozenset({404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604})
"Answers to a NOTIFY that end the subscription (RFC 6665 §4.2.2)."

Notify = Callable[[dict[str, list[str]], bytes, OnResponse, float], None]
"Sends a NOTIFY: headers, body, who takes its answer, now."


class UnsupportedScheme(SipSyntaxError):
    """A Refer-To that names no SIP address and no number: 416."""


@dataclass(frozen=True, slots=True)
class Refer:
    """What a REFER asks for. `target` has no URI headers any more."""

    target: NameAddr
    replaces: Replaces | None
    referred_by: NameAddr | None
    "RFC 3892. What cannot be read is no reason to refuse a transfer: None."
    silent: bool
    "The phone wants no NOTIFY: `Refer-Sub: false` (RFC 4488)."

    @classmethod
    def of(cls, request: Request) -> Refer:
        """Raises SipSyntaxError with what is wrong, UnsupportedScheme naming the scheme."""
        values = request.all("refer-to")
        if len(values) != 1:
            raise SipSyntaxError(f"{len(values)} Refer-To headers instead of one")
        if len(values[0]) > MAX_REFER_TO:
            raise SipSyntaxError(f"Refer-To has {len(values[0])} characters, more than {MAX_REFER_TO}")
        target = NameAddr.parse(values[0])
        if target.uri.scheme not in SCHEMES:
            raise UnsupportedScheme(f"Refer-To names a {target.uri.scheme}: address, not sip: or tel:")
        uri, replaces = split_refer_to(target.uri)
        return cls(replace(target, uri=uri, params={}), replaces, _referred_by(request), _is_silent(request))


def split_refer_to(uri: Uri) -> tuple[Uri, Replaces | None]:
    """The address that a Refer-To names, and the Replaces in its URI headers (percent-encoded, RFC 3891 §4).
    Other headers are passed over: what we send to whom is not for a phone to say. Raises SipSyntaxError."""
    method = uri.params.get("method")
    if method is not None and method.upper() != "INVITE":
        raise SipSyntaxError(f"Refer-To asks for {method}; only INVITE can be referred to")
    found: list[Replaces] = []
    for part in uri.headers.split("&"):
        name, _, value = part.partition("=")
        if unquote(name).lower() == "replaces":
            found.append(Replaces.parse(unquote(value, errors="surrogateescape")))
    if len(found) > 1:
        raise SipSyntaxError(f"Refer-To has {len(found)} Replaces; there may be one")
    params = {name: value for name, value in uri.params.items() if name != "method"}
    return replace(uri, headers="", params=params), found[0] if found else None


def _referred_by(request: Request) -> NameAddr | None:
    value = request.get("referred-by")
    try:
        return NameAddr.parse(value) if value and len(value) <= MAX_REFER_TO else None
    except SipSyntaxError:
        return None


def _is_silent(request: Request) -> bool:
    return (request.get("refer-sub") or "").partition(";")[0].strip().lower() == "false"


def sipfrag(code: int, phrase: str = "") -> bytes:
    """A status line as a NOTIFY's body (RFC 3420)."""
    text = " ".join((phrase or phrase_of(code)).split())
    return f"SIP/2.0 {code} {text}\r\n".encode("utf-8", "surrogateescape")


class Referral:
    """The subscription that a REFER makes: at once `100 Trying`, then what `progress` tells.

    One NOTIFY is out at a time, so that they arrive in order; of what happens meanwhile only the latest is
    told. A phone that does not want them, or not any more, gets none; the transfer goes on all the same."""

    def __init__(self, core: Core, refer: Request, silent: bool, notify: Notify, now: float) -> None:
        self.done = False
        "The last word was said: the next REFER may come."
        self._event = f"refer;id={refer.cseq[0]}"
        self._listening = not silent
        self._notify = notify
        self._waits_for_answer = False
        self._told: tuple[int, str] = (100, "")
        self._untold = True
        self._reason = "noresource"
        self._expires_at = now + REFERRAL_S
        self._expiry = core.timers.start(self._expires_at, self._expire)
        self._tell(now)

    def progress(self, code: int, phrase: str, now: float) -> None:
        """Without effect after a final code."""
        if self.done:
            return
        self._told, self._untold = (code, phrase), True
        if code >= 200:
            self.done = True
            self._expiry.cancel()
        self._tell(now)

    def stop(self) -> None:
        """The call is over, and with it what it was for."""
        self.done = True
        self._expiry.cancel()

    def _expire(self, now: float) -> None:
        self.done, self._untold, self._reason = True, True, "timeout"
        self._tell(now)

    def _tell(self, now: float) -> None:
        if not self._listening or not self._untold or self._waits_for_answer:
            return
        self._waits_for_answer, self._untold = True, False
        left = max(1, round(self._expires_at - now))
        state = f"terminated;reason={self._reason}" if self.done else f"active;expires={left}"
        headers = {"event": [self._event], "subscription-state": [state], "content-type": [SIPFRAG]}
        self._notify(headers, sipfrag(*self._told), self._answered, now)

    def _answered(self, response: Response, now: float) -> None:
        if response.code < 200:
            return
        self._waits_for_answer = False
        # An answer without headers is none: our own transaction says that none came.
        if response.code in OVER or not response.fields:
            self._listening = False
        self._tell(now)
