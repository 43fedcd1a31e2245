"""Flood mode: many calls about one incident. Later callers hear that it is known; who stays on the line waits
while some operators are kept free for others, who say by a key that theirs is another emergency.

It begins and ends by the rate of calls or by a supervisor; the journal remembers it over a restart.
"""

from __future__ import annotations

from ntpd112.journal.events import CallIncident, FloodChanged

from .call import Call
from .call_in import CallIn
from .context import Context, log

CHECK_S = 5.0
"Seconds between looks whether the flood is over."

BEGUN = "FLOOD MODE: later callers are told that the incident is known"


class Flood:
    def __init__(self, context: Context, call_in: CallIn) -> None:
        self._context = context
        self._call_in = call_in

    @property
    def on(self) -> bool:
        return self._context.memory.flood.state.on

    @property
    def prompt(self) -> str:
        """What later callers hear."""
        return self._context.memory.flood.state.prompt or self._context.config.flood.prompt

    def resume(self, now: float) -> None:
        """At the start: as the journal says."""
        if self.on:
            self._keep_free(now)
            self._look_later(now)

    def reconfigured(self, now: float) -> None:
        """Others are kept free from now on, if it is on."""
        self._keep_free(now)

    def look(self, now: float) -> None:
        """A call has come, or time has passed: does it begin or end by the rate of calls?"""
        change = self._context.memory.flood.suggest(self._context.clock.wall(now))
        if change is not None:
            self.switch(change.on, change.reason, now)

    def switch(self, on: bool, reason: str, now: float, *, by: str = "", prompt: str = "") -> None:
        """`by` a person, who then has to end it too; empty: by the rate of calls. No harm if it is so
        already: then reason, prompt and person change."""
        began = on and not self.on
        config = self._context.config.flood
        prompt = (prompt or config.prompt) if on else ""
        at = self._context.clock.wall(now)
        self._context.write(FloodChanged(at=at, on=on, reason=reason, by=by, prompt=prompt))
        say = log.error if on else log.info
        say(BEGUN if on else "flood mode is over", reason=reason, by=by or "rate", prompt=prompt)
        self._keep_free(now)
        if began:
            self._call_in.ring(config.call_in, now)
            self._look_later(now)

    def covers(self, call: Call, now: float) -> bool:
        """Whether a new call is taken to be about the incident; written down with the reason while there is
        one. Who cannot be told of the key that says otherwise is not, nor who had an emergency lately."""
        self.look(now)
        if not self.on or call.facts.direction != "in":
            return False
        if call.known.lift:
            about, reason = False, "the caller had an emergency lately"
        elif call.queue.answer != "announce":
            about, reason = False, f"queue {call.queue.name} cannot ask"
        else:
            about, reason = self._context.memory.flood.about(call.facts)
        at = self._context.clock.wall(now)
        self._context.write(CallIncident(at=at, call_id=call.id, about=about, reason=reason))
        return about

    def _keep_free(self, now: float) -> None:
        self._context.acd.set_kept_free(self._context.config.flood.kept_free if self.on else 0, now)

    def _look_later(self, now: float) -> None:
        def look(now: float) -> None:
            self.look(now)
            if self.on:
                self._look_later(now)

        self._context.timers.start(now + CHECK_S, look)
