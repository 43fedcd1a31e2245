"""Whether who asks may see whose calls are whose; see `access.masking`. Noted at the request once it is known
who asks, and heeded wherever something is shown."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from ntpd112.access import Principal
from ntpd112.access.masking import masked_text


def note(connection: HTTPConnection, who: Principal) -> None:
    connection.state.masked = who.masked


def is_masked(connection: HTTPConnection) -> bool:
    """Of a path that needs no key: no."""
    return bool(getattr(connection.state, "masked", False))


def said(connection: HTTPConnection, text: str) -> str:
    """An error's words as who asks may read them."""
    return masked_text(text) if is_masked(connection) else text
