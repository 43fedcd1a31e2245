"""A small call centre for tests: an ACD with queue "112" and operators, and a clock carried by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from ntpd112.queue import (
    Acd,
    Ask,
    Call,
    CancelOffer,
    Effect,
    Offer,
    Operator,
    OperatorSpec,
    QueuePolicy,
    StateChanged,
    Waits,
    Why,
)

T = TypeVar("T")

RING = 15.0
WRAP_UP = 10.0
PAUSE = 5.0


class Hall:
    """`operators`: id to skills; all registered and ready at 0, one after another."""

    def __init__(
        self,
        operators: dict[str, dict[str, int]] | Iterable[str] = (),
        wrap_up: float = WRAP_UP,
        **policy: Any,
    ) -> None:
        self.acd = Acd()
        self.acd.set_queue(QueuePolicy("112", RING, wrap_up, PAUSE, **policy))
        skilled = operators if isinstance(operators, dict) else {operator: {} for operator in operators}
        for operator, skills in skilled.items():
            self.join(operator, skills)
        self.acd.effects()

    def join(self, operator: str, skills: dict[str, int] | None = None, now: float = 0.0) -> None:
        self.acd.set_operator(OperatorSpec(operator, operator.title(), skills or {}), now)
        self.acd.phone_available(operator, now)

    def call(self, call_id: str, now: float = 0.0, *, priority: int = 5, **ask: Any) -> list[Effect]:
        """Whatever else `Ask` has."""
        self.acd.enqueue(Ask(call_id=call_id, queue="112", priority=priority, **ask), now)
        return self.acd.effects()

    def later(self, now: float) -> list[Effect]:
        self.acd.handle_timer(now)
        return self.acd.effects()

    def view(self, call_id: str) -> Call:
        found = self.acd.call(call_id)
        assert found is not None
        return found

    def answered_call(self, call_id: str, operator: str, now: float = 0.0) -> None:
        """`operator` is the longest idle and talks in this call afterwards."""
        assert offers(self.call(call_id, now)) == [(call_id, operator)]
        self.acd.offer_accepted(call_id, operator, now)
        self.acd.effects()

    def state(self, operator: str) -> str:
        found = self.operator(operator)
        return found.state

    def operator(self, operator: str) -> Operator:
        found = self.acd.operator(operator)
        assert found is not None
        return found

    def waiting(self) -> list[str]:
        return [call.call_id for call in self.acd.waiting()]


def offers(effects: list[Effect]) -> list[tuple[str, str]]:
    return [(effect.call_id, effect.operator) for effect in effects if isinstance(effect, Offer)]


def whys(effects: list[Effect]) -> list[Why]:
    return [effect.why for effect in effects if isinstance(effect, Offer)]


def plain(effects: list[Effect]) -> list[Effect | tuple[str, str, int]]:
    """Offers as call, operator, number; the rest but `Waits` as it is."""
    return [
        (one.call_id, one.operator, one.number) if isinstance(one, Offer) else one
        for one in effects
        if not isinstance(one, Waits)
    ]


def of_kind(effects: list[Effect], kind: type[T]) -> list[T]:
    return [effect for effect in effects if isinstance(effect, kind)]


def cancels(effects: list[Effect]) -> list[CancelOffer]:
    return [effect for effect in effects if isinstance(effect, CancelOffer)]


def changes(effects: list[Effect]) -> list[tuple[str, str, str]]:
    """Operator, new state, reason."""
    return [(e.operator, e.state, e.reason) for e in effects if isinstance(e, StateChanged)]
