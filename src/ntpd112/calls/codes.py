"""Feature codes: what operators do by dialling from their phone. Which code a number is (pure), and doing it.

Each is answered, done, confirmed by a prompt and hung up (`lines.py`); a call-back or supervision goes on as
a call. A phone that hears a confirmation is busy for the ACD, so that no call rings at it meanwhile.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple, get_args

from ntpd112.config import CodesConfig
from ntpd112.journal.events import Classification
from ntpd112.media import NoPorts
from ntpd112.sip.leg import Leg

from .call import Call
from .callback import Callbacks, NobodyToCall
from .classifying import call_of, classify
from .context import Context, log
from .lines import Lines
from .numbers import spoken
from .sound import Sound
from .supervision import Supervision
from .views import SettableState, StateConflict, SupervisorMode, UnknownCall
from .whom import Unreachable

Watch = Literal["listen", "whisper", "barge"]
Code = SettableState | Classification | Watch | Literal["callback", "queue"]
BY = "code"
"The reason of a state that was dialled."
MODES: dict[Code, SupervisorMode] = {"listen": "listen", "whisper": "whisper", "barge": "talk"}
REFUSED = ("code-refused",)
NOTHING = ("code-nothing",)


class Dialled(NamedTuple):
    code: Code
    argument: str = ""
    "What was dialled behind the code: whom to supervise."


def code_of(codes: CodesConfig, number: str) -> Dialled | None:
    """The code that the number is. Only those of supervision take something behind them."""
    own = _numbers(codes)
    if number in own:
        return Dialled(own[number])
    for digits, code in own.items():
        if code in get_args(Watch) and number.startswith(digits):
            return Dialled(code, number.removeprefix(digits))
    return None


def _numbers(codes: CodesConfig) -> dict[str, Code]:
    """What is dialled for each; a code that is switched off is dialled by nothing."""
    own: dict[str, Code] = {
        codes.ready: "ready",
        codes.break_: "break",
        codes.offline: "offline",
        codes.emergency: "emergency",
        codes.information: "information",
        codes.ghost: "ghost",
        codes.prank: "prank",
        codes.callback: "callback",
        codes.queue: "queue",
        codes.listen: "listen",
        codes.whisper: "whisper",
        codes.barge: "barge",
    }
    own.pop("", None)
    return own


class Codes:
    def __init__(
        self, context: Context, sound: Sound, lines: Lines, callbacks: Callbacks, supervision: Supervision
    ) -> None:
        self._context = context
        self._sound = sound
        self._lines = lines
        self._callbacks = callbacks
        self._supervision = supervision

    def dial(self, leg: Leg, user: str, dialled: Dialled, now: float) -> None:
        """The operator's phone dialled a code."""
        log.info("code dialled", operator=user, code=dialled.code)
        self._lines.hang_up(user, now)
        match dialled.code:
            case "ready" | "break" | "offline":
                self._change_state(leg, user, dialled.code, now)
            case "emergency" | "information" | "ghost" | "prank":
                self._say(leg, user, self._classify(user, dialled.code, now), now)
            case "queue":
                self._say(leg, user, self._queue_state(now), now)
            case "callback":
                self._call_back(leg, user, now)
            case "listen" | "whisper" | "barge":
                self._supervise(leg, user, dialled, now)

    # --- states

    def _change_state(self, leg: Leg, user: str, wanted: SettableState, now: float) -> None:
        """At once; but who becomes ready, or is so, is offered a call only when they have heard it."""
        acd = self._context.acd
        operator = acd.operator(user)
        assert operator is not None, "the desk knows its operators"
        hears_first = wanted == "ready" and operator.phone
        try:
            if hears_first and operator.state == "offline":
                acd.request_state(user, "break", now, BY)
            busy = hears_first and self._engage(user, now)
            acd.request_state(user, wanted, now, BY)
        except StateConflict as problem:
            log.info("code refused", operator=user, reason=str(problem))
            self._say(leg, user, REFUSED, now)
        else:
            over = partial(self._release, user, False) if busy else None
            self._lines.open(leg, user, (f"code-{wanted}",), now, over)

    def _say(self, leg: Leg, user: str, prompts: tuple[str, ...], now: float) -> None:
        """Let the phone hear them; no call rings at it meanwhile. Who was in wrap-up has one again."""
        operator = self._context.acd.operator(user)
        state = operator.state if operator is not None else "offline"
        over = None
        if state in ("ready", "wrap-up") and self._engage(user, now):
            over = partial(self._release, user, state == "wrap-up")
        self._lines.open(leg, user, prompts, now, over)

    def _engage(self, user: str, now: float) -> bool:
        """Busy for the ACD. False: with something else already."""
        try:
            self._context.acd.engage(user, _line_of(user), now, BY)
        except StateConflict:
            return False
        return True

    def _release(self, user: str, wrap_up: bool, now: float) -> None:
        operator = self._context.acd.operator(user)
        if operator is not None and operator.state == "talking" and operator.call_id == _line_of(user):
            self._context.acd.disengage(user, now, wrap_up=wrap_up)

    # --- calls

    def _classify(self, user: str, classification: Classification, now: float) -> tuple[str, ...]:
        call_id = call_of(self._context, user, now)
        if call_id is None:
            return NOTHING
        try:
            classify(self._context, call_id, classification, user, now)
        except UnknownCall:
            return NOTHING
        return ("code-classified",)

    def _queue_state(self, now: float) -> tuple[str, ...]:
        """Of all queues together."""
        acd = self._context.acd
        loads = [acd.load(queue.name, now) for queue in self._context.config.queue]
        ready = sum(operator.state == "ready" for operator in acd.operators())
        return (
            "calls-waiting",
            *spoken(sum(load.waiting + load.ringing for load in loads)),
            "operators-ready",
            *spoken(ready),
            "longest-wait",
            *spoken(round(max(load.longest_wait_s for load in loads))),
            "seconds",
        )

    def _call_back(self, leg: Leg, user: str, now: float) -> None:
        """The next on the list, else the caller of the operator's last call."""
        try:
            self._callbacks.from_phone(leg, user, now)
        except NobodyToCall:
            self._say(leg, user, ("callback-none",), now)
        except (StateConflict, Unreachable) as problem:
            log.warning("call-back refused", operator=user, reason=str(problem))
            self._say(leg, user, REFUSED, now)

    def _supervise(self, leg: Leg, user: str, dialled: Dialled, now: float) -> None:
        """Into the call of the operator who was dialled behind the code, else into the only one."""
        acd, mode = self._context.acd, MODES[dialled.code]
        try:
            call = self._supervised(dialled.argument)
            self._supervision.expect_possible(call, user)
            acd.engage(user, call.id, now, "supervision")
        except StateConflict as problem:
            log.warning("supervision refused", operator=user, reason=str(problem))
            self._say(leg, user, REFUSED, now)
            return
        try:
            media = self._sound.open_for_caller(leg, beside=call.media)
        except NoPorts:
            self._context.acd.disengage(user, now, wrap_up=False)
            self._say(leg, user, REFUSED, now)
            return
        leg.answer(now, self._sound.local_of(leg, media))
        self._supervision.join(call, leg, media, user, mode, now)

    def _supervised(self, operator: str) -> Call:
        """Raises StateConflict."""
        talks = [call for call in self._context.calls.values() if call.state in ("talking", "held")]
        if operator:
            talks = [call for call in talks if any(party.name == operator for party in call.parties)]
        if len(talks) != 1:
            whose = f' of operator "{operator}"' if operator else ""
            raise StateConflict(f"{len(talks)} calls{whose} to choose from, not one")
        return talks[0]


def _line_of(user: str) -> str:
    """What the ACD knows a phone's line to us by; no call has such an id."""
    return f"line:{user}"
