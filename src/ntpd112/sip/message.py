"""SIP requests and responses as plain data, parsed from and written to bytes (RFC 3261 §7, §25).

A message keeps each header's text as it came, by lower-case long name; typed views (`via`, `cseq`,
`from_`) are made when asked for. So what we echo (Via, Record-Route, Call-ID) leaves as it arrived, and
a header nobody reads costs a split and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from .nameaddr import NameAddr
from .uri import SipSyntaxError, split_outside_quotes
from .via import Via

MAX_MESSAGE = 65_535
"Bytes: the largest UDP payload; a TCP message above it is refused as well."
MAX_HEADERS = 256
"Header lines a message may have. The longest real ones (IMS, several proxies) have about 60."

COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"Compact header forms (RFC 3261 §7.3.3 and the IANA registry)."

_SPELLING = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "www-authenticate": "WWW-Authenticate",
    "mime-version": "MIME-Version",
    "rseq": "RSeq",
    "rack": "RAck",
    "min-se": "Min-SE",
}


class BadMessage(ValueError):
    """A message that cannot be processed. `request` is what could be read of it, when it can be answered
    with `code` (400, or 505 for another SIP version) and the reason (`str(error)`): it then has one From, To,
    Call-ID and CSeq each, and its `via`, `call_id` and `cseq` can be read; From and To may be garbled."""

    def __init__(self, reason: str, request: Request | None = None, code: int = 400) -> None:
        super().__init__(reason)
        self.request = request
        self.code = code


@dataclass(slots=True, kw_only=True)
class Message:
    """What requests and responses share. `fields`: lower-case long header name to its lines' values."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    "Not shown: it may have keys and places."

    def get(self, name: str) -> str | None:
        """The first value of the header `name` (lower case), or None."""
        values = self.fields.get(name)
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def set(self, name: str, value: object) -> None:
        self.fields[name] = [str(value)]

    def add(self, name: str, value: object) -> None:
        self.fields.setdefault(name, []).append(str(value))

    def tokens(self, name: str) -> list[str]:
        """A comma-separated list header (`Supported`, `Require`, `Allow`) as lower-case tokens."""
        return [t for value in self.all(name) for part in value.split(",") if (t := part.strip().lower())]

    def _need(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise SipSyntaxError(f"{_spell(name)} is missing")
        return value

    @property
    def call_id(self) -> str:
        return self._need("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        """Sequence number and method. Raises SipSyntaxError when missing or malformed."""
        return _read_cseq(self._need("cseq"))

    @property
    def via(self) -> Via:
        """The topmost Via."""
        text = self._need("via")
        return Via.parse(split_outside_quotes(text, ",")[0] if "," in text else text)

    @property
    def from_(self) -> NameAddr:
        return NameAddr.parse(self._need("from"))

    @property
    def to(self) -> NameAddr:
        return NameAddr.parse(self._need("to"))

    @property
    def contacts(self) -> list[NameAddr]:
        """Contact addresses; `*` (RFC 3261 §10.2.2) is not one of them: look at `get("contact")`."""
        return NameAddr.parse_many([value for value in self.all("contact") if value.strip() != "*"])

    def _head(self) -> str:
        lines = []
        for name, values in self.fields.items():
            spelled = _spell(name)
            lines += [f"{spelled}: {value}\r\n" for value in values]
        return "".join(lines)


@dataclass(slots=True)
class Request(Message):
    method: str
    uri: str
    "The Request-URI as it stands on the first line."

    def __bytes__(self) -> bytes:
        head = f"{self.method} {self.uri} SIP/2.0\r\n{self._head()}Content-Length: {len(self.body)}\r\n\r\n"
        return head.encode("utf-8", "surrogateescape") + self.body


@dataclass(slots=True)
class Response(Message):
    code: int
    phrase: str

    def __bytes__(self) -> bytes:
        head = f"SIP/2.0 {self.code} {self.phrase}\r\n{self._head()}Content-Length: {len(self.body)}\r\n\r\n"
        return head.encode("utf-8", "surrogateescape") + self.body


@lru_cache(maxsize=128)
def _read_cseq(text: str) -> tuple[int, str]:
    """Remembered, since few differ: most are of the first or second request of a dialog."""
    parts = text.split()
    number = parts[0] if len(parts) == 2 else ""
    if not (number.isascii() and number.isdigit() and len(number) < 20 and int(number) < 2**31):
        raise SipSyntaxError(f"CSeq {text!r} is not a number below 2**31 and a method")
    return int(number), parts[1]


_spelled: dict[str, str] = dict(_SPELLING)


def _spell(name: str) -> str:
    """`p-asserted-identity` as `P-Asserted-Identity`; a bounded cache, since others' names may pass."""
    spelled = _spelled.get(name)
    if spelled is None:
        spelled = "-".join(part.capitalize() for part in name.split("-"))
        if len(_spelled) < 500:
            _spelled[name] = spelled
    return spelled
