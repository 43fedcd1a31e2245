"""Waiting for something to become true, with an error that says what did not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 20.0
"Long enough for a loaded two-core machine; what happens at once is seen at once."
LOOK_EVERY_S = 0.05


def eventually(look: Callable[[], T], what: str, *, within_s: float = PATIENCE_S) -> T:
    """Looks until the answer is true and returns it. `look` may raise AssertionError or ConnectionError
    meanwhile; the last one is the cause of the TimeoutError."""
    deadline = time.monotonic() + within_s
    problem: Exception | None = None
    answer: T | None = None
    while True:
        try:
            answer = look()
            problem = None
            if answer:
                return answer
        except (AssertionError, ConnectionError) as error:
            problem = error
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{what}: not within {within_s:.0f} s; last: {problem or answer!r}"
            ) from problem
        time.sleep(LOOK_EVERY_S)
