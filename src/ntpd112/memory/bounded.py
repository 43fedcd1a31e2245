"""Dictionaries as bounded tables: insertion order is age."""

from __future__ import annotations

from typing import Any


def drop_oldest(table: dict[str, Any], limit: int) -> None:
    """Leaves at most `limit`."""
    while len(table) > limit:
        del table[next(iter(table))]
