"""The shield against ghost calls: the caller is asked to speak or press a key, and who does is served first.

Nobody is dropped or blocked. Who says nothing waits in the quiet lane, which is served when the normal one is
empty and no later than `longest_wait`; a silent caller may be one who must not be heard, whom the panic keys
lift above all, at any time while waiting. Speaking or a key later counts as well.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from ntpd112.config import ScreeningConfig
from ntpd112.journal.events import CallDtmf, CallIncident, CallScreened, Lane, PartyKind

from .call import Call, KeysBy
from .context import Context, log
from .waiting import MAX_KEYS

QUESTION_S = 30.0
"Seconds the question may take to be asked, until its end is reported; the built-in ones last 10."
SLACK_S = 5.0
"Seconds by which the ACD's own deadline of a held call comes after ours."
Answer = Literal["voice", "key", "panic"]


class Screening:
    def __init__(self, context: Context) -> None:
        self._context = context

    def first_lane(self, call: Call, lane: Lane, now: float) -> tuple[Lane, float | None]:
        """Where a call that would wait in `lane` begins, and until when at most."""
        asks = self._asks(call)
        if asks is None or lane != "normal" or asks.when == "busy":
            return lane, None
        return "held", now + QUESTION_S + asks.window + SLACK_S

    def begin(self, call: Call, lane: Lane, now: float) -> list[str]:
        """The call waits in `lane` now, unless it rings already. The prompts that ask, in place of the
        announcement; none: the caller is not asked."""
        asks = self._asks(call)
        waiting = self._context.acd.call(call.id)
        if asks is None or waiting is None:
            return []
        if lane == "normal" and asks.when == "busy" and waiting.state == "waiting":
            until = waiting.since + asks.longest_wait
            self._context.acd.set_lane(call.id, "quiet", now, "asked to speak or press a key", until)
        elif lane != "held":
            return []
        call.wait.asked_at = now
        call.media.watch_voice(True)
        self._decide_at(call, now + QUESTION_S + asks.window)
        return [asks.prompt]

    def asked(self, call: Call, now: float) -> None:
        """The question has been asked to its end: the time to answer it begins."""
        asks = self._asks(call)
        if asks is not None and not call.wait.screened:
            self._decide_at(call, now + asks.window)

    def _decide_at(self, call: Call, at: float) -> None:
        call.wait.start("screening", self._context.later(call, at, partial(self._silent, call)))

    def _silent(self, call: Call, now: float) -> None:
        """The caller is listened to on: who speaks later is a normal caller from then on."""
        asks, waiting = self._asks(call), self._context.acd.call(call.id)
        if asks is None or waiting is None or call.wait.screened:
            return
        self._write(call, "silent", now)
        if waiting.lane == "held":
            until = waiting.since + asks.longest_wait
            self._context.acd.set_lane(call.id, "quiet", now, "silent", until)

    # --- answers

    def voice(self, call: Call, now: float) -> None:
        self._answered(call, "voice", "spoke", now)

    def pressed(self, call: Call, by: PartyKind, digit: str, how: KeysBy, now: float) -> None:
        """Somebody in a call pressed a key: written down, and heard if it is the caller, who waits."""
        if call.keys_by.setdefault(by, how) != how:
            return
        at = self._context.clock.wall(now)
        self._context.write(CallDtmf(at=at, call_id=call.id, by=by, digit=digit))
        if by == "caller" and not call.parties:
            self._key(call, digit, now)

    def _key(self, call: Call, digit: str, now: float) -> None:
        wait, config = call.wait, self._context.config
        wait.keys = (wait.keys + digit)[-MAX_KEYS:]
        panic = call.queue.screening.panic if call.queue.screening is not None else ""
        if panic and wait.keys.endswith(panic):
            wait.keys = ""
            self._panic(call, panic, now)
            return
        if wait.incident and wait.keys.endswith(config.flood.key):
            self._other_emergency(call, f"pressed {config.flood.key}", now)
        self._answered(call, "key", "pressed a key", now)

    def _answered(self, call: Call, answer: Answer, reason: str, now: float) -> None:
        waiting = self._context.acd.call(call.id)
        if waiting is None or call.wait.asked_at is None or call.wait.screened:
            return
        self._write(call, answer, now)
        self._is_screened(call)
        if waiting.lane in ("held", "quiet"):
            self._context.acd.set_lane(call.id, "normal", now, reason)

    def _panic(self, call: Call, keys: str, now: float) -> None:
        if self._context.acd.call(call.id) is None:
            return
        log.warning("PANIC KEYS: a caller who may be unable to speak goes first", call_id=call.id)
        self._write(call, "panic", now, keys)
        self._is_screened(call)
        self._context.acd.lift(call.id, now, "panic keys")

    def _is_screened(self, call: Call) -> None:
        call.wait.screened = True
        call.wait.stop("screening")
        call.media.watch_voice(False)

    def lifted(self, call: Call, reason: str, now: float) -> None:
        """The call goes first, by its keys or a supervisor: whatever it is about."""
        if call.wait.incident:
            self._other_emergency(call, reason, now)

    def _other_emergency(self, call: Call, reason: str, now: float) -> None:
        """Not about the known incident."""
        call.wait.incident = False
        at = self._context.clock.wall(now)
        self._context.write(CallIncident(at=at, call_id=call.id, about=False, reason=reason))
        self._context.acd.set_incident(call.id, False, now)

    def _write(
        self, call: Call, result: Literal["voice", "key", "panic", "silent"], now: float, keys: str = ""
    ) -> None:
        asked_at = call.wait.asked_at
        after_ms = round(1000 * (now - asked_at)) if asked_at is not None else 0
        at = self._context.clock.wall(now)
        self._context.write(
            CallScreened(
                at=at, call_id=call.id, result=result, after_ms=after_ms, keys=keys or call.wait.keys
            )
        )

    def _asks(self, call: Call) -> ScreeningConfig | None:
        """Who is answered can hear the question. Operators who call a queue, and who had an emergency lately,
        are not asked."""
        can_be = call.queue.answer == "announce" and call.facts.direction == "in"
        return call.queue.screening if can_be and not call.known.lift else None
