"""Phones of off-duty operators are rung once and hear a message: please come in. No call of the centre."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ntpd112.media import MediaLeg, NoPorts
from ntpd112.media.events import Closed, MediaEvent, PlayEnded, WorkerLost
from ntpd112.media.protocol import Family
from ntpd112.sip.events import Answered, Ended, Failed, SipEvent
from ntpd112.sip.leg import Leg
from ntpd112.sip.line import NoWay
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.timers import Timer
from ntpd112.sip.uri import Uri

from . import causes
from .context import Context, log
from .sound import LAWS, Sound, family_of
from .versions import with_media
from .whom import Unreachable, target_of

MESSAGE = "call-in"
RING_S = 30.0
"Seconds a phone at home rings: somebody may have to get up."
MAX_TALK_S = 60.0
"Seconds until a phone that never hangs up is let go; the message lasts 10."
MAX_PHONES = 50
"Rung at one time: their ports and their trunk's lines are wanted for callers."
CALLER = "112"


@dataclass(slots=True, eq=False)
class Message:
    """One phone that is told."""

    uri: str
    leg: Leg
    media: dict[Family, MediaLeg]
    "By IP version: of both where gateways are."
    timer: Timer


class CallIn:
    def __init__(self, context: Context, sound: Sound) -> None:
        self._context = context
        self._sound = sound
        self._messages: dict[int, Message] = {}
        "By the id of the SIP leg."

    def ring(self, uris: list[str], now: float) -> None:
        """Each once, unless it rings already."""
        rung = {message.uri for message in self._messages.values()}
        for uri in uris:
            if uri in rung or len(self._messages) >= MAX_PHONES:
                continue
            try:
                self._ring(uri, now)
            except (Unreachable, NoPorts, NoWay) as problem:
                log.error("CALL-IN: phone cannot be rung", phone=uri, reason=str(problem))

    def _ring(self, uri: str, now: float) -> None:
        target = target_of(self._context, uri)
        host = target.flow.local.host
        media: dict[Family, MediaLeg] = {}
        local = self._local(media, host)
        try:
            leg = self._context.ua.invite(
                with_media(target, partial(self._local, media)),
                caller=NameAddr(Uri("sip", host, CALLER), self._context.config.site.name),
                local=local,
                headers={"Priority": "emergency"},
                call_id=f"{self._context.new_id()}@{host}",
                now=now,
            )
        except NoWay:
            _close(media)
            raise
        timer = self._context.timers.start(now + RING_S, partial(self._give_up, leg.id))
        self._messages[leg.id] = Message(uri, leg, media, timer)
        log.info("call-in: phone rings", phone=uri)

    def _local(self, media: dict[Family, MediaLeg], host: str) -> LocalMedia:
        """Raises NoPorts."""
        family = family_of(host)
        if family not in media:
            media[family] = self._context.media.open(codec=LAWS[0], family=family)
        return LocalMedia(self._sound.address(host), media[family].port, LAWS)

    # --- what the phones and the media worker say

    def on_leg(self, event: SipEvent, now: float) -> None:
        """An event of a leg that belongs to no call; no harm if it is not one of these phones."""
        message = self._messages.get(event.leg.id)  # type: ignore[union-attr]
        if message is None:
            return
        match event:
            case Answered():
                self._speak(message, now)
            case Failed(_, cause):
                log.info("call-in: not answered", phone=message.uri, sip_code=cause.sip_code)
                self._over(message)
            case Ended():
                self._over(message)
            case _:
                pass

    def _speak(self, message: Message, now: float) -> None:
        message.timer.cancel()
        message.timer = self._context.timers.start(now + MAX_TALK_S, partial(self._give_up, message.leg.id))
        media = message.media.pop(family_of(message.leg.flow.local.host))
        _close(message.media)
        message.media = {media.family: media}
        if message.leg.remote is not None:
            self._sound.point(media, message.leg.remote)
        media.play(MESSAGE)
        log.info("call-in: answered", phone=message.uri)

    def on_media(self, event: MediaEvent, now: float) -> None:
        """The message was heard, or its sound is lost: hang up."""
        match event:
            case PlayEnded(leg) | Closed(leg):
                lost = [leg]
            case WorkerLost(_, legs):
                lost = legs
            case _:
                return
        for message in list(self._messages.values()):
            if any(media.id in lost for media in message.media.values()):
                self._give_up(message.leg.id, now)

    def _give_up(self, leg_id: int, now: float) -> None:
        message = self._messages.get(leg_id)
        if message is not None:
            self._over(message)
            message.leg.hang_up(now, causes.MESSAGE_HEARD)

    def stop(self, now: float) -> None:
        for leg_id in list(self._messages):
            self._give_up(leg_id, now)

    def _over(self, message: Message) -> None:
        del self._messages[message.leg.id]
        message.timer.cancel()
        _close(message.media)


def _close(media: dict[Family, MediaLeg]) -> None:
    for one in media.values():
        one.close()
