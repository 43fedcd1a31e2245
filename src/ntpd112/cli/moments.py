"""Times as traces show them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def moment(at: float, zone: ZoneInfo) -> str:
    """RFC 3339 with milliseconds."""
    return datetime.fromtimestamp(at, zone).isoformat(timespec="milliseconds")
