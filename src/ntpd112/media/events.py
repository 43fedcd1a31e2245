"""What the media worker tells: each is one small value, on the wire and for the user of `MediaClient` alike.

`leg` is the id of a `MediaLeg` (unique for the life of the agent). `Closed` is a leg's last event.
"""

from __future__ import annotations

import msgspec


class Quality(msgspec.Struct, frozen=True, array_like=True):
    """How the media of one leg was: what we received, and what the peer reported of ours (RFC 3550 §6.4)."""

    packets: int
    "RTP packets received and accepted."
    lost: int
    jitter_ms: float
    remote_lost: int | None = None
    "Of the packets we sent, as the peer counted; None: it never reported."
    remote_jitter_ms: float | None = None
    dropped: int = 0
    "Packets thrown away: malformed, of another source, or of an unknown payload type."
    unauthentic: int = 0
    "Packets to a leg with SRTP that were not secured by the peer's key."


class Event(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all events."""


class Learned(Event, frozen=True, tag="learned"):
    """The leg is now locked to this address: only it is heard, and it is what we send to."""

    leg: int
    host: str
    port: int
    instead_of: str = ""
    "`host:port` of the signalling, if its host is another: a NAT is between, or somebody else sends."


class Dtmf(Event, frozen=True, tag="dtmf"):
    """A key was pressed and let go (RFC 4733). `digit` is one of `0-9*#ABCD`."""

    leg: int
    digit: str
    duration_ms: int


class PlayEnded(Event, frozen=True, tag="play-ended"):
    """What was played came to its end by itself (also prompts that do not exist). Not sent for what was
    stopped or replaced."""

    leg: int
    prompt: str
    "The last of several."


class NoAudio(Event, frozen=True, tag="no-audio"):
    """Nothing was heard from a leg that is not held for `seconds`. Once for each silence."""

    leg: int
    seconds: float
    never: bool = False
    "Nothing at all has come since the leg was opened: a phone that is dead rather than muted."


class Voice(Event, frozen=True, tag="voice"):
    """Somebody speaks, `after_ms` after the watch began. Once for each watch (see `voice.py`)."""

    leg: int
    after_ms: int


class AudioBack(Event, frozen=True, tag="audio-back"):
    """Packets come again after `NoAudio`."""

    leg: int


class Stranger(Event, frozen=True, tag="stranger"):
    """A stream of another source than the one the leg is locked to comes in, and is thrown away. Once for
    each leg."""

    leg: int
    host: str
    port: int


class Lossy(Event, frozen=True, tag="lossy"):
    """So much of what the peer sends is lost that speech suffers. Once for each leg."""

    leg: int
    percent: int


class Unauthentic(Event, frozen=True, tag="unauthentic"):
    """A leg with SRTP gets packets that its peer's key has not secured: `packets` of them so far. They are
    thrown away. Once for a leg."""

    leg: int
    packets: int


class Replayed(Event, frozen=True, tag="replayed"):
    """A leg with SRTP gets packets whose numbers were used before (RFC 3711 §3.3.2): `packets` of them so
    far. They are thrown away. Once for a leg."""

    leg: int
    packets: int


class Closed(Event, frozen=True, tag="closed"):
    """The leg is closed; its ports are given back."""

    leg: int
    quality: Quality


class RecordingFailed(Event, frozen=True, tag="recording-failed"):
    """The recording of this caller leg ended early: `reason` says why. The call goes on."""

    leg: int
    reason: str


class WorkerLost(Event, frozen=True, tag="worker-lost"):
    """A worker process is gone, and the audio of these legs with it. Another is being started."""

    worker: int
    legs: list[int]


MediaEvent = (
    Learned
    | Dtmf
    | PlayEnded
    | NoAudio
    | Voice
    | AudioBack
    | Stranger
    | Lossy
    | Unauthentic
    | Replayed
    | Closed
    | RecordingFailed
    | WorkerLost
)
