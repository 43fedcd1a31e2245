"""The generic cell rate algorithm (ITU-T I.371 annex A): a token bucket of which one number is kept, the time
at which it is full again. Pure: `now` is the seconds of any clock."""

from __future__ import annotations

ROUNDING_S = 1e-6
"What adding and subtracting times may be wrong by: who waits as told is not told to wait again."


def take(full_at: float, now: float, interval_s: float, tolerance_s: float) -> tuple[float, float]:
    """Takes a token. There is one each `interval_s`; a full bucket has those of `tolerance_s` besides.
    Returns when it is full, and 0; or, if none was taken, in how many seconds there will be one."""
    full_at = max(now, full_at)
    wait_s = full_at - now - tolerance_s
    if wait_s > ROUNDING_S:
        return full_at, wait_s
    return full_at + interval_s, 0.0
