"""A call goes into a queue: with what it needs and why, and with what its caller hears meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ntpd112.config import QueueConfig
from ntpd112.journal.events import CallNeeds, CallQueued, CallRequeued, Lane
from ntpd112.queue import Ask

from .announcing import Announcing
from .call import Call
from .context import Context, log
from .flood import Flood
from .needs import Needs, highest, known_of, needs_of, number_of
from .screening import Screening

FRONT: Lane = "lifted"
"Where a call waits that has been served, or lost its place by a mistake of ours."


class Queueing:
    def __init__(self, context: Context, announcing: Announcing, screening: Screening, flood: Flood) -> None:
        self._flood = flood
        self._context = context
        self._announcing = announcing
        self._screening = screening

    def enter(self, call: Call, now: float) -> None:
        """For the first time."""
        context = self._context
        call.known = known_of(context.memory, call.facts.caller, context.clock.wall(now))
        needs = call.needs = self._needs(call)
        lane, until = self._screening.first_lane(call, needs.lane, now)
        call.enter("waiting")
        call.queued_at = now
        call.since = now - needs.waited_s
        call.wait.queues.add(call.queue.name)
        context.write(
            CallQueued(
                at=context.clock.wall(now),
                call_id=call.id,
                queue=call.queue.name,
                priority=needs.priority,
                skills=needs.skills,
                prefer=needs.prefer,
                lane=lane,
                waited_s=needs.waited_s,
                reasons=needs.reasons,
            )
        )
        call.wait.incident = self._flood.covers(call, now)
        ask = self._ask(call, needs, lane, until, incident=call.wait.incident)
        context.acd.enqueue(ask, now)
        self._greet(call, lane, now)

    def _greet(self, call: Call, lane: Lane, now: float) -> None:
        """The first announcement: what is known of the incident, what screening asks, or the queue's own."""
        question = self._screening.begin(call, lane, now)
        if call.wait.incident:
            self._announcing.say(call, [self._flood.prompt], now)
        elif not question:
            self._announcing.say(call, [call.queue.announcement], now)
        if question:
            self._announcing.say(call, question, now, then=lambda at: self._screening.asked(call, at))

    def move(self, call: Call, queue: QueueConfig, reason: str, now: float) -> None:
        """A ladder leads into another queue, whose operators and ladder count from now on. The caller keeps
        the time waited, the lane, and who refused the call. Into no queue twice in one round of ladders."""
        acd = self._context.acd
        before = acd.call(call.id)
        if before is None or queue.name in call.wait.queues:
            log.info("ladder: the call has waited in that queue before", call_id=call.id, queue=queue.name)
            return
        acd.withdraw(call.id, now)
        call.offers = before.made  # one of this turn that is not rung yet has its number all the same
        call.change_queue(queue)
        call.wait.move(queue.name)
        self._write_requeued(call, reason, now)
        lane = "quiet" if before.lane == "held" else before.lane
        call.needs = self._needs(call)
        ask = self._ask(call, call.needs, lane, declined=before.declined, incident=before.incident)
        acd.enqueue(ask, now)

    def restore(
        self,
        call: Call,
        reason: str,
        now: float,
        *,
        by: str = "",
        prompt: str = "",
        declined: dict[str, str] | None = None,
        skills: Mapping[str, int] | None = None,
    ) -> None:
        """A caller whom nobody talks to and whom the ACD does not know: at the front. They hear `prompt`. An
        operator must have `skills` besides what is asked for anyway."""
        if call.state != "waiting":
            call.enter("waiting")
        call.queue = self._context.present(call.queue)
        self._write_requeued(call, reason, now, by)
        needs = call.needs = self._needs(call)
        if skills:
            needs = call.needs = replace(needs, skills=highest([needs.skills, skills]))
            self._write_needs(call, needs, reason, now, by)
        self._context.acd.enqueue(self._ask(call, needs, FRONT, declined=declined), now)
        self._announcing.again(call, [prompt], now)

    def _needs(self, call: Call) -> Needs:
        """What the call needs in its queue. What a person has put right stays so: all of it in the same
        queue, the priority in another."""
        before = call.needs
        if before is not None and before.queue == call.queue.name:
            return before
        needs = self._needs_of(call)
        if before is not None and before.priority_by_hand:
            return replace(needs, priority=before.priority, priority_by_hand=True)
        return needs

    def _needs_of(self, call: Call) -> Needs:
        config = self._context.config
        number = number_of(config, call.facts.served_as)
        trunk = next((one for one in config.trunk if one.name == call.facts.trunk), None)
        return needs_of(call.queue, number, trunk, call.known, config.shield.longest_wait)

    def _ask(
        self,
        call: Call,
        needs: Needs,
        lane: Lane,
        until: float | None = None,
        declined: dict[str, str] | None = None,
        incident: bool = False,
    ) -> Ask:
        return Ask(
            call_id=call.id,
            queue=call.queue.name,
            priority=needs.priority,
            skills=needs.skills,
            prefer=needs.prefer,
            since=call.since,
            wish=needs.wish,
            lane=lane,
            lane_until=until,
            longest_wait=needs.longest_wait,
            incident=incident,
            offers=call.offers,
            declined=declined or {},
        )

    def _write_needs(self, call: Call, needs: Needs, reason: str, now: float, by: str) -> None:
        at = self._context.clock.wall(now)
        self._context.write(
            CallNeeds(at=at, call_id=call.id, skills=needs.skills, prefer=needs.prefer, reason=reason, by=by)
        )

    def _write_requeued(self, call: Call, reason: str, now: float, by: str = "") -> None:
        at = self._context.clock.wall(now)
        self._context.write(CallRequeued(at=at, call_id=call.id, queue=call.queue.name, reason=reason, by=by))
