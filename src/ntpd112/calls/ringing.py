"""Phones ring for a call: the part that offers of the ACD and dialled destinations have in common."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ntpd112.media import MediaLeg
from ntpd112.sip.events import Cause
from ntpd112.sip.leg import Leg
from ntpd112.sip.nameaddr import NameAddr
from ntpd112.sip.outward import ANONYMOUS
from ntpd112.sip.sdp import LocalMedia
from ntpd112.sip.target import Target
from ntpd112.sip.uri import Uri

from .call import Call, Ring
from .context import Context, log
from .early import Early
from .sound import Sound, family_of, laws_of
from .versions import with_media


class Ringing:
    def __init__(self, context: Context, sound: Sound, early: Early) -> None:
        self._context = context
        self._sound = sound
        self._early = early

    def start(self, call: Call, ring: Ring, targets: Iterable[Target], now: float) -> bool:
        """Ring all of them at once. False: none of them can be rung, and `ring` is no part of the call."""
        for target in targets:
            try:
                self._invite(call, ring, target, now)
            except Exception as problem:  # costs this phone, never the call
                reason = str(problem) or repr(problem)
                log.error("cannot ring phone", call_id=call.id, whom=ring.name, reason=reason)
        if ring.phones:
            call.rings[ring.number] = ring
            if call.state in ("arriving", "waiting"):
                call.enter("ringing")
        else:
            log.warning("no phone to ring", call_id=call.id, whom=ring.name)
            self._close_media(call, ring, now)
        return bool(ring.phones)

    def _invite(self, call: Call, ring: Ring, target: Target, now: float) -> None:
        """Raises NoPorts."""
        host = target.flow.local.host
        local = self._local(call, ring, host)
        leg = self._context.ua.invite(
            with_media(target, partial(self._local, call, ring)),
            caller=shown_caller(call, host),
            local=local,
            headers=self._headers(call, ring),
            call_id=f"{call.id}-{ring.number}-{len(ring.phones)}@{host}",
            now=now,
        )
        ring.phones[leg.id] = leg
        self._context.own_leg(leg, call, ring.kind)

    def _local(self, call: Call, ring: Ring, host: str) -> LocalMedia:
        """Where we receive what a phone sends that we call from our address `host`. Raises NoPorts."""
        family = family_of(host)
        if family not in ring.media:
            ring.media[family] = self._sound.open_beside(call, family)
        return LocalMedia(self._sound.address(host), ring.media[family].port, laws_of(call.leg))

    def _headers(self, call: Call, ring: Ring) -> dict[str, str]:
        """What a console needs to find the call, and the mark of an emergency (RFC 3261 §20.26)."""
        if call.facts.direction == "internal":
            return {"X-NTPD112-Call": call.id}
        if ring.kind in ("operator", "supervisor"):
            note = {"X-NTPD112-Note": call.note} if call.note else {}
            return {
                "X-NTPD112-Call": call.id,
                "X-NTPD112-Queue": call.queue.name,
                "Priority": "emergency",
                **note,
            }
        return {"Priority": "emergency"}

    def win(self, call: Call, ring: Ring, leg: Leg, cause: Cause, now: float) -> MediaLeg:
        """`leg` answered: the others are told to stop with `cause`. The media of the winner."""
        del ring.phones[leg.id]
        media = ring.media.pop(family_of(leg.flow.local.host))
        self.stop(call, ring, cause, now)
        return media

    def stop(self, call: Call, ring: Ring, cause: Cause, now: float) -> None:
        """Nobody rings any more for this ring, and it is no longer part of the call."""
        call.rings.pop(ring.number, None)
        for leg in list(ring.phones.values()):
            self._context.drop_leg(leg, cause, now)
        ring.phones.clear()
        self._close_media(call, ring, now)
        if call.state == "ringing" and not call.rings and not call.parties:
            call.enter("waiting")

    def _close_media(self, call: Call, ring: Ring, now: float) -> None:
        for media in ring.media.values():
            self._early.over(call, media, now)
            self._sound.close(call, media)
        ring.media.clear()


def shown_caller(call: Call, host: str) -> NameAddr:
    """The caller as the phone that rings shows it: in a call among operators the one who dialled."""
    number = call.facts.caller or call.facts.operator
    return NameAddr(Uri("sip", host, number), call.facts.caller_name) if number else ANONYMOUS
