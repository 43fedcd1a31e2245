"""A caller, or a destination in a call, sends no sound any more: quiet, or gone?

Quiet is common: a muted telephone, a gateway that sends nothing while nobody speaks. So silence alone ends
nothing: the leg is asked (`Leg.probe`), again and again while it lasts, and it ends itself when it is not
answered. Operators' phones are asked sooner, by `holdover.py`, since a caller waits for them.
"""

from __future__ import annotations

from functools import partial

from ntpd112.media.events import AudioBack, Closed, MediaEvent, NoAudio, WorkerLost
from ntpd112.sip.leg import Leg
from ntpd112.sip.timers import Timer

from .call import STAFF, Call, Party
from .context import Context

ASK_AFTER_S = 10.0
"Seconds after the worker's report of silence (5 s): most silences are over by then, and nobody was asked."
ASK_AGAIN_S = 20.0
"Seconds to the next question while it lasts. Who vanishes in it is out of the call within a minute."


class Silences:
    """`on_media` for every event of the workers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._timers: dict[int, Timer] = {}
        "Until a leg is asked, by the id of its media."

    def on_media(self, event: MediaEvent, now: float) -> None:
        match event:
            case NoAudio(leg=media):
                self._ask_at(now + ASK_AFTER_S, media)
            case AudioBack(leg=media):
                self._stop(media)
                self._heard(media)
            case Closed(leg=media):
                self._stop(media)
            case WorkerLost(legs=lost):
                for media in lost:
                    self._stop(media)
            case _:
                pass

    def _ask_at(self, at: float, media: int) -> None:
        self._stop(media)
        self._timers[media] = self._context.timers.start(at, partial(self._ask, media))

    def _stop(self, media: int) -> None:
        timer = self._timers.pop(media, None)
        if timer is not None:
            timer.cancel()

    def _heard(self, media: int) -> None:
        """A question may be out that nobody answers: sound is an answer, too, also an operator's."""
        found = self._context.call_of_sound(media)
        leg = _leg_of(found[0], media) if found is not None else None
        if leg is not None and leg.state == "established":
            leg.heard()

    def _ask(self, media: int, now: float) -> None:
        """Who is not answered yet need not send anything: they are asked when they are."""
        del self._timers[media]
        found = self._context.call_of_sound(media)
        if found is None:
            return
        call = found[0]
        party = _party_of(call, media)
        if party is not None and party.kind in STAFF:
            return
        leg = _leg_of(call, media)
        if leg is not None and leg.state == "established" and leg.policy.asks:
            leg.probe(now)
        self._ask_at(now + ASK_AGAIN_S, media)


def _party_of(call: Call, media: int) -> Party | None:
    return next((one for one in call.parties if one.media.id == media), None)


def _leg_of(call: Call, media: int) -> Leg | None:
    party = _party_of(call, media)
    return call.leg if media == call.media.id else party.leg if party is not None else None
