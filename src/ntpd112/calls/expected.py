"""How long who calls now will wait. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ntpd112.queue import Operator
from ntpd112.queue.states import SERVING


def expected_wait(fit: Sequence[Operator], wrap_up_s: float, ahead: int) -> float | None:
    """Seconds until somebody is free, with `ahead` calls before it: talks as long as those that are over
    were, shared among those of `fit` who serve. 0 with a free operator for everybody; None when nobody
    serves, or no talk is over yet."""
    serving = [one for one in fit if one.state in SERVING]
    if ahead < sum(one.state == "ready" for one in serving):
        return 0.0
    over = sum(one.counters.taken - (one.state == "talking") for one in serving)
    if over <= 0:
        return None
    mean_s = sum(one.counters.talk_s for one in serving) / over + wrap_up_s
    return round((ahead + 1) * mean_s / len(serving), 1)
