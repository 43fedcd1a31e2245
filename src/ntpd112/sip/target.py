"""Where an outbound request goes: the Request-URI, the flow it leaves by and the proxies between."""

from __future__ import annotations

from dataclasses import dataclass

from .flow import Flow
from .nameaddr import NameAddr
from .uri import Uri


@dataclass(frozen=True, slots=True)
class Target:
    uri: Uri
    flow: Flow
    route: tuple[NameAddr, ...] = ()
    "Becomes the Route header, topmost first: a registration's Path (RFC 3327 §5.3)."
