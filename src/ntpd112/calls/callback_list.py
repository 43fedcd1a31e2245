"""The call-back list as the API sees it, over the memory and call control."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

from ntpd112.journal.events import CallbackOutcome
from ntpd112.memory.callbacks import Callback

from .callback import Callbacks
from .context import Context
from .views import CallbackView, UnknownOperator


class LiveCallbacks:
    """Implements `console.CallbackList`. `on_input` asks for a turn after something was changed; `now` gives
    monotonic seconds."""

    def __init__(
        self,
        context: Context,
        callbacks: Callbacks,
        zone: tzinfo,
        on_input: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._context = context
        self._callbacks = callbacks
        self._zone = zone
        self._on_input = on_input
        self._now = now

    def entries(self) -> list[CallbackView]:
        now = self._context.clock.wall(self._now())
        return [self._view(entry) for entry in self._context.memory.callbacks.entries(now)]

    def call(self, entry_id: str, operator: str) -> str:
        if self._context.acd.operator(operator) is None:
            raise UnknownOperator(f'no operator has the id "{operator}"')
        call_id = self._callbacks.from_console(entry_id, operator, self._now())
        self._on_input()
        return call_id

    def close(self, entry_id: str, outcome: CallbackOutcome, note: str, by: str) -> None:
        self._callbacks.close(entry_id, outcome, by, self._now(), note)
        self._on_input()

    def _view(self, entry: Callback) -> CallbackView:
        return CallbackView(
            id=entry.id,
            number=entry.number,
            need=entry.need,
            calls=entry.calls,
            count=entry.count,
            first_at=self._date(entry.first_at),
            last_at=self._date(entry.last_at),
            queue=entry.queue,
            waited_s=round(entry.waited_s, 3),
            category=entry.category,
            reasons=entry.reasons,
            attempts=entry.attempts,
            last_operator=entry.last_operator,
            claimed_by=entry.claimed_by,
        )

    def _date(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self._zone)
