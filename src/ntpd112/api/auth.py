"""Who asks, and what they may: API keys and sessions as bearer tokens (RFC 6750)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from ntpd112.access import MASKED, SCOPES, Gate, Principal, TooMany, Unknown
from ntpd112.api import once, visibility
from ntpd112.api.limits import ANSWER_HEADERS
from ntpd112.api.problems import Problem
from ntpd112.calls.console import CallCentre
from ntpd112.calls.views import UnknownCall

KEY_SUBPROTOCOL = "bearer."
"A WebSocket's key as a subprotocol: this and the key."
CHALLENGE = 'Bearer realm="ntpd112"'

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="`Authorization: Bearer KEY`; `ntpd112 apikey add NAME --scope SCOPE` makes one, and "
    "`POST /api/v1/sessions` gives a person one for a shift. Scopes: "
    + "; ".join(f"`{scope}`: {meaning}" for scope, meaning in SCOPES.items()),
)
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
Mine = Callable[[Request, Principal], bool]
"Whether what a request is about is the asking operator's own."


class Requires:
    """A dependency: who asks, and has `scope`, or is an operator whose own the thing is; else 401, 403 or
    429. From there on the request counts for its `Idempotency-Key`. `unmasked`: shows or confirms whose a
    call is; 403 to who may not see that."""

    def __init__(self, scope: str, mine: Mine, unmasked: bool) -> None:
        assert scope in SCOPES
        self.scope = scope
        self.unmasked = unmasked
        self._mine = mine

    async def __call__(self, request: Request, given: Given) -> Principal:
        who = enter(request, given.credentials if given else None)
        if not (who.person and self._mine(request, who)):
            expect(who, self.scope)
        if self.unmasked:
            expect_unmasked(request)
        await once.begin(request, who.by)
        return who


def nobodys(request: Request, who: Principal) -> bool:
    """What no operator has of their own."""
    return False


def require(scope: str, mine: Mine = nobodys, *, unmasked: bool = False) -> Requires:
    return Requires(scope, mine, unmasked)


def expect_unmasked(request: Request) -> None:
    """Raises Problem: 403. Numbers have few digits: an answer to "is it this one?" would tell them."""
    if visibility.is_masked(request):
        raise Problem(
            403,
            f"this key sees numbers masked ({MASKED}): it cannot ask by number, nor hear recordings",
            headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
        )


async def signed_in(request: Request, given: Given) -> Principal:
    """A dependency: who asks, and is a person; else 401, 403 or 429."""
    who = enter(request, given.credentials if given else None)
    if not who.person:
        raise Problem(403, f'API key "{who.name}" is no session: this is for people who have signed in')
    return who


def own_entry(request: Request, who: Principal) -> bool:
    """Of `/operators/{id}`."""
    return who.person and str(request.path_params["id"]) == who.name


def own_call(request: Request, who: Principal) -> bool:
    """Of `/calls/{id}`: the caller is theirs. Who is called into it, or rung for a transfer, has no say."""
    centre: CallCentre = request.app.state.centre
    try:
        return centre.call(str(request.path_params["id"])).operator == who.name
    except UnknownCall:
        return False


def own_or_last_call(request: Request, who: Principal) -> bool:
    """Of `/calls/{id}`: they are in it, or it was their last one."""
    centre: CallCentre = request.app.state.centre
    return centre.call_of(who.name) == str(request.path_params["id"])


def enter(connection: HTTPConnection, token: str | None) -> Principal:
    """Whose key or session this is; counts a request. Raises Problem: 401 or 429."""
    if token is None:
        raise Problem(
            401, "an API key is needed: Authorization: Bearer KEY", headers={"WWW-Authenticate": CHALLENGE}
        )
    gate: Gate = connection.app.state.gate
    try:
        who = gate.enter(token, address_of(connection))
    except Unknown as error:
        challenge = f'{CHALLENGE}, error="invalid_token"'
        raise Problem(401, str(error), headers={"WWW-Authenticate": challenge}) from error
    except TooMany as error:
        raise too_many(error) from error
    visibility.note(connection, who)
    if (allowance := gate.allowance(who)) is not None:
        connection.scope.get("state", {}).get(ANSWER_HEADERS, {}).update(
            {
                "RateLimit-Policy": f'"default";q={allowance.burst};w={math.ceil(allowance.window_s)}',
                "RateLimit": f'"default";r={allowance.left};t={math.ceil(allowance.full_in_s)}',
            }
        )
    return who


def expect(who: Principal, scope: str) -> None:
    """Raises Problem: 403."""
    if not who.allows(scope):
        whose = f'operator "{who.name}"' if who.person else f'API key "{who.name}"'
        raise Problem(
            403,
            f"{whose} lacks the scope {scope}",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            scope=scope,
        )


def too_many(error: TooMany) -> Problem:
    wait_s = math.ceil(error.wait_s)
    return Problem(429, f"{error}: try again in {wait_s} s", headers={"Retry-After": str(wait_s)})


def address_of(connection: HTTPConnection) -> str:
    """Where a request comes from; of one through a proxy on this machine, what the proxy says."""
    return connection.client.host if connection.client else ""


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
