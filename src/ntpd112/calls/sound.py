"""What caller and operator hear: ports, prompts, joining, hold, recording. Talks to the media worker only."""

from __future__ import annotations

import time

from ntpd112.journal.events import LegQuality, RecordingFailed, RecordingStarted
from ntpd112.media import MediaLeg, Secured
from ntpd112.media.events import Closed, Learned
from ntpd112.media.events import RecordingFailed as RecordingBroke
from ntpd112.media.protocol import Family
from ntpd112.sip.flow import advertised
from ntpd112.sip.leg import Leg
from ntpd112.sip.sdp import CodecName, LocalMedia, RemoteMedia, preferred_codec
from ntpd112.sip.uri import Uri

from .call import Call
from .context import Context, log

RINGBACK = "ringback"
HOLD = "hold"
LAWS: tuple[CodecName, ...] = ("PCMA", "PCMU")
"Offered in this order when the caller states no preference: A-law is what Indonesian trunks carry."


class Sound:
    def __init__(self, context: Context) -> None:
        self._context = context

    # --- ports and addresses

    def open_for_caller(self, leg: Leg, beside: MediaLeg | None = None) -> MediaLeg:
        """`beside`: on the worker of this one. Raises NoPorts."""
        family = family_of(self._host_for(leg))
        return self._context.media.open(codec=laws_of(leg)[0], beside=beside, family=family)

    def open_beside(self, call: Call, family: Family) -> MediaLeg:
        """Beside the caller's leg, on the same worker. Raises NoPorts."""
        media = self._context.media.open(codec=laws_of(call.leg)[0], beside=call.media, family=family)
        call.sounds[media.id] = media
        return media

    def close(self, call: Call, media: MediaLeg) -> None:
        """Never raises: one leg's fault must not keep the others."""
        call.sounds.pop(media.id, None)
        try:
            media.close()
        except Exception:
            log.exception("media leg cannot be closed", call_id=call.id, media=media.id)

    def local_of(self, leg: Leg, media: MediaLeg) -> LocalMedia:
        """What our SDP towards this leg says."""
        return LocalMedia(self.address(self._host_for(leg)), media.port, laws_of(leg))

    def _host_for(self, leg: Leg) -> str:
        """Our address for its sound, of the IP version that its offer names: with some peers sound goes by
        another than SIP does. Where we have no socket of that version, SIP's."""
        ours, theirs = leg.flow.local.host, _offered_host(leg)
        if not theirs or family_of(theirs) == family_of(ours):
            return ours
        way = self._context.ua.target_of(Uri("sip", theirs))
        return way.flow.local.host if way is not None else ours

    def address(self, local_host: str) -> str:
        return advertised(local_host, self._context.config.media.advertise)

    def point(self, media: MediaLeg, remote: RemoteMedia) -> None:
        """Send there, and expect from there, what an offer and its answer agreed on."""
        media.remote(
            remote.address,
            remote.port,
            remote.rtcp_port,
            codec=remote.codec.name,
            payload_type=remote.codec.payload_type,
            dtmf_payload_type=remote.dtmf_payload_type,
            send=not remote.held,
            secured=_keys_of(remote),
        )

    # --- what is heard

    def record(self, call: Call, now: float) -> None:
        """From the caller's first word, also while waiting: what is said then may be all there is."""
        folder = self._context.config.media.recordings
        if folder is None or call.recording:
            return
        call.recording = True
        at = self._context.clock.wall(now)
        file = time.strftime("%Y/%m/%d/", time.gmtime(at)) + f"{call.id}.wav"
        self._context.media.record(folder / file, call.media)
        self._context.write(RecordingStarted(at=at, call_id=call.id, file=file))

    # --- what the worker reports

    def learned(self, event: Learned) -> None:
        found = self._context.call_of_sound(event.leg)
        if found:
            source = f"{event.host}:{event.port}"
            log.debug("sound arrives", call_id=found[0].id, party=found[1], source=source)

    def closed(self, event: Closed, now: float) -> None:
        """A media leg's last figures, usually just after its call ended."""
        found = self._context.sounds.pop(event.leg, None)
        if found is None:
            return
        q = event.quality
        self._context.write(
            LegQuality(
                at=self._context.clock.wall(now),
                call_id=found[0],
                party=found[1],
                packets=q.packets,
                lost=q.lost,
                jitter_ms=q.jitter_ms,
                remote_lost=q.remote_lost,
                remote_jitter_ms=q.remote_jitter_ms,
            )
        )

    def recording_broke(self, event: RecordingBroke, now: float) -> None:
        found = self._context.call_of_sound(event.leg)
        if found:
            log.error("recording stopped; the call goes on", call_id=found[0].id, reason=event.reason)
            at = self._context.clock.wall(now)
            self._context.write(RecordingFailed(at=at, call_id=found[0].id, reason=event.reason))


def _keys_of(remote: RemoteMedia) -> Secured | None:
    agreed = remote.secured
    return Secured(agreed.suite, bytes(agreed.ours), bytes(agreed.theirs)) if agreed is not None else None


def _offered_host(leg: Leg) -> str:
    """Where the peer's offer wants sound; empty: it says nothing about that."""
    if leg.offer is None:
        return ""
    audio = (one for one in leg.offer.streams if one.kind.lower() == "audio" and one.port)
    stream = next(audio, None)
    return (stream.address if stream is not None else None) or leg.offer.address or ""


def family_of(host: str) -> Family:
    return 6 if ":" in host else 4


def laws_of(leg: Leg) -> tuple[CodecName, ...]:
    """Our G.711 laws, first the one that the leg carries or will, so that both legs carry the same and
    need no translation."""
    if leg.remote is not None:
        wanted: CodecName | None = leg.remote.codec.name
    else:
        wanted = preferred_codec(leg.offer, leg.policy.codecs) if leg.offer is not None else None
    return LAWS if wanted != "PCMU" else LAWS[::-1]
