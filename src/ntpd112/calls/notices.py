"""What happens to operators and trunks, and what the ACD decides: written down, and said in the log when
somebody should know."""

from __future__ import annotations

from ntpd112.journal.events import OperatorChanged, TrunkChanged, TrunkFilled, TrunkRefused
from ntpd112.queue import NOBODY_FITS, LastOperator, StateChanged, Waits
from ntpd112.sip import events as sip_events
from ntpd112.sip.events import GatewayPassed, GatewayState, Refused, TrunkFilling

from .context import Context, log
from .decisions import Decision, event_of
from .holding import held_lines, in_words

LAST_OPERATOR = "LAST OPERATOR DID NOT PICK UP and is rung again: get somebody to a phone"
NOBODY_WHO_FITS = (
    "NOBODY WHO FITS: those on duty lack the skills or are kept out by a role; the ladder is next"
)
NOT_REGISTERED = "TRUNK NOT REGISTERED: no calls come over it"
GATEWAY_PASSED = "a gateway did not take a call; the next one is asked"
TRUNK_DOWN = "TRUNK DOWN: look at the PBX and the way to it; calls that still come are taken"

TRUNK_NEARLY_FULL = "TRUNK NEARLY FULL: look at what holds its lines; the next calls may find none"


class Notices:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._unfit: list[Waits] = []
        "Calls that began to wait with nobody who fits, and of which nothing was said yet."

    def trunk(self, trunk: str, up: bool, reason: str, now: float) -> None:
        say = log.info if up else log.error
        say("trunk answers" if up else TRUNK_DOWN, trunk=trunk, reason=reason)
        at = self._context.clock.wall(now)
        self._context.write(TrunkChanged(at=at, trunk=trunk, up=up, reason=reason))

    def trunk_filling(self, event: TrunkFilling, now: float) -> None:
        """What holds the lines is said, since quiet calls can be put off and others not."""
        trunk, at = event.trunk, self._context.clock.wall(now)
        lines = held_lines(self._context).get(trunk.name, {})
        say = log.error if event.nearly_full else log.info
        say(
            TRUNK_NEARLY_FULL if event.nearly_full else "trunk has free lines again",
            trunk=trunk.name,
            calls=trunk.calls,
            max_calls=trunk.max_calls,
            held_by=in_words(lines),
        )
        self._context.write(
            TrunkFilled(
                at=at,
                trunk=trunk.name,
                nearly_full=event.nearly_full,
                calls=trunk.calls,
                max_calls=trunk.max_calls,
                lines={str(kind): count for kind, count in lines.items()},
            )
        )

    def refused(self, event: Refused) -> None:
        source = f"{event.flow.remote.host}:{event.flow.remote.port}"
        log.warning(
            "INVITE refused", source=source, sip_code=event.code, reason=event.reason, count=event.count
        )

    def trunk_refused(self, event: sip_events.TrunkRefused, now: float) -> None:
        """These calls have no CDR: a flood would fill the database with them."""
        log.warning("CALLS REFUSED: the trunk goes elsewhere", reason=event.reason, count=event.count)
        at = self._context.clock.wall(now)
        self._context.write(TrunkRefused(at=at, trunk=event.trunk.name, why=event.refusal, count=event.count))

    def registration(self, trunk: str, registered: bool, reason: str) -> None:
        if registered:
            log.info("trunk registered", trunk=trunk)
        else:
            log.error(NOT_REGISTERED, trunk=trunk, reason=reason)

    def gateway(self, event: GatewayState | GatewayPassed) -> None:
        about = {"trunk": event.trunk, "gateway": event.gateway}
        if isinstance(event, GatewayPassed):
            cause = event.cause
            log.warning(GATEWAY_PASSED, sip_code=cause.sip_code, reason=cause.text, **about)
        elif event.up:
            log.info("gateway answers", **about)
        else:
            log.error("GATEWAY DOWN: it does not answer OPTIONS; calls ask it last", **about)

    def decided(self, effect: Decision, now: float) -> None:
        if isinstance(effect, LastOperator):
            log.error(LAST_OPERATOR, call_id=effect.call_id, operator=effect.operator)
        if isinstance(effect, Waits) and effect.reason == NOBODY_FITS:
            self._unfit.append(effect)
        if effect.call_id in self._context.calls:
            self._context.write(event_of(effect, self._context.clock.wall(now)))

    def say(self) -> None:
        """Once after each lot of effects: who leaves may be the last for hundreds of calls, and one line with
        their number and the first of them says more than hundreds."""
        if self._unfit:
            first, calls = self._unfit[0], len(self._unfit)
            log.error(NOBODY_WHO_FITS, call_id=first.call_id, calls=calls, fit=first.fit, on_duty=first.unfit)
            self._unfit.clear()

    def operator(self, effect: StateChanged, now: float) -> None:
        """Written down always; said in the log when it is not just a call taking its course."""
        operator, state = effect.operator, effect.state
        if {state, effect.previous} & {"break", "offline"}:
            log.info(
                "operator changes state",
                operator=operator,
                state=state,
                was=effect.previous,
                reason=effect.reason,
            )
            self._warn_of_nobody(state)
        self._context.write(
            OperatorChanged(
                at=self._context.clock.wall(now),
                operator=operator,
                state=state,
                previous=effect.previous,
                reason=effect.reason,
            )
        )

    def _warn_of_nobody(self, state: str) -> None:
        calls = len(self._context.calls)
        if calls and state in ("break", "offline") and not self._context.acd.anyone_serving():
            log.error("NOBODY TO ANSWER: the last operator has gone; get somebody to a phone", calls=calls)
