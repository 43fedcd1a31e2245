"""Calls an operator makes to somebody whose call was lost: the operator's phone first, then the citizen.

The call is made when the operator asks for it, with a caller's leg that does not exist yet: from the moment
the citizen is dialled it is a call like any other, whose caller they are, and can be held, transferred,
supervised, recorded and held over like any other.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from ntpd112.config import NUMBER_PLACE, QueueConfig
from ntpd112.journal.events import CallbackOutcome, CallStarted, Purpose
from ntpd112.media import MediaLeg, NoPorts
from ntpd112.memory.callbacks import CallbackTaken, UnknownCallback
from ntpd112.queue import StateConflict
from ntpd112.sip.events import Cause
from ntpd112.sip.leg import Leg
from ntpd112.sip.line import NoWay
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.offer_answer import OfferAnswer
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.target import Target
from ntpd112.sip.uri import Uri

from . import causes
from .bridge import Bridge
from .call import Attempt, Call, Party
from .context import Context, log
from .dialing import Dialing
from .ending import Ending
from .parties import take_in
from .sound import LAWS, Sound, family_of
from .talking import Talking
from .versions import with_media
from .whom import Unreachable, Whom, find, target_of

RING_S = 60.0
"How long the citizen's phone rings, if the operator does not hang up before."
SORRY_S = 5.0
"Seconds the operator hears why the citizen was not reached, at most."
PURPOSE: Purpose = "callback"
URGENT = {"Priority": "psap-callback"}
"Lets the networks on the way put the call through as they would an emergency call (RFC 7090)."
TELEPHONE = re.compile(r"\+?[0-9]{3,20}")
"What can be called back. Nothing else that came as a caller comes into a SIP URI of ours."


class _Lost(NamedTuple):
    """Whom to call: their number, the call they made, and its queue."""

    number: str
    call_id: str
    queue: str


class NobodyToCall(LookupError):
    """The list is empty, and the operator has had no call whose caller could be meant."""


class NotDialled(Leg):
    """Stands for the citizen's leg until it is dialled: nobody is there."""

    inbound = False

    def __init__(self) -> None:
        self.id = 0
        self.call_id = ""
        self.state = "calling"
        self.offer = None
        self.parts = []
        self.media = OfferAnswer()


