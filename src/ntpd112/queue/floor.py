"""What happens on the floor: phones ring for calls, operators become busy and free, and each of them looks
for the other the moment it is available."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from itertools import islice
from random import Random

from .audit import Audit
from .effects import (
    MAX_NAMED,
    NOBODY_FITS,
    CancelOffer,
    Effect,
    Offer,
    Skipped,
    StateChanged,
    Waits,
    Why,
    milliseconds,
)
from .matching import Pool
from .model import CallState, CancelOutcome
from .order import room_for
from .records import CallRecord, OperatorRecord, Talk
from .states import SERVING, SETTLE, OperatorEvent, next_state

OWN_LINE = "own line"
"Why an operator is busy who was in something else when they called somebody."


class Floor(Audit, ABC):
    def __init__(self, rng: Random | None = None) -> None:
        super().__init__(rng)
        self._effects: list[Effect] = []
        self._turns = 0
        self._offers = 0

    # --- the call's side

    def _seek(self, call: CallRecord, now: float) -> None:
        """Ring whoever fits and is free, as many as the strategy wants at once; list the call for more."""
        if not call.out:  # rings begin anew
            call.pulled, call.room = False, room_for(call)
            self._deadlines.cancel(("ring", call.id))
        wished = self._operators.get(call.wish)
        while call.lane != "held" and len(call.out) < call.room:
            operator = self._matching.operator_for(call, wished)
            if operator is None:
                break
            sticky = operator is wished and operator.id not in call.refused
            self._offer(call, operator, now, "sticky" if sticky else call.queue.strategy)
        self._list(call, now)

    def _offer(self, call: CallRecord, operator: OperatorRecord, now: float, chosen_by: str) -> None:
        """The operator is ready. The caller lists the call afterwards."""
        why = self._why(call, operator, now, chosen_by)
        call.offers += 1
        call.out[operator.id] = call.offers
        call.offered[operator.id] = call.offered.get(operator.id, 0) + 1
        self._offers += 1
        self._matching.set_busy(operator)
        operator.last_offer = self._offers
        operator.counters.offers += 1
        operator.call = call
        self._effects.append(Offer(call.id, operator.id, call.offers, why))
        self._enter(operator, "offer", now, "offered", call.id)
        self._deadlines.set(("operator", operator.id), now + call.queue.ring_timeout)

    def _list(self, call: CallRecord, now: float) -> None:
        """Put the call where those who become free look for it."""
        if call.out:
            self._count_as(call, "ringing")
            call.waits = ""
            if len(call.out) < call.room and call.lane != "held":
                self._matching.put(call, "ringing")
            else:
                self._matching.take(call)
            if call.queue.strategy == "progressive" and ("ring", call.id) not in self._deadlines:
                self._deadlines.set(("ring", call.id), now + call.queue.ring_step)
            return
        self._count_as(call, "waiting")
        if call.lane == "held":
            self._matching.hold(call)
        else:
            self._matching.put(call, "incident" if call.incident else "waiting")
        self._say_waits(call, now)

    def _count_as(self, call: CallRecord, state: CallState) -> None:
        if state != call.state:
            call.home.counts[call.state, call.lane] -= 1
            call.home.counts[state, call.lane] += 1
            call.state = state

    def _forget(self, call: CallRecord) -> None:
        """It was answered or is over; its rings are for the caller to end."""
        self._matching.take(call)
        for kind in ("lane", "step", "ring", "incident"):
            self._deadlines.cancel((kind, call.id))
        home = call.home
        home.counts[call.state, call.lane] -= 1
        del home.unanswered[bisect_left(home.unanswered, (call.since, call.arrival))]
        del self._calls[call.id]

    # --- why

    def _why(self, call: CallRecord, operator: OperatorRecord, now: float, chosen_by: str) -> Why:
        pool = self._matching.pool(call)
        candidates = [one.id for _, one in islice(pool.idle, MAX_NAMED)] or [operator.id]
        skipped = [Skipped(one, call.refused[one]) for one in candidates if one in call.refused]
        if operator.id in call.refused:
            skipped = []  # everyone free had refused it
        wished = self._operators.get(call.wish)
        if wished is not None and wished is not operator and call.offers == 0:
            obstacle = wished.state if call.accepts(wished) else "does not fit"
            skipped.append(Skipped(wished.id, f"sticky, but {obstacle}"))
        return Why(
            waited_ms=milliseconds(now - call.since),
            step=call.step,
            lane=call.lane,
            free=len(pool.idle) or 1,
            candidates=candidates,
            skipped=skipped[:MAX_NAMED],
            fit=pool.fit(),
            unfit=self._serving - pool.serving(),
            chosen_by=chosen_by,
        )

    def _say_waits(self, call: CallRecord, now: float) -> None:
        pool = self._matching.pool(call)
        if call.lane == "held":
            reason = "held for screening"
        elif pool.idle:
            reason = "kept free for others"
        elif not self._serving:
            reason = "nobody serving"
        else:
            reason = "nobody free" if pool.serving() else NOBODY_FITS
        if reason != call.waits:
            call.waits = reason
            self._effects.append(Waits(call.id, pool.fit(), self._serving - pool.serving(), reason))
            if reason == NOBODY_FITS:
                self._hurry_to_somebody(call, now)

    # --- the operator's side

    def _stop_ringing(
        self,
        operator: OperatorRecord,
        outcome: CancelOutcome,
        event: OperatorEvent,
        reason: str,
        now: float,
        pause: float = 0.0,
    ) -> CallRecord:
        """Our side ends the offer. The call is then to seek the next."""
        call = operator.call
        assert call is not None, "a ringing operator has a call"
        self._effects.append(CancelOffer(call.id, operator.id, call.out.pop(operator.id), outcome))
        self._free(operator, now, event, reason, call.id, pause)
        return call

    def _stop_rings(self, call: CallRecord, now: float, reason: str, *, but: str = "") -> None:
        """Nobody is to blame: all whose phones ring for the call keep their places."""
        for operator_id in [one for one in call.out if one != but]:
            self._stop_ringing(self._operators[operator_id], "withdrawn", "withdraw", reason, now)

    def _free(
        self,
        operator: OperatorRecord,
        now: float,
        event: OperatorEvent,
        reason: str,
        call_id: str,
        pause: float = 0.0,
    ) -> None:
        """The operator's ring or talk is over. A state that was asked for meanwhile, or a lost phone, comes
        before what `event` would lead to; a wrap-up lasts `pause` seconds."""
        operator.call = operator.talk = None
        settled, why = operator.settles_in()
        if settled != "ready":
            event, reason = SETTLE[settled], why
        self._enter(operator, event, now, reason, call_id)
        if operator.lines:
            self._engage(operator, operator.lines[0], now, OWN_LINE)
        elif operator.removed:
            self._remove(operator)
        elif operator.state == "wrap-up":
            self._deadlines.set(("operator", operator.id), now + pause)
        elif operator.state == "ready":
            self._serve_next(operator, now, keep=event == "withdraw")

    def _engage(self, operator: OperatorRecord, call_id: str, now: float, reason: str) -> None:
        """Busy with what the ACD did not offer. The operator has no call of it."""
        self._enter(operator, "engage", now, reason, call_id)
        self._begin_talk(operator, Talk(call_id, None, now))

    def _leave_talk(self, operator: OperatorRecord, talk: Talk) -> None:
        others = self._talks[talk.call_id]
        del others[operator.id]
        if not others:
            del self._talks[talk.call_id]

    def _begin_talk(self, operator: OperatorRecord, talk: Talk) -> None:
        operator.talk = talk
        self._talks.setdefault(talk.call_id, {})[operator.id] = operator
        if talk.home is not None:
            talk.home.talking += 1

    def _move(self, operator: OperatorRecord, talk: Talk, call_id: str) -> None:
        self._leave_talk(operator, talk)
        talk.call_id = call_id
        self._talks.setdefault(call_id, {})[operator.id] = operator

    def _settle_if_free(
        self, operator: OperatorRecord, now: float, reason: str, *, cut_wrap_up: bool = False
    ) -> None:
        busy = operator.state in ("ringing", "talking")
        wrapping_up = operator.state == "wrap-up" and operator.phone and not cut_wrap_up
        if not busy and not wrapping_up:
            self._settle(operator, now, reason)

    def _settle(self, operator: OperatorRecord, now: float, reason: str) -> None:
        """Go where an operator without a call belongs; `reason` counts for `ready`. Who is there already is
        there for the last reason given: before the phones are back all are offline, and some by their own
        wish."""
        settled, why = operator.settles_in()
        if settled == operator.state:
            operator.reason = why or operator.reason
        else:
            self._enter(operator, SETTLE[settled], now, reason if settled == "ready" else why)
            if settled == "ready":
                self._serve_next(operator, now)
        if operator.removed:
            self._remove(operator)

    def _enter(
        self,
        operator: OperatorRecord,
        event: OperatorEvent,
        now: float,
        reason: str,
        call_id: str | None = None,
    ) -> None:
        """The one place where an operator changes state."""
        previous = operator.state
        state = next_state(operator.id, previous, event)
        self._matching.set_busy(operator)
        left = self._matching.moved(operator, previous, state)
        self._deadlines.cancel(("operator", operator.id))
        self._serving += (state in SERVING) - (previous in SERVING)
        operator.state, operator.reason, operator.since = state, reason, now
        self._effects.append(StateChanged(operator.id, previous, state, reason, call_id))
        if previous in SERVING and not self._serving:
            self._deserted(now)
        else:
            self._left(left, now, self._calls.get(call_id or ""))

    @abstractmethod
    def _deserted(self, now: float) -> None:
        """The last serving operator has gone."""

    def _left(self, pools: list[Pool], now: float, rang: CallRecord | None = None) -> None:
        """An operator serves there no longer. Whom that leaves with nobody seeks further in order of service,
        also the call that rang them, which is listed nowhere yet. Costs no more than a look at the pools
        unless they were the last."""
        forsaken = [pool for pool in pools if pool.forsaken]
        if not forsaken:
            return
        calls = [entry for pool in forsaken for shelf in (pool.waiting, pool.incident) for entry in shelf]
        if rang is not None and not rang.out and rang.shelf is None:
            calls.append((rang.key, rang))
        for _, call in sorted(calls):
            self._seek(call, now)

    @abstractmethod
    def _hurry_to_somebody(self, call: CallRecord, now: float) -> None:
        """The call begins to wait while others serve, but nobody who fits."""

    def _serve_next(self, operator: OperatorRecord, now: float, *, keep: bool = False) -> None:
        """The operator is ready: the first waiting call they fit rings at once, else they are idle, in the
        place they had (`keep`) or the last."""
        if not keep:
            self._turns += 1
            operator.idle_since, operator.turn = now, self._turns
        call = self._matching.call_for(operator)
        if call is not None:
            self._offer(call, operator, now, "freed")
            self._list(call, now)
            return
        self._matching.set_idle(operator)
        if self._matching.kept_free:
            self._serve_kept_back(now)

    def _serve_kept_back(self, now: float) -> None:
        """More operators are idle than are kept free: calls about the incident have their turn."""
        while (call := self._matching.kept_back()) is not None:
            self._seek(call, now)

    def _remove(self, operator: OperatorRecord) -> None:
        self._matching.remove_operator(operator)
        del self._operators[operator.id]
