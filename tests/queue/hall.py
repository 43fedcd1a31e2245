"""A small call centre for tests: an ACD with queue "112" and operators, and a clock carried by hand."""

from __future__ import annotations

from ntpd112.queue import Acd, CancelOffer, Effect, Offer, Operator, OperatorSpec, QueuePolicy, StateChanged

RING = 15.0
WRAP_UP = 10.0
PAUSE = 5.0


class Hall:
    """`operators`: id to skills; all registered and ready at 0, one after another."""

    def __init__(self, operators: dict[str, dict[str, int]] | None = None, wrap_up: float = WRAP_UP) -> None:
        self.acd = Acd()
        self.acd.set_queue(QueuePolicy("112", RING, wrap_up, PAUSE))
        for operator, skills in (operators or {}).items():
            self.join(operator, skills)
        self.acd.effects()

    def join(self, operator: str, skills: dict[str, int] | None = None, now: float = 0.0) -> None:
        self.acd.set_operator(OperatorSpec(operator, operator.title(), skills or {}), now)
        self.acd.phone_available(operator, now)

    def call(
        self, call_id: str, now: float = 0.0, *, priority: int = 5, skills: dict[str, int] | None = None
    ) -> list[Effect]:
        self.acd.enqueue(call_id, "112", priority, skills or {}, now)
        return self.acd.effects()

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


def cancels(effects: list[Effect]) -> list[CancelOffer]:
    return [effect for effect in effects if isinstance(effect, CancelOffer)]


def changes(effects: list[Effect]) -> list[tuple[str, str, str]]:
    """Operator, new state, reason."""
    return [(e.operator, e.state, e.reason) for e in effects if isinstance(e, StateChanged)]