class Callbacks:
    def __init__(
        self,
        context: Context,
        sound: Sound,
        bridge: Bridge,
        talking: Talking,
        dialing: Dialing,
        ending: Ending,
    ) -> None:
        self._context = context
        self._sound = sound
        self._bridge = bridge
        self._talking = talking
        self._dialing = dialing
        self._ending = ending

    # --- who is called

    def from_console(self, entry_id: str, operator: str, now: float) -> str:
        """Ring the operator, then the citizen. Returns the call's id. Raises UnknownCallback, Unreachable,
        StateConflict."""
        entry = self._context.memory.callbacks.get(entry_id, self._context.clock.wall(now))
        if entry.claimed_by not in ("", operator):
            raise StateConflict(f'operator "{entry.claimed_by}" is calling them back already')
        whom = find(self._context, f"operator:{operator}")
        assert isinstance(whom, Whom), "an operator is no queue"
        self._expect_free(entry.id, operator)
        target = self._target(entry.number)
        media = self._open(target)
        call = self._begin(_Lost(entry.number, entry.id, entry.queue), operator, target, media, now)
        self._dialing.dial(
            call,
            whom,
            PURPOSE,
            answered=partial(self._dial, target),
            ended=self._operator_absent,
            now=now,
            by=operator,
        )
        return call.id

    def from_phone(self, leg: Leg, operator: str, now: float) -> None:
        """The operator's phone dialled: the next on the list, else the caller of their last call. Raises
        NobodyToCall, Unreachable, StateConflict; `leg` is not answered then."""
        lost = self._next_for(operator, now)
        self._expect_free(lost.call_id, operator)
        target = self._target(lost.number)
        media = self._open(target)
        try:
            own = self._sound.open_for_caller(leg, beside=media)
        except NoPorts as problem:
            media.close()
            raise StateConflict(str(problem)) from problem
        call = self._begin(lost, operator, target, media, now)
        self._context.acd.engage(operator, call.id, now, PURPOSE)
        party = Party(call.next_dialled(), "operator", operator, leg, own, purpose=PURPOSE)
        take_in(self._context, self._sound, call, party, now)
        leg.answer(now, self._sound.local_of(leg, own))
        if leg.state != "ended":
            self._dial(target, call, party, now)

    def _expect_free(self, lost: str, operator: str) -> None:
        """Raises StateConflict if the operator is busy, or another one is calling that citizen."""
        state = self._context.acd.operator(operator)
        if state is None or state.state not in ("ready", "break", "wrap-up"):
            what = state.state if state is not None else "unknown"
            raise StateConflict(f'operator "{operator}" is {what}: only who is free can call back')
        if (caller := self._being_called().get(lost)) is not None:
            raise StateConflict(f'operator "{caller}" is calling them back already')

    def _being_called(self) -> dict[str, str]:
        """Lost calls whose callers are called back now, and by which operator. An entry is claimed only when
        the citizen is dialled: until then nobody has tried."""
        calls = self._context.calls.values()
        return {call.facts.callback_of: call.facts.operator for call in calls if call.facts.callback_of}

    def _target(self, number: str) -> Target:
        """Raises Unreachable, StateConflict."""
        template = self._context.config.callbacks.to
        if template is None:
            raise StateConflict(
                "calls out are not configured: set `to` in [callbacks], e.g. "
                f'"sip:{NUMBER_PLACE}@10.1.0.5", to the PBX that takes them'
            )
        if not TELEPHONE.fullmatch(number):
            raise Unreachable(f'"{number}" is no telephone number')
        return target_of(self._context, template.replace(NUMBER_PLACE, number))

    def _open(self, target: Target) -> MediaLeg:
        family = family_of(target.flow.local.host)
        try:
            return self._context.media.open(codec=LAWS[0], family=family)
        except NoPorts as problem:
            raise StateConflict(str(problem)) from problem

    def _begin(self, lost: _Lost, operator: str, target: Target, media: MediaLeg, now: float) -> Call:
        context = self._context
        call_id = context.new_id()
        facts = CallStarted(
            at=context.clock.wall(now),
            call_id=call_id,
            region=context.config.site.region,
            trunk=target.line.trunk.name if target.line is not None else "",
            dialled=target.uri.user or "",
            caller=lost.number,
            sip_call_id=_sip_call_id(call_id, target),
            direction="out",
            operator=operator,
            callback_of=lost.call_id,
        )
        call = Call(
            call_id, facts, self._queue(lost.queue), NotDialled(), media, started_at=now, queued_at=now
        )
        context.begin(call)
        call.sounds[media.id] = media
        context.own_sound(media, call, "caller")
        context.write(facts)
        log.info("call-back", call_id=call_id, operator=operator, caller=lost.number, of=lost.call_id)
        return call

    def _queue(self, name: str) -> QueueConfig:
        """Where the citizen waits should the operator be lost in mid-call."""
        queues = self._context.config.queue
        return next((queue for queue in queues if queue.name == name), queues[0])

    # --- calling the citizen

    def _dial(self, target: Target, call: Call, party: Party, now: float) -> None:
        """The operator is there and hears it ring from now on."""
        context, host = self._context, target.flow.local.host
        shown = Uri("sip", host, context.config.callbacks.caller)
        try:
            call.leg = context.ua.invite(
                with_media(target, partial(self._local, call)),
                caller=NameAddr(shown, context.config.site.name),
                local=self._local(call, host),
                headers=URGENT,
                call_id=call.facts.sip_call_id,
                now=now,
            )
        except NoWay as problem:
            log.error("CALL-BACK NOT MADE", call_id=call.id, reason=str(problem))
            self.not_reached(call, causes.TRUNK_FULL, now)
            return
        context.own_leg(call.leg, call, "caller")
        call.enter("ringing")
        context.later(call, now + RING_S, partial(self._no_answer, call))
        with suppress(UnknownCallback, CallbackTaken):
            lost, at = call.facts.callback_of, context.clock.wall(now)
            context.write(context.memory.callbacks.claim(lost, party.name, call.id, at))
        self._bridge.rewire(call)

    def _local(self, call: Call, host: str) -> LocalMedia:
        """Where we receive what comes to this address of ours. Raises NoPorts."""
        media, family = call.media, family_of(host)
        if media.family != family:
            media = call.spare_media = call.spare_media or self._sound.open_beside(call, family)
        return LocalMedia(self._sound.address(host), media.port, LAWS)

    def _settle_media(self, call: Call) -> None:
        """Of the two that were offered, the one of the gateway that took the call."""
        spare, call.spare_media = call.spare_media, None
        if spare is None:
            return
        if spare.family == family_of(call.leg.flow.local.host):
            call.media, spare = spare, call.media
            self._context.own_sound(call.media, call, "caller")
        self._context.sounds.pop(spare.id, None)
        self._sound.close(call, spare)

    def reached(self, call: Call, now: float) -> None:
        """The citizen answered."""
        self._settle_media(call)
        operator = call.lead
        if operator is None:
            return  # hung up in the same turn; the call's end follows
        call.accepted = True
        if call.leg.remote is not None:
            self._sound.point(call.media, call.leg.remote)
        with suppress(UnknownCallback):
            self.close(call.facts.callback_of, "reached", operator.name, now)
        self._talking.begin(call, operator, now)

    def not_reached(self, call: Call, cause: Cause, now: float) -> None:
        """The citizen's phone refused or failed, or nobody answered it. The operator hears so."""
        operator = call.lead
        if operator is None:
            self._over(call, cause, now)
            return
        why = "busy-here" if cause.sip_code in causes.DECLINE_CODES else "busy"
        operator.media.play(why, loop=True)
        self._context.later(call, now + SORRY_S, partial(self._over, call, cause))

    def _no_answer(self, call: Call, now: float) -> None:
        if not call.accepted and call.leg.state != "ended":
            self._context.drop_leg(call.leg, causes.NO_ANSWER, now)
            self.not_reached(call, causes.NO_ANSWER, now)

    def _operator_absent(self, call: Call, attempt: Attempt, cause: Cause, now: float) -> None:
        self._over(call, cause, now)

    def _over(self, call: Call, cause: Cause, now: float) -> None:
        self._ending.call_over(call, "failed", "system", cause, now)

    # --- the list

    def close(self, entry_id: str, outcome: CallbackOutcome, by: str, now: float, note: str = "") -> None:
        """Take them off the list. Raises UnknownCallback."""
        at = self._context.clock.wall(now)
        self._context.write(self._context.memory.callbacks.close(entry_id, outcome, by, at, note))

    def _next_for(self, operator: str, now: float) -> _Lost:
        """The first on the list whom nobody calls, else the caller of the operator's last call. Raises
        NobodyToCall."""
        memory, at = self._context.memory, self._context.clock.wall(now)
        called = self._being_called()
        for entry in memory.callbacks.entries(at):
            free = not entry.claimed_by and entry.id not in called
            if free and TELEPHONE.fullmatch(entry.number):
                return _Lost(entry.number, entry.id, entry.queue)
        last = memory.lasts.of(operator, at)
        if last is None or not last.number:
            raise NobodyToCall(
                f'nobody is on the call-back list, and operator "{operator}" had no caller lately'
            )
        return _Lost(last.number, last.call_id, last.queue)


def _sip_call_id(call_id: str, target: Target) -> str:
    return f"{call_id}-0@{target.flow.local.host}"
