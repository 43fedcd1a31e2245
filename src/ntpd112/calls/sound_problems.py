"""One-way audio, sound from the wrong address, none at all, much loss: noted with the call that suffers."""

from __future__ import annotations

from typing import NamedTuple

from ntpd112.journal.events import MediaProblem, SoundKind
from ntpd112.media.events import (
    Closed,
    Learned,
    Lossy,
    MediaEvent,
    NoAudio,
    Replayed,
    Stranger,
    Unauthentic,
    WorkerLost,
)
from ntpd112.sip.uri import format_host_port

from .call import Call
from .context import Context, log

_SAID: dict[SoundKind, str] = {
    "one_way": "no sound arrives",
    "no_rtp": "no sound arrives",
    "silence": "no sound arrives",
    "nat": "sound comes from another host than the SDP said",
    "stranger": "a second source sends sound, which is thrown away",
    "loss": "much of the sound is lost",
    "wrong_key": "sound comes plain or with another SRTP key than was agreed on, and is thrown away",
    "replay": "SRTP packets come again, or with numbers that were used, and are thrown away",
}


class Sign(NamedTuple):
    """What the worker noticed. The fields are those of `MediaProblem`."""

    kind: SoundKind
    for_s: float = 0.0
    source: str = ""
    expected: str = ""
    percent: int = 0


class SoundProblems:
    """`on_media` for every event of the workers. Each kind is noted once for each media leg: a peer cannot
    fill the journal."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._heard: set[int] = set()
        "Media legs that packets came from."
        self._noted: dict[int, set[SoundKind]] = {}

    def on_media(self, event: MediaEvent, now: float) -> None:
        match event:
            case Learned(leg=leg, host=host, port=port, instead_of=expected):
                self._heard.add(leg)
                if expected:
                    source = format_host_port(host, port)
                    self._note(leg, Sign("nat", source=source, expected=expected), now)
            case NoAudio():
                self._silent(event, now)
            case Stranger(leg=leg, host=host, port=port):
                self._note(leg, Sign("stranger", source=format_host_port(host, port)), now)
            case Lossy(leg=leg, percent=percent):
                self._note(leg, Sign("loss", percent=percent), now)
            case Unauthentic(leg=leg):
                self._note(leg, Sign("wrong_key"), now)
            case Replayed(leg=leg):
                self._note(leg, Sign("replay"), now)
            case Closed(leg=leg):
                self._forget(leg)
            case WorkerLost(legs=legs):
                for leg in legs:
                    self._forget(leg)
            case _:
                pass

    def _silent(self, event: NoAudio, now: float) -> None:
        """Of a caller whose INVITE has no answer yet it says nothing: they need not send anything."""
        found = self._context.call_of_sound(event.leg)
        if found is None:
            return
        call = found[0]
        if event.leg == call.media.id and not call.accepted and call.facts.direction == "in":
            return
        kind: SoundKind = "silence"
        if event.never:
            kind = "one_way" if self._heard & (call.sounds.keys() - {event.leg}) else "no_rtp"
        self._note(event.leg, Sign(kind, for_s=event.seconds), now)

    def _note(self, leg: int, sign: Sign, now: float) -> None:
        found = self._context.call_of_sound(leg)
        who = _whose(found[0], leg) if found is not None else None
        if found is None or who is None or sign.kind in self._noted.get(leg, ()):
            return
        self._noted.setdefault(leg, set()).add(sign.kind)
        call, party = found
        at = self._context.clock.wall(now)
        self._context.write(
            MediaProblem(
                at=at,
                call_id=call.id,
                party=party,
                kind=sign.kind,
                for_s=sign.for_s,
                name=who[0],
                leg=who[1],
                source=sign.source,
                expected=sign.expected,
                percent=sign.percent,
            )
        )
        figures = {name: value for name, value in sign._asdict().items() if value}
        say = log.info if sign.kind == "nat" else log.warning
        say(_SAID[sign.kind], call_id=call.id, party=party, **figures)

    def _forget(self, leg: int) -> None:
        self._heard.discard(leg)
        self._noted.pop(leg, None)


def _whose(call: Call, media: int) -> tuple[str, int] | None:
    """Name and leg number of the party whose sound it is; None: of a phone that only rings."""
    if media == call.media.id:
        return "", 0
    found = next((one for one in call.parties if one.media.id == media), None)
    return (found.name, found.number) if found is not None else None
