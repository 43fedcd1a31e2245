"""SIP, SIPS, TEL and URN addresses (RFC 3261 §19.1, RFC 3966, RFC 5031).

Lenient on input: whatever names a reachable peer is accepted, since an emergency call must not fail for
a character that a grammar forbids. Strict on output: what we build ourselves is well-formed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


class SipSyntaxError(ValueError):
    """Text that is not what the SIP grammar asks for; the message carries the offending value."""


def parse_params(text: str) -> dict[str, str | None]:
    """`;a=b;c` as a dict with lower-case names; quoted values keep their quotes. Empty parts are ignored."""
    params: dict[str, str | None] = {}
    for part in split_outside_quotes(text, ";") if '"' in text else text.split(";"):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if name:
            params[name] = value.strip() if equals else None
    return params


def format_params(params: dict[str, str | None]) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params.items())


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split at `separator` where it stands outside "quotes" and <angle brackets>."""
    parts, start, quoted, escaped, depth = [], 0, False, False, 0
    for index, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char == "<":
            depth += 1
        elif char == ">":
            depth = max(0, depth - 1)
        elif char == separator and not depth:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return parts


_NOT_IN_HOST = frozenset(' \t<>"@;,')


def split_host_port(text: str) -> tuple[str, int | None]:
    """`host`, `host:port` or `[v6]:port`; brackets are taken off. Raises SipSyntaxError."""
    text = text.strip()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port_text = rest[1:] if rest.startswith(":") else ""
        if not bracket or (rest and not port_text):
            raise SipSyntaxError(f"host {text!r} is not an IPv6 reference")
    else:
        host, _, port_text = text.partition(":")
        host = host.rstrip()
    if not host or not _NOT_IN_HOST.isdisjoint(host):
        raise SipSyntaxError(f"host {text!r} is empty or has characters that no host has")
    if not port_text:
        return host, None
    if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65536):
        raise SipSyntaxError(f"port {port_text!r} is not a number from 1 to 65535")
    return host, int(port_text)


def format_host(host: str) -> str:
    """A host as it stands in a URI or Via: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def format_host_port(host: str, port: int | None) -> str:
    return format_host(host) if port is None else f"{format_host(host)}:{port}"


@dataclass(frozen=True, slots=True)
class Uri:
    """One address. For `tel:` and `urn:`, `user` holds what follows the scheme and `host` is empty."""

    scheme: str
    host: str = ""
    user: str | None = None
    "Percent-decoded, without password."
    port: int | None = None
    params: dict[str, str | None] = field(default_factory=dict)
    headers: str = ""
    "What follows `?`, undecoded (e.g. `Replaces=...` in a Refer-To)."

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Raises SipSyntaxError naming the text."""
        scheme, colon, rest = text.strip().partition(":")
        scheme = scheme.lower()
        if not colon or not rest:
            raise SipSyntaxError(f"URI {text!r} has no scheme or nothing after it")
        if scheme in ("sip", "sips"):
            return cls._parse_sip(scheme, rest)
        if not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
            raise SipSyntaxError(f"URI {text!r}: {scheme!r} is not a scheme")
        subject, semicolon, params = rest.partition(";")
        if not subject.strip():
            raise SipSyntaxError(f"URI {text!r} has nothing after its scheme")
        return cls(
            scheme,
            user=unquote(subject, errors="surrogateescape"),
            params=parse_params(params) if semicolon else {},
        )

    @classmethod
    def _parse_sip(cls, scheme: str, rest: str) -> Uri:
        rest, _, headers = rest.partition("?")
        user: str | None = None
        at = rest.rfind("@")
        if at >= 0:
            user = rest[:at].partition(":")[0]
            if "%" in user:
                user = unquote(user, errors="surrogateescape")
            rest = rest[at + 1 :]
        host_port, semicolon, params = rest.partition(";")
        host, port = split_host_port(host_port)
        return cls(scheme, host, user, port, parse_params(params) if semicolon else {}, headers)

    @property
    def transport(self) -> str:
        """`udp`, `tcp` or `tls`: the transport parameter, else the scheme's default. `sips:` is TLS, also
        where it names TCP, which is below it (RFC 3261 §26.2.2)."""
        named = (self.params.get("transport") or "").lower()
        if self.scheme == "sips":
            return named.replace("tcp", "tls") or "tls"
        return named or "udp"

    def __str__(self) -> str:
        if self.scheme not in ("sip", "sips"):
            return f"{self.scheme}:{_quote(self.user or '', _SUBJECT_SAFE)}{format_params(self.params)}"
        user = f"{_quote(self.user, _USER_SAFE)}@" if self.user is not None else ""
        headers = f"?{self.headers}" if self.headers else ""
        host_port = format_host_port(self.host, self.port)
        return f"{self.scheme}:{user}{host_port}{format_params(self.params)}{headers}"


_USER_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,;?/")

_SUBJECT_SAFE = (_USER_SAFE | frozenset(":@#[]")) - frozenset(";?")
"After `tel:` and `urn:`."


def _quote(text: str, safe: frozenset[str]) -> str:
    if all(c in safe for c in text):
        return text
    return "".join(
        c if c in safe else "".join(f"%{b:02X}" for b in c.encode("utf-8", "surrogateescape")) for c in text
    )
