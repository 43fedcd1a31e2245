"""A trunk's gateways: in which order a call asks them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .liveness import Liveness
from .uri import Uri

AVOID_S = 30.0
"Seconds for which a gateway that did not take a call comes after the others: the next calls shall not wait."


@dataclass(slots=True, eq=False)
class Gateway:
    uri: Uri
    liveness: Liveness
    passed_over: int = 0
    "Calls of the last AVOID_S that went to the next one."


def in_order(gateways: Iterable[Gateway]) -> list[Gateway]:
    """As configured; those that do not answer OPTIONS last, before them those that have just failed. None is
    left out: one that seems dead is still better than no call."""
    return sorted(gateways, key=lambda one: (not one.liveness.alive, one.passed_over > 0))
