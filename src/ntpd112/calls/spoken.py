"""What a waiting caller is told of place and wait, as the prompts that say it. Pure."""

from __future__ import annotations

import math

from .numbers import spoken

SHORT_WAIT_S = 60
"Seconds below which an expected wait is told in tens of seconds, above in minutes."


def place_prompts(place: int) -> list[str]:
    return ["position", *spoken(place)]


def wait_prompts(seconds: float) -> list[str]:
    """Rounded up, so that nobody is told less than is expected."""
    if seconds < SHORT_WAIT_S:
        tens = max(1, math.ceil(seconds / 10))
        return ["expected-wait", *spoken(10 * tens), "seconds"]
    return ["expected-wait", *spoken(math.ceil(seconds / 60)), "minutes"]
