"""The Via header: where responses go and which transaction they belong to (RFC 3261 §20.42, RFC 3581)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from .uri import SipSyntaxError, format_host_port, format_params, parse_params, split_host_port

MAGIC_COOKIE = "z9hG4bK"
"A branch that starts so is unique for the transaction (RFC 3261 §8.1.1.7); else RFC 2543 matching applies."


@dataclass(frozen=True, slots=True)
class Via:
    transport: str
    "As sent, upper case: `UDP`, `TCP`, `TLS`, `WSS`."
    host: str
    port: int | None = None
    params: dict[str, str | None] = field(default_factory=dict)

    @property
    def branch(self) -> str | None:
        return self.params.get("branch")

    @property
    def sent_by(self) -> tuple[str, int | None]:
        return self.host.lower(), self.port

    @staticmethod
    def parse(text: str) -> Via:
        """`SIP/2.0/UDP host:port;params`, white space allowed around the slashes. Raises SipSyntaxError."""
        return _parse(text)

    def received_from(self, host: str, port: int) -> Via:
        """With `received` and, when asked for, `rport` filled in (RFC 3261 §18.2.1, RFC 3581 §4)."""
        params = dict(self.params)
        if "rport" in params:
            params["rport"] = str(port)
            params["received"] = host
        elif host != self.host:
            params["received"] = host
        return Via(self.transport, self.host, self.port, params)

    def __str__(self) -> str:
        sent_by = format_host_port(self.host, self.port)
        return f"SIP/2.0/{self.transport} {sent_by}{format_params(self.params)}"


@lru_cache(maxsize=64)
def _parse(text: str) -> Via:
    """Remembered for a moment: a Via is looked at when its message is checked, and when it is matched."""
    sent, semicolon, params = text.partition(";")
    parts = sent.split()
    protocol, host_port = "".join(parts[:-1]), parts[-1] if parts else ""
    pieces = protocol.split("/")
    if len(pieces) != 3 or pieces[0].upper() != "SIP" or pieces[1] != "2.0" or not pieces[2]:
        raise SipSyntaxError(f"Via {text!r} does not start with SIP/2.0/transport and a host")
    host, port = split_host_port(host_port)
    return Via(pieces[2].upper(), host, port, parse_params(params) if semicolon else {})
