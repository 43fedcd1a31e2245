"""What differs between two configurations, and whether it may change while calls run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .models import Config

RELOADED = frozenset(
    {"trunk", "queue", "destination", "number", "shield", "flood", "callbacks", "codes", "dns"}
)
"Sections that are taken over while the agent runs. Every other is about sockets, files and processes."
HIDDEN = "***"
_SECRET = re.compile(r"(?:.*_)?(?:password|secret)")
_USER = re.compile(r"://[^/@\s]+@")
"User and password of a URL."


class Difference(NamedTuple):
    path: str
    "`trunk.telkom.max_calls`: elements of arrays by name, so that one more above changes no other."
    was: object
    "None: it was not there."
    now: object
    "None: it is no longer there."


def differences(before: Config, after: Config) -> list[Difference]:
    """In the order of the sections. Secrets are hidden, and yet reported when they change."""
    was, now = (config.model_dump(mode="json", by_alias=True) for config in (before, after))
    return [
        Difference(path, _hidden(path, old), _hidden(path, new)) for path, old, new in _between("", was, now)
    ]


def needing_restart(found: list[Difference]) -> list[str]:
    """Paths of what cannot be taken over while the agent runs."""
    return [one.path for one in found if one.path.partition(".")[0] not in RELOADED]


def _between(path: str, was: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    if was == now:
        return
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            yield from _between(f"{path}.{key}" if path else key, was.get(key), now.get(key))
        return
    old, new = _by_name(was), _by_name(now)
    if old is None or new is None:
        yield path, was, now
        return
    yield from _between(path, old, new)
    kept = [name for name in old if name in new]
    if kept != [name for name in new if name in old]:
        yield f"{path} (order)", list(old), list(new)


def _by_name(value: Any) -> dict[str, Any] | None:
    """Tables of an array by their names; None: it is another list."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return None
    names = [one.get("name", one.get("number")) for one in value]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return dict(zip(names, value, strict=True))


def _hidden(path: str, value: Any) -> object:
    if value and _SECRET.fullmatch(path.rpartition(".")[2]):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _hidden(key, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_hidden("", one) for one in value]
    return _USER.sub(f"://{HIDDEN}@", value) if isinstance(value, str) else value
