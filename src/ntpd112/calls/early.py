"""What a destination of the ladder plays before it answers, such as the police's announcement, is what the
waiting caller hears: as long as there is sound, and ours otherwise (RFC 3960 §3.2), so never dead air.

Only the ladder rings one destination at a time for a caller whom nobody talks to. Who was not accepted yet
hears it by a session description in a 183, if their INVITE had an offer.
"""

from __future__ import annotations

from ntpd112.media import MediaLeg
from ntpd112.sip.leg import Leg
from ntpd112.sip.sdp import RemoteMedia

from .announcing import Announcing
from .call import Call, Ring
from .context import Context
from .sound import Sound, family_of


class Early:
    def __init__(self, context: Context, sound: Sound, announcing: Announcing) -> None:
        self._context = context
        self._sound = sound
        self._announcing = announcing

    def described(self, call: Call, ring: Ring, leg: Leg, remote: RemoteMedia) -> None:
        """The phone said, without answering, where its sound comes from."""
        if _of_ladder(ring) and leg.audible:
            media = ring.media[family_of(leg.flow.local.host)]
            self._context.own_sound(media, call, ring.kind)
            self._sound.point(media, remote)

    def heard(self, media_id: int, now: float) -> None:
        """Sound comes, for the first time or again. No harm for that of others."""
        found = self._ringing(media_id)
        if found is not None:
            call, media = found
            self._announcing.pass_on(call, media, now)
            if not call.accepted and not call.announced:
                self._open(call, now)

    def announce(self, call: Call, now: float) -> bool:
        """A caller who is left ringing hears our announcements and ring-back, if their trunk is to: False if
        not."""
        return call.leg.policy.early_media == "announce" and self._open(call, now)

    def _open(self, call: Call, now: float) -> bool:
        """Say where our sound comes from, in a 183. False: their trunk is to have none, or they left the
        offer to us, which a 183 cannot make to everybody."""
        leg = call.leg
        if leg.policy.early_media == "off" or leg.offer is None:
            return False
        leg.progress(now, self._sound.local_of(leg, call.media))
        call.wait.opened = True
        return True

    def silent(self, media_id: int, now: float) -> None:
        """None comes any more. No harm for that of others."""
        found = self._context.call_of_sound(media_id)
        if found is not None:
            self._over(found[0], media_id, now)

    def over(self, call: Call, media: MediaLeg, now: float) -> None:
        """The phone rings no more, and nobody there is in the call: its figures are of no interest."""
        self._context.sounds.pop(media.id, None)
        self._over(call, media.id, now)

    def _over(self, call: Call, media_id: int, now: float) -> None:
        if call.wait.early is not None and call.wait.early.id == media_id:
            self._announcing.pass_on(call, None, now)

    def _ringing(self, media_id: int) -> tuple[Call, MediaLeg] | None:
        """The media of a destination that rings, and for which call."""
        found = self._context.call_of_sound(media_id)
        rings = found[0].rings.values() if found is not None else ()
        media = [one for ring in rings if _of_ladder(ring) for one in ring.media.values()]
        leg = next((one for one in media if one.id == media_id), None)
        return (found[0], leg) if found is not None and leg is not None else None


def _of_ladder(ring: Ring) -> bool:
    return ring.attempt is not None and ring.attempt.purpose == "ladder"
