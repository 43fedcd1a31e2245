"""Media: RTP relay, mixing, prompts, DTMF, voice activity, quality and recording, in a worker process of
its own.

`client` is what the agent uses (`MediaClient`), `events` what it hears back, `worker` the process,
`convert` makes announcements of uploads. Nothing here knows SIP or the queue. The small interface (open a
leg, say whom it hears, play, record, close) can be served by another media plane later.
"""

from .client import MediaClient, MediaError, MediaLeg, MediaSettings, NoPorts
from .events import (
    AudioBack,
    Closed,
    Dtmf,
    Learned,
    Lossy,
    MediaEvent,
    NoAudio,
    PlayEnded,
    Quality,
    RecordingFailed,
    Replayed,
    Stranger,
    Unauthentic,
    Voice,
    WorkerLost,
)
from .protocol import Secured

__all__ = [
    "AudioBack",
    "Closed",
    "Dtmf",
    "Learned",
    "Lossy",
    "MediaClient",
    "MediaError",
    "MediaEvent",
    "MediaLeg",
    "MediaSettings",
    "NoAudio",
    "NoPorts",
    "PlayEnded",
    "Quality",
    "RecordingFailed",
    "Replayed",
    "Secured",
    "Stranger",
    "Unauthentic",
    "Voice",
    "WorkerLost",
]
