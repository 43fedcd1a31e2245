"""Who asks, and what they may: API keys as bearer tokens (RFC 6750)."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from ntpd112.access import MASKED, SCOPES, Principal
from ntpd112.api import once, visibility
from ntpd112.api.problems import Problem

KEY_SUBPROTOCOL = "bearer."
"A WebSocket's key as a subprotocol: this and the key."

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="`Authorization: Bearer KEY`; `ntpd112 apikey add NAME --scope SCOPE` makes one. Scopes: "
    + "; ".join(f"`{scope}`: {meaning}" for scope, meaning in SCOPES.items()),
)


class Keys(Protocol):
    """What the API needs of the key store."""

    def find(self, key: str) -> Principal | None: ...


class Requires:
    """A dependency: the request's key, which has `scope`; else 401 or 403. From there on the request counts
    for its `Idempotency-Key`. `unmasked`: shows or confirms whose a call is; 403 to who may not see that."""

    def __init__(self, scope: str, unmasked: bool) -> None:
        assert scope in SCOPES
        self.scope = scope
        self.unmasked = unmasked

    async def __call__(
        self, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Principal:
        key = authorise(request.app.state.keys, given.credentials if given else None, self.scope)
        visibility.note(request, key)
        if self.unmasked:
            expect_unmasked(request)
        await once.begin(request, key.by)
        return key


def require(scope: str, *, unmasked: bool = False) -> Requires:
    return Requires(scope, unmasked)


def expect_unmasked(request: Request) -> None:
    """Raises Problem: 403. Numbers have few digits: an answer to "is it this one?" would tell them."""
    if visibility.is_masked(request):
        raise Problem(
            403,
            f"this key sees numbers masked ({MASKED}): it cannot ask by number, nor hear recordings",
            headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
        )


def authorise(keys: Keys, text: str | None, scope: str) -> Principal:
    """The key with this text, if it has `scope`. Raises Problem: 401 or 403."""
    if text is None:
        raise Problem(
            401,
            "an API key is needed: Authorization: Bearer KEY",
            headers={"WWW-Authenticate": 'Bearer realm="ntpd112"'},
        )
    key = keys.find(text)
    if key is None:
        raise Problem(
            401,
            "this API key is not known, or was withdrawn",
            headers={"WWW-Authenticate": 'Bearer realm="ntpd112", error="invalid_token"'},
        )
    if not key.allows(scope):
        raise Problem(
            403,
            f'API key "{key.name}" lacks the scope {scope}',
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            scope=scope,
        )
    return key


def key_text(connection: HTTPConnection) -> str | None:
    """The key of a request or WebSocket. Browsers cannot give a WebSocket an Authorization header; there it
    is offered as a subprotocol, which unlike a URL comes into no log."""
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    for offered in connection.scope.get("subprotocols", ()):
        if offered.startswith(KEY_SUBPROTOCOL):
            return str(offered).removeprefix(KEY_SUBPROTOCOL)
    return None
