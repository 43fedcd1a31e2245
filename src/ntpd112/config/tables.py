"""Walking through values as given, of which any may be malformed: what is no table or list is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def tables(given: dict[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The tables of an array with their places."""
    for index, table in enumerate(elements(given, section)):
        if isinstance(table, dict):
            yield index, table


def elements(table: dict[str, Any], key: str) -> list[Any]:
    found = table.get(key)
    return found if isinstance(found, list) else []


def text(table: dict[str, Any], key: str, default: str = "") -> str:
    found = table.get(key, default)
    return found if isinstance(found, str) else ""


def listed(names: set[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(names) if name)
