"""What a waiting caller hears: an announcement at first, others now and then, ring-back in between.

Announcements follow one another, none cuts another off, and after the last comes ring-back: never dead air.
The sound of a destination that rings (`early.py`) takes the place of what is not being said yet. A prompt
that does not exist ends at once. All is over the moment somebody answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ntpd112.config import QueueConfig
from ntpd112.journal.events import CallAnnounced
from ntpd112.media import MediaLeg
from ntpd112.queue import Operator

from .call import Call
from .context import Context
from .expected import expected_wait
from .sound import RINGBACK, Sound
from .spoken import place_prompts, wait_prompts
from .waiting import Language, Utterance, Waiting

MAX_TO_SAY = 8
"Announcements that wait for their turn; more would be news of long ago."
ORDER_FRESH_S = 5.0
"Seconds for which a look at all waiting calls and operators serves to tell callers their place and wait."


@dataclass(slots=True)
class Order:
    """Places of the waiting calls at a moment, 1 for the next to be served in its queue."""

    at: float
    places: dict[str, int]
    fit: dict[str, list[Operator]] = field(default_factory=dict)
    "Who has a queue's skills, of the queues that tell the wait."


class Announcing:
    def __init__(self, context: Context, sound: Sound) -> None:
        self._context = context
        self._sound = sound
        self._order = Order(float("-inf"), {})

    def begin(self, call: Call, now: float) -> None:
        """The caller's media is known, or they wait again: from now on there is something to hear."""
        call.announced = True
        if call.accepted:
            self._sound.record(call, now)
        self._remind_later(call, now)
        self._speak_next(call, now)

    def again(self, call: Call, prompts: list[str], now: float) -> None:
        """The caller waits once more, in `call.queue`: hears the prompts, then ring-back. What went on in the
        wait before is over."""
        call.wait.over()
        call.wait = Waiting(queues={call.queue.name})
        self.say(call, prompts, now)
        if call.accepted and call.leg.remote is not None:
            self.begin(call, now)

    def say(
        self, call: Call, prompts: list[str], now: float, then: Callable[[float], None] | None = None
    ) -> None:
        """After what is being said. `then` is called at its end. No harm for a caller whose call was not
        accepted, who hears their own network's ring-back: said when it is, if it still waits."""
        wait, prompts = call.wait, [prompt for prompt in prompts if prompt]
        if not prompts or len(wait.to_say) >= MAX_TO_SAY:
            if then is not None:
                then(now)
            return
        wait.to_say.append(Utterance(tuple(prompts), list(self._languages(call.queue)), then))
        if call.announced and wait.speaking is None:
            self._speak_next(call, now)

    def ended(self, call: Call, prompt: str, now: float) -> None:
        """A prompt came to its end. That of an earlier announcement may come late, and means nothing."""
        said = call.wait.speaking
        if said is None or prompt not in said.prompts or call.parties:
            return
        if said.languages:
            self._play(call, said)
            return
        call.wait.speaking = None
        if said.then is not None:
            said.then(now)
        self._speak_next(call, now)

    def pass_on(self, call: Call, media: MediaLeg | None, now: float) -> None:
        """From the end of what is being said on the caller hears this; None: what we have to say."""
        if call.wait.early is not media and not call.parties:
            call.wait.early = media
            if call.announced:
                self._speak_next(call, now)

    def _speak_next(self, call: Call, now: float) -> None:
        wait = call.wait
        if wait.speaking is not None or call.parties:
            return
        self._let_hear(call, wait.early)
        if wait.early is not None:
            call.media.stop_playing()
            return
        if not wait.to_say:
            call.media.play(RINGBACK, loop=True)
            return
        wait.speaking = wait.to_say.pop(0)
        at = self._context.clock.wall(now)
        self._context.write(CallAnnounced(at=at, call_id=call.id, prompts=list(wait.speaking.prompts)))
        self._play(call, wait.speaking)

    def _let_hear(self, call: Call, media: MediaLeg | None) -> None:
        """Somebody else, or nobody."""
        heard = () if media is None else (media.id,)
        if call.wiring.get(call.media.id, ()) != heard:
            call.wiring[call.media.id] = heard
            self._context.media.hear(call.media, [] if media is None else [media])

    def _play(self, call: Call, said: Utterance) -> None:
        call.media.play(*said.prompts, language=said.languages.pop(0))

    def _languages(self, queue: QueueConfig) -> tuple[Language, ...]:
        language = queue.language or self._context.config.site.language
        return ("id", "en") if language == "both" else (language,)

    # --- now and then

    def _remind_later(self, call: Call, now: float) -> None:
        queue = call.queue
        if queue.periodic or queue.tell_position or queue.tell_wait:
            at = now + queue.periodic_every
            call.wait.start("periodic", self._context.later(call, at, partial(self._remind, call)))

    def _remind(self, call: Call, now: float) -> None:
        if not call.wait.to_say:
            self.say(call, [call.queue.periodic, *self._place(call, now)], now)
        self._remind_later(call, now)

    def _place(self, call: Call, now: float) -> list[str]:
        """The caller's place and expected wait, as far as the queue tells them and they are known."""
        queue = call.queue
        if not (queue.tell_position or queue.tell_wait):
            return []
        place = self._places(now).get(call.id)
        if place is None:
            return []
        expected = self._expected(queue, place) if queue.tell_wait else None
        return [
            *(place_prompts(place) if queue.tell_position else []),
            *(wait_prompts(expected) if expected is not None else []),
        ]

    def _places(self, now: float) -> dict[str, int]:
        if now - self._order.at > ORDER_FRESH_S:
            places: dict[str, int] = {}
            ahead: dict[str, int] = {}
            for waiting in self._context.acd.waiting():
                ahead[waiting.queue] = places[waiting.call_id] = ahead.get(waiting.queue, 0) + 1
            self._order = Order(now, places)
        return self._order.places

    def _expected(self, queue: QueueConfig, place: int) -> float | None:
        """`_places` was looked at just now."""
        fit = self._order.fit.get(queue.name)
        if fit is None:
            fit = self._order.fit[queue.name] = self._context.acd.operators_fit(queue.skills)
        return expected_wait(fit, queue.wrap_up, place - 1)
