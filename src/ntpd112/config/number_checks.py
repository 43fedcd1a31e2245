"""What the number rules of a trunk say about each other, and about the queues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .lines import Path
from .models import Config
from .numbering import REST, covers
from .problems import Complaint, where
from .tables import elements, tables, text


def number_checks(given: dict[str, Any]) -> list[Complaint]:
    """On the values as given, which may be malformed."""
    return [*_never_reached(given), *_to_no_queue(given)]


def _never_reached(given: dict[str, Any]) -> Iterator[Complaint]:
    """A rule behind one that takes all its numbers."""
    for trunk, table in tables(given, "trunk"):
        for key in ("numbers", "numbers_out", "callers_out"):
            before: list[str] = []
            for place, rule in tables(table, key):
                pattern = text(rule, "from")
                taken = next((one for one in before if covers(one, pattern)), None) if pattern else None
                if taken is not None:
                    path: Path = ("trunk", trunk, key, place, "from")
                    why = f'is never reached: "{taken}" before it takes all'
                    yield Complaint(path, f'{where(path, given)}from "{pattern}" {why}', pattern)
                elif pattern:
                    before.append(pattern)


def _to_no_queue(given: dict[str, Any]) -> Iterator[Complaint]:
    served = {number.lower() for number in _served(given)}
    for trunk, table in tables(given, "trunk"):
        for place, rule in tables(table, "numbers"):
            to = text(rule, "to")
            if not to or REST in to or _is_served(to.lower(), served):
                continue
            path: Path = ("trunk", trunk, "numbers", place, "to")
            message = f'{where(path, given)}to "{to}" is in no queue: add it to the numbers of one'
            yield Complaint(path, message, to)


def _served(given: dict[str, Any]) -> Iterator[str]:
    if "queue" not in given:
        given = Config().model_dump(include={"queue"}) | given
    for _, queue in tables(given, "queue"):
        yield from map(str, elements(queue, "numbers"))
    for _, number in tables(given, "number"):
        if text(number, "queue"):
            yield text(number, "number")


def _is_served(number: str, served: set[str]) -> bool:
    """A service URN covers those below it (RFC 5031 §4.2)."""
    parts = number.split(".")
    above = {".".join(parts[:end]) for end in range(1, len(parts))} if number.startswith("urn:") else set()
    return bool(served & {number, *above})
