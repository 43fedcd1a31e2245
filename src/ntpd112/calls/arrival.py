"""A 112 call comes in: who calls, which queue serves it, what the caller hears first."""

from __future__ import annotations

from ntpd112.config import mapped
from ntpd112.journal.events import CallAccepted, CallStarted
from ntpd112.loglines import masked
from ntpd112.media import NoPorts
from ntpd112.sip.body import Part
from ntpd112.sip.events import IncomingCall
from ntpd112.sip.identity import caller_of, dialled_of, sent_of
from ntpd112.sip.pidf import PIDF_TYPE, parse_pidf

from . import causes
from .call import Call
from .context import Context, log
from .early import Early
from .ending import Ending
from .needs import category_of, number_of
from .queueing import Queueing
from .sound import Sound

MAX_PART_TEXT = 8_192
"Characters of one body part kept with the call; RFC 7852 blocks are about 1 to 2 kB."


class Arrival:
    def __init__(
        self, context: Context, sound: Sound, early: Early, ending: Ending, queueing: Queueing
    ) -> None:
        self._early = early
        self._context = context
        self._sound = sound
        self._ending = ending
        self._queueing = queueing

    def incoming(self, event: IncomingCall, now: float) -> None:
        """Admit the call: write down who calls, give it a media port, answer or ring, put it into the queue.

        Whatever the INVITE carries besides its SDP can only add to the record, never cost the call."""
        context, leg = self._context, event.leg
        call_id = context.new_id()
        facts = self._facts(call_id, event, now)
        queue = context.queue_for(facts.served_as, call_id)
        try:
            media = self._sound.open_for_caller(leg)
        except NoPorts:
            context.write(facts)
            log.error("NO MEDIA PORT: call refused, the PBX falls back; widen [media] ports", call_id=call_id)
            self._ending.refuse(leg, facts, causes.NO_MEDIA_PORT, now)
            return
        call = Call(call_id, facts, queue, leg, media, started_at=now)
        context.begin(call)
        call.sounds[media.id] = media
        context.own_leg(leg, call, "caller")
        context.own_sound(media, call, "caller")
        context.write(facts)
        log.info(
            "call in",
            call_id=call_id,
            trunk=facts.trunk,
            caller=masked(facts.caller) or "anonymous",
            dialled=facts.dialled,
            queue=queue.name,
        )
        if self._nobody_there(call):
            self._ending.call_over(call, "rejected", "system", causes.NO_OPERATOR, now)
            return
        self.wait(call, now)

    def wait(self, call: Call, now: float) -> None:
        """Greet the caller and put them into their queue."""
        self._greet(call, now)
        self._queueing.enter(call, now)

    def _facts(self, call_id: str, event: IncomingCall, now: float) -> CallStarted:
        try:
            return self._read_facts(call_id, event, now)
        except Exception:
            log.exception("INVITE cannot be read; taken as anonymous to the first queue", call_id=call_id)
        return CallStarted(
            at=self._context.clock.wall(now),
            call_id=call_id,
            region=self._context.config.site.region,
            trunk=event.trunk.name,
            dialled="",
            caller="",
            sip_call_id=event.leg.call_id,
        )

    def _read_facts(self, call_id: str, event: IncomingCall, now: float) -> CallStarted:
        request, leg = event.request, event.leg
        caller, dialled = caller_of(request), dialled_of(request)
        number = self._number_of(event.trunk.name, (dialled, sent_of(request)))
        return CallStarted(
            at=self._context.clock.wall(now),
            call_id=call_id,
            region=self._context.config.site.region,
            trunk=event.trunk.name,
            dialled=dialled,
            caller=caller.number,
            caller_name=caller.name,
            diverted_from=caller.diverted_from,
            sip_call_id=request.call_id,
            source=f"{leg.flow.remote.host}:{leg.flow.remote.port}",
            location=_location(leg.parts),
            access_network=request.get("p-access-network-info") or "",
            parts=[_part(part) for part in leg.parts],
            category=self._category_of(number or dialled),
            number=number,
        )

    def _number_of(self, trunk: str, forms: tuple[str, ...]) -> str:
        """What the trunk's rules make of the number dialled; empty: nothing."""
        known = next((one for one in self._context.config.trunk if one.name == trunk), None)
        return mapped(known.numbers, forms) if known is not None else ""

    def _category_of(self, number: str) -> str:
        return category_of(number, number_of(self._context.config, number))

    def _nobody_there(self, call: Call) -> bool:
        """Log loudly when nobody at all takes calls; True when the queue's policy is then to refuse."""
        if self._context.acd.anyone_serving():
            return False
        refuse = call.queue.no_operator == "reject"
        log.error(
            "NOBODY TO ANSWER: every operator is offline or on break; get somebody to a phone",
            call_id=call.id,
            queue=call.queue.name,
            caller_gets="503, the PBX falls back" if refuse else "waits in the queue",
        )
        return refuse

    def _greet(self, call: Call, now: float) -> None:
        if call.queue.answer == "ring":
            if not self._early.announce(call, now):
                call.leg.ring(now)
            return
        call.leg.answer(now, self._sound.local_of(call.leg, call.media))
        call.accepted = call.leg.state != "ended"
        if call.accepted:
            self._context.write(CallAccepted(at=self._context.clock.wall(now), call_id=call.id))


def _location(parts: list[Part]) -> dict[str, object] | None:
    for part in parts:
        if part.content_type == PIDF_TYPE:
            return parse_pidf(part.data)
    return None


def _part(part: Part) -> dict[str, str]:
    text = part.data.decode("utf-8", "replace")[:MAX_PART_TEXT]
    return {"content_type": part.content_type, "content_id": part.content_id, "text": text}
