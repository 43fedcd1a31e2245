"""So that many webhooks that catch up at the same time leave the loop to the calls."""

from __future__ import annotations

import asyncio

PER_S = 250
"Requests of all webhooks together. Each costs a millisecond of the loop that calls are handled in."


class Pace:
    """Turns at even distances, first come, first served. A receiver that hangs takes none meanwhile."""

    def __init__(self, per_s: float = PER_S) -> None:
        self._apart_s = 1 / per_s
        self._next = 0.0
        "When the next turn is free, by the loop's clock."

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self._apart_s
        if mine > now:
            await asyncio.sleep(mine - now)
