"""Keys that a phone sends in INFO (RFC 6086) instead of in its sound (RFC 4733): `application/dtmf-relay`,
and `application/dtmf` whose whole body is the key. Neither was ever standardised: both are read leniently."""

from __future__ import annotations

MAX_BODY = 256
"Bytes of a body that are looked at; real ones have about 30."
_KEYS = dict(zip(map(str, range(16)), "0123456789*#ABCD", strict=True)) | {key: key for key in "*#ABCD"}
"Keys by themselves, or as RFC 4733's event numbers."


def key_of(content_type: str | None, body: bytes) -> str | None:
    """The key (`0` to `9`, `*`, `#`, `A` to `D`), or None when this INFO is about something else."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    text = body[:MAX_BODY].decode("ascii", "replace")
    if kind == "application/dtmf":
        return _KEYS.get(text.strip().upper())
    if kind == "application/dtmf-relay":
        for line in text.splitlines():
            name, _, value = line.partition("=")
            if name.strip().lower() == "signal":
                return _KEYS.get(value.strip().upper())
    return None
