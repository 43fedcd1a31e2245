"""What holds a trunk's lines: pranks and mistaken calls have filled whole line groups, and then nobody else
comes through. Cheap with thousands of calls: no view is made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import get_args

from .context import Context
from .views import CallState, HeldBy

HELD_BY: Mapping[CallState, HeldBy] = {
    "arriving": "waiting",
    "waiting": "waiting",
    "ringing": "ringing",
    "talking": "talking",
    "held": "talking",
    "ending": "talking",
}
"""A call put on hold talks: somebody has it. One that is ending has its line until the other side says so."""


def held_lines(context: Context) -> dict[str, dict[HeldBy, int]]:
    """By trunk: how many of its lines are held by calls of each kind. A trunk without calls is not in it."""
    counted: defaultdict[str, Counter[HeldBy]] = defaultdict(Counter)
    quiet = context.acd.quiet()
    for call in context.calls.values():
        if call.facts.direction == "in":
            kind = HELD_BY[call.state]
            counted[call.facts.trunk]["quiet" if kind == "waiting" and call.id in quiet else kind] += 1
    return {trunk: {kind: kinds[kind] for kind in get_args(HeldBy)} for trunk, kinds in counted.items()}


def in_words(lines: Mapping[HeldBy, int]) -> str:
    """`30 quiet, 12 talking`"""
    return ", ".join(f"{count} {kind}" for kind, count in lines.items() if count) or "no call"
