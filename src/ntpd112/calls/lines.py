"""A phone hears a few prompts of ours and is hung up: the answer to a feature code. No call, no CDR."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from ntpd112.media import MediaLeg, NoPorts
from ntpd112.sip import events as sip_events
from ntpd112.sip.events import Cause, SipEvent
from ntpd112.sip.leg import Leg
from ntpd112.sip.sdp import RemoteMedia
from ntpd112.sip.timers import Timer

from . import causes
from .context import Context, log
from .sound import Sound

MAX_S = 30.0
"Seconds a line may last: the longest answer takes half of it; a phone that never hangs up is hung up."
DONE = Cause(200, 16, "Done")


@dataclass(slots=True, eq=False)
class Line:
    """`user`: whose phone it is."""

    user: str
    leg: Leg
    media: MediaLeg
    prompts: tuple[str, ...]
    over: Callable[[float], None] | None
    timer: Timer


class Lines:
    """At most one line for each user: a second one ends the first, whose phone may be gone."""

    def __init__(self, context: Context, sound: Sound) -> None:
        self._context = context
        self._sound = sound
        self._of_user: dict[str, Line] = {}
        self._of_leg: dict[int, Line] = {}
        self._of_media: dict[int, Line] = {}

    def users(self) -> frozenset[str]:
        """Whose phones hear something now."""
        return frozenset(self._of_user)

    def open(
        self,
        leg: Leg,
        user: str,
        prompts: Iterable[str],
        now: float,
        over: Callable[[float], None] | None = None,
    ) -> None:
        """Answer the phone and let it hear the prompts. `over(now)` is called once, when the line ends, also
        when it could not be opened."""
        self.hang_up(user, now)
        try:
            media = self._sound.open_for_caller(leg)
        except NoPorts:
            log.error("no media port for a phone that dialled a code", operator=user)
            leg.hang_up(now, causes.NO_MEDIA_PORT)
            if over is not None:
                over(now)
            return
        timer = self._context.timers.start(now + MAX_S, partial(self.drop, leg, DONE))
        line = Line(user, leg, media, tuple(prompts), over, timer)
        self._of_user[user] = self._of_leg[leg.id] = self._of_media[media.id] = line
        leg.answer(now, self._sound.local_of(leg, media))

    def on_leg(self, event: SipEvent, now: float) -> None:
        """An event of a leg that belongs to no call; passed over if it belongs to no line either."""
        line = self._of_leg.get(event.leg.id)  # type: ignore[union-attr]
        if line is None:
            return
        match event:
            case sip_events.MediaChanged(_, RemoteMedia() as remote):
                self._sound.point(line.media, remote)
            case sip_events.Established():
                line.media.play(*line.prompts)
            case sip_events.Ended(_, _, cause):
                self._close(line, cause, now)
            case _:
                pass

    def media_over(self, media: int, now: float) -> None:
        """The prompts have been played, or the worker has no such port any more."""
        line = self._of_media.get(media)
        if line is not None:
            self._close(line, DONE, now)

    def drop(self, leg: Leg, cause: Cause, now: float) -> None:
        """End the line of this leg, if it has one."""
        line = self._of_leg.get(leg.id)
        if line is not None:
            self._close(line, cause, now)

    def hang_up(self, user: str, now: float) -> None:
        """End the user's line, if there is one."""
        line = self._of_user.get(user)
        if line is not None:
            self._close(line, DONE, now)

    def stop(self, now: float) -> None:
        """The agent stops."""
        for line in list(self._of_leg.values()):
            self._close(line, causes.STOPPING, now)

    def _close(self, line: Line, cause: Cause, now: float) -> None:
        if self._of_leg.pop(line.leg.id, None) is None:
            return
        self._of_media.pop(line.media.id, None)
        if self._of_user.get(line.user) is line:
            del self._of_user[line.user]
        line.timer.cancel()
        self._context.drop_leg(line.leg, cause, now)
        line.media.close()
        if line.over is not None:
            line.over(now)
