"""Whom each operator spoke to last: what a feature code that names no call is about."""

from __future__ import annotations

import msgspec

from .bounded import drop_oldest

LAST_S = 7_200.0
"How long a call is an operator's last one: a code dialled the next morning is about none."
MAX_OPERATORS = 5_000


class LastCall(msgspec.Struct, array_like=True):
    """`at`: when they began to speak, epoch seconds. `number` is empty for an anonymous caller."""

    call_id: str
    number: str
    queue: str
    at: float


class Lasts:
    def __init__(self, calls: dict[str, LastCall] | None = None) -> None:
        self.calls: dict[str, LastCall] = {} if calls is None else calls
        "By operator, who spoke last at the end. For the snapshot."

    def spoke(self, operator: str, call: LastCall) -> None:
        self.calls.pop(operator, None)
        drop_oldest(self.calls, MAX_OPERATORS - 1)
        self.calls[operator] = call

    def of(self, operator: str, now: float) -> LastCall | None:
        """None: they have spoken to nobody lately."""
        call = self.calls.get(operator)
        return call if call is not None and now < call.at + LAST_S else None
