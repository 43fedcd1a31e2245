"""Where a trunk sends calls: `to`, a SIP URI or several, each alone or as a table with a weight."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from .fields import GatewayUri, Section, listed

MAX_PRIORITY = 65_535
"As in SRV records (RFC 2782)."


class GatewayConfig(Section):
    uri: GatewayUri
    priority: Annotated[int, Field(ge=0, le=MAX_PRIORITY)] | None = None
    "Lower ones are asked first; None: its place in the list, from 1 on."
    weight: Annotated[int, Field(ge=0, le=MAX_PRIORITY)] = 0
    "Among those of the same priority: how often it is asked first."


def _tables(value: object) -> object:
    found = listed(value)
    if isinstance(found, dict):
        found = [found]
    return (
        [{"uri": one} if isinstance(one, str) else one for one in found] if isinstance(found, list) else found
    )


Gateways = Annotated[list[GatewayConfig], BeforeValidator(_tables)]
