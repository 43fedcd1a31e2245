"""Values as other systems get them: plain, with times in the site's zone."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

import msgspec


def localised(value: Any, zone: tzinfo) -> Any:
    """Plain values with every time in `zone`."""
    return _moved(msgspec.to_builtins(value, builtin_types=(datetime,)), zone)


def _moved(value: Any, zone: tzinfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if isinstance(value, dict):
        return {key: _moved(item, zone) if type(item) in _DEEP else item for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, zone) for item in value]
    return value


_DEEP = (datetime, dict, list)
