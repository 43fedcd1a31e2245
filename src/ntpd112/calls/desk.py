"""What operators do from their phones alone: an INVITE of a registered phone is a feature code, or a call to
a colleague, a destination or a queue."""

from __future__ import annotations

from ntpd112.config import QueueConfig
from ntpd112.journal.events import CallStarted, Purpose
from ntpd112.media import MediaLeg, NoPorts
from ntpd112.queue import StateConflict
from ntpd112.sip.events import Cause, PhoneCall
from ntpd112.sip.message import Request
from ntpd112.sip.uri import SipSyntaxError, Uri

from . import causes
from .arrival import Arrival
from .call import Attempt, Call, Party
from .codes import Codes, code_of
from .context import Context, log
from .dialing import Dialing
from .ending import Ending
from .sound import Sound
from .talking import Talking
from .whom import Unknown, Unreachable, Whom, find

MAX_CALLS = 2
"Calls that one operator may have made at a time: one to talk, one to consult."
NO_QUEUE = QueueConfig(name="internal", answer="ring")
"Of a call among operators, which waits nowhere."
PURPOSE: Purpose = "transfer"


class Desk:
    def __init__(
        self,
        context: Context,
        sound: Sound,
        talking: Talking,
        dialing: Dialing,
        ending: Ending,
        arrival: Arrival,
        codes: Codes,
    ) -> None:
        self._context = context
        self._sound = sound
        self._talking = talking
        self._dialing = dialing
        self._ending = ending
        self._arrival = arrival
        self._codes = codes

    def phone_call(self, event: PhoneCall, now: float) -> None:
        """A number that nobody has gets 404, which phones show; a code is answered whatever comes of it. A
        phone that calls is there, whatever its OPTIONS said. To take another's place is what transfers are
        for, so an INVITE with Replaces finds no call (RFC 3891 §3)."""
        user, leg, dialled = event.user, event.leg, _dialled(event.request)
        if self._context.acd.operator(user) is None:
            leg.hang_up(now, causes.NO_OPERATOR_OF_OURS)
            return
        self._context.acd.phone_available(user, now, "called")
        if event.replaces is not None:
            leg.hang_up(now, causes.NO_SUCH_CALL)
            return
        if (code := code_of(self._context.config.codes, dialled)) is not None:
            self._codes.dial(leg, user, code, now)
            return
        try:
            whom = find(self._context, dialled)
        except Unreachable as problem:
            log.info("operator's call refused", operator=user, dialled=dialled, reason=str(problem))
            unknown = isinstance(problem, Unknown)
            leg.hang_up(now, causes.UNKNOWN_NUMBER if unknown else causes.NO_PHONE)
            return
        call = self._begin(event, dialled, whom, now)
        if call is None:
            return
        if isinstance(whom, Whom):
            self._ring(call, whom, now)
        else:
            self._arrival.wait(call, now)

    def _begin(self, event: PhoneCall, dialled: str, whom: Whom | QueueConfig, now: float) -> Call | None:
        """The call as such, which the operator is busy with if they were not busy already."""
        context, leg, user = self._context, event.leg, event.user
        if context.acd.lines_of(user) >= MAX_CALLS:
            leg.hang_up(now, causes.BUSY)
            return None
        try:
            media = self._sound.open_for_caller(leg, beside=self._talks_at(user))
        except NoPorts as problem:
            log.error("no media port for an operator's call", operator=user, reason=str(problem))
            leg.hang_up(now, causes.NO_MEDIA_PORT)
            return None
        queue = NO_QUEUE if isinstance(whom, Whom) else whom
        facts = self._facts(event, dialled, now)
        call = Call(facts.call_id, facts, queue, leg, media, started_at=now, queued_at=now)
        context.begin(call)
        call.sounds[media.id] = media
        context.own_leg(leg, call, "caller")
        context.own_sound(media, call, "caller")
        context.write(facts)
        log.info("operator calls", call_id=call.id, operator=user, dialled=dialled)
        context.acd.open_line(user, call.id, now, "desk")
        return call

    def _facts(self, event: PhoneCall, dialled: str, now: float) -> CallStarted:
        context, remote = self._context, event.leg.flow.remote
        operator = context.acd.operator(event.user)
        return CallStarted(
            at=context.clock.wall(now),
            call_id=context.new_id(),
            region=context.config.site.region,
            trunk="",
            dialled=dialled,
            caller="",
            caller_name=operator.spec.name if operator is not None else "",
            sip_call_id=event.leg.call_id,
            source=f"{remote.host}:{remote.port}",
            direction="internal",
            operator=event.user,
        )

    def _talks_at(self, user: str) -> MediaLeg | None:
        """Media of the call that the operator is in: a worker mixes only what it has all legs of."""
        operator = self._context.acd.operator(user)
        call = self._context.calls.get(operator.call_id or "") if operator is not None else None
        return call.media if call is not None else None

    # --- to a person

    def _ring(self, call: Call, whom: Whom, now: float) -> None:
        call.leg.ring(now)
        try:
            self._dialing.dial(
                call,
                whom,
                PURPOSE,
                answered=self._answered,
                ended=self._unanswered,
                now=now,
                by=call.facts.operator,
            )
        except StateConflict:
            self._over(call, causes.BUSY, now)

    def _answered(self, call: Call, party: Party, now: float) -> None:
        self._talking.begin(call, party, now)

    def _unanswered(self, call: Call, attempt: Attempt, cause: Cause, now: float) -> None:
        self._over(call, causes.NO_ANSWER if cause.sip_code == 487 else cause, now)

    def _over(self, call: Call, cause: Cause, now: float) -> None:
        self._ending.call_over(call, "failed", "system", cause, now)


def _dialled(request: Request) -> str:
    """As the keys were pressed: what an operator dials is no subscriber's number to be completed."""
    try:
        return Uri.parse(request.uri).user or ""
    except SipSyntaxError:
        return ""
