"""Who calls whom: the caller's number and name, who forwarded the call, and what was dialled.

P-Asserted-Identity (RFC 3325) is believed, since INVITEs come from trunks only; then Remote-Party-ID of
older exchanges, then From. Privacy (RFC 3323) hides nothing from an emergency service: a number that came is
kept. Nothing here raises, whatever the headers hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .message import Request
from .nameaddr import NameAddr
from .uri import SipSyntaxError, Uri, split_outside_quotes

COUNTRY = "62"
"Indonesia's country code (ITU-T E.164)."
MAX_TEXT = 128
"Characters kept of a number or name."
MAX_IDENTITIES = 16
"Values looked at of one header."

_SEPARATORS = str.maketrans("", "", "-.() \t\u00a0")
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_CONTEXT = re.compile(r"\+([0-9]{1,15})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_HIDDEN = frozenset(["anonymous", "restricted", "unavailable", "unknown", "private", "withheld"])


@dataclass(frozen=True, slots=True)
class Caller:
    number: str
    "E.164 with `+`; a short code or user part as it came; empty when there is none."
    name: str = ""
    anonymous: bool = False
    "No number came."
    diverted_from: str = ""
    "Who forwarded the call last, as `number`."


def caller_of(request: Request) -> Caller:
    """The caller of an INVITE."""
    number = name = ""
    for header in ("p-asserted-identity", "remote-party-id", "from"):
        for address in _addresses(request, header):
            number = number or _number_of(address.uri)
            name = name or _name_of(address)
    return Caller(number, name, anonymous=not number, diverted_from=_diverted_from(request))


def dialled_of(request: Request) -> str:
    """`urn:service:sos...` (RFC 5031) if To or the Request-URI is one, else the number of the Request-URI,
    else of To."""
    uris = [uri for uri in (_uri(request.uri), *(a.uri for a in _addresses(request, "to"))) if uri]
    for uri in uris:
        if uri.scheme == "urn" and (uri.user or "").lower().startswith("service:"):
            return clean(f"urn:{uri.user}".lower())
    return next((number for uri in uris if (number := _number_of(uri))), "")


def sent_of(request: Request) -> str:
    """The number of the Request-URI as it was sent, without separators: what the telco's people see."""
    uri = _uri(request.uri)
    return clean((uri.user or "").partition(";")[0].translate(_SEPARATORS)) if uri is not None else ""


def normalise_number(text: str, phone_context: str = "") -> str:
    """E.164 with `+` for what is a telephone number as written in Indonesia or abroad; short codes (`112`,
    `1500117`) and what is no number come back as they are.

    `text` may be a `tel:` URI or have `;phone-context=`. No Indonesian subscriber's number starts with 1, so
    `+62112` is the short code 112. Of the carriers' prefixes only 007 is taken off: after 001, 008 and 009 a
    62 may just as well belong to 00 and a country code (008 62... and 00 86 2... are the same digits)."""
    subject, _, params = text.strip().partition(";")
    subject = subject.removeprefix("tel:")
    context = phone_context or params.lower().partition("phone-context=")[2].partition(";")[0]
    number = subject.translate(_SEPARATORS)
    if not _NUMBER.fullmatch(number):
        return subject.strip()
    if not number.startswith("+") and (inside := _CONTEXT.fullmatch(context.translate(_SEPARATORS))):
        return _in_context(number, inside[1])
    if number.startswith("00762") and len(number) >= 13:
        number = number[3:]
    elif number.startswith("00") and len(number) >= 10:
        number = f"+{number[2:]}"
    return _national(number)


def _national(number: str) -> str:
    """`0812...`, `62812...`, `+62812...`, `+620812...` as one."""
    digits = number.removeprefix("+")
    if digits.startswith(COUNTRY) and (number[0] == "+" or 10 <= len(digits) <= 15):
        rest = digits[len(COUNTRY) :].lstrip("0")
        return rest if rest.startswith("1") else f"+{COUNTRY}{rest}"
    if digits.startswith("0") and digits[1:2] not in ("", "0", "1") and 8 <= len(digits) <= 14:
        return f"+{COUNTRY}{digits[1:]}"
    return number


def _in_context(number: str, context: str) -> str:
    """A local number and the digits that make it global (RFC 3966 §5.1.5)."""
    if context.startswith(COUNTRY) and number.startswith("1"):
        return number
    if number.startswith("0"):
        return _national(number)
    return _national(f"+{context}{number}")


def _addresses(request: Request, header: str) -> Iterator[NameAddr]:
    """The header's addresses; garbled ones are passed over."""
    values = (
        part
        for line in request.all(header)
        for part in (split_outside_quotes(line, ",") if "," in line else (line,))
    )
    for _, value in zip(range(MAX_IDENTITIES), values, strict=False):
        try:
            yield NameAddr.parse(value)
        except SipSyntaxError:
            continue


def _uri(text: str) -> Uri | None:
    try:
        return Uri.parse(text)
    except SipSyntaxError:
        return None


def _number_of(uri: Uri) -> str:
    user = (uri.user or "").strip()
    if user.lower() in _HIDDEN or (not _NUMBER.search(user) and uri.host.lower().endswith(".invalid")):
        return ""
    return clean(normalise_number(user, uri.params.get("phone-context") or ""))


def _name_of(address: NameAddr) -> str:
    name = clean(address.name)
    return "" if name.lower() in _HIDDEN else name


def _diverted_from(request: Request) -> str:
    """Diversion's first value is the latest (RFC 5806 §3.2); History-Info's is the last that has a cause."""
    for address in _addresses(request, "diversion"):
        if number := _number_of(address.uri):
            return number
    history = list(_addresses(request, "history-info"))
    for index in range(len(history) - 1, -1, -1):
        if "reason=" in history[index].uri.headers.lower():  # RFC 4244: at the one who was left
            return _number_of(history[index].uri)
        if index and "cause" in history[index].uri.params:  # RFC 4458: at the one who was reached so
            return _number_of(history[index - 1].uri)
    return ""


def clean(text: str) -> str:
    """Without control characters and stray bytes, which no display or database should see."""
    return _CONTROL.sub("\ufffd", text).strip()[:MAX_TEXT]
