"""`name-addr` and `addr-spec` as in From, To, Contact, Route, P-Asserted-Identity (RFC 3261 §20.10)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .uri import SipSyntaxError, Uri, format_params, parse_params, split_outside_quotes


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with a display name and header parameters (`tag`, `expires`, `lr` is in the URI)."""

    uri: Uri
    name: str = ""
    params: dict[str, str | None] = field(default_factory=dict)

    @property
    def tag(self) -> str | None:
        return self.params.get("tag")

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """One address. Without angle brackets, what follows `;` belongs to the header (RFC 3261 §20)."""
        before, bracket, after = text.partition("<")
        if before.lstrip().startswith('"'):
            before, bracket, after = _split_quoted_name(text)
        if not bracket:
            uri, _, params = text.strip().partition(";")
            return cls(Uri.parse(uri), params=parse_params(params))
        uri, closing, params = after.partition(">")
        if not closing:
            raise SipSyntaxError(f"address {text!r} has '<' without '>'")
        return cls(Uri.parse(uri), _unquote(before.strip()), parse_params(params) if params else {})

    @classmethod
    def parse_many(cls, values: list[str]) -> list[NameAddr]:
        """All addresses of a header's lines, each of which may hold several, split by commas."""
        return [
            cls.parse(part)
            for value in values
            for part in (split_outside_quotes(value, ",") if "," in value else (value,))
            if part.strip()
        ]

    def with_tag(self, tag: str) -> NameAddr:
        return NameAddr(self.uri, self.name, {**self.params, "tag": tag})

    def __str__(self) -> str:
        name = _quote(self.name) + " " if self.name else ""
        return f"{name}<{self.uri}>{format_params(self.params)}"


def _split_quoted_name(text: str) -> tuple[str, str, str]:
    start = text.index('"')
    index = start + 1
    while index < len(text) and text[index] != '"':
        index += 2 if text[index] == "\\" else 1
    if index >= len(text):
        raise SipSyntaxError(f"address {text!r} has a quoted name without an end")
    _, bracket, after = text[index + 1 :].partition("<")
    return text[: index + 1], bracket, after


def _quote(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquote(name: str) -> str:
    if len(name) < 2 or name[0] != '"' or name[-1] != '"':
        return name
    out, escaped = [], False
    for char in name[1:-1]:
        if escaped or char != "\\":
            out.append(char)
            escaped = False
        else:
            escaped = True
    return "".join(out)
