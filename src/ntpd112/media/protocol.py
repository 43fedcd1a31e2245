"""The command protocol between `MediaClient` and a worker: MessagePack values, each after its length (4
bytes, big-endian), over a Unix stream socket. Commands are fire-and-forget; what has to be told comes as an
event.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .events import (
    AudioBack,
    Closed,
    Dtmf,
    Learned,
    Lossy,
    NoAudio,
    PlayEnded,
    RecordingFailed,
    Replayed,
    Stranger,
    Unauthentic,
    Voice,
)

Law = Literal["PCMA", "PCMU"]
Family = Literal[4, 6]
Suite = Literal["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"]
"Of SRTP, by their names in SDP (RFC 4568 §6.2)."

MAX_FRAME_BYTES = 1 << 20
"A longer frame is no command of ours: the largest, a list of 10,000 ports, has 30 kB."


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of commands and of the worker's own reports."""


class Configure(Message, frozen=True):
    """The first command to a worker. Ports are inclusive; `start_at` is where in the range to begin, so that
    a worker that follows a lost one does not hand out the ports just used."""

    worker: int
    first_port: int
    last_port: int
    start_at: int
    bind: dict[Family, str]
    "Address to bind, by family; a family that is missing is not served."
    reserve: int
    quarantine_s: float
    no_audio_s: float
    rtcp_interval_s: float
    prompts: str = ""
    "Folder of the site's own; empty: none."
    dscp: int = 0
    "Marks what is sent; 0: no mark."


class ReloadPrompts(Message, frozen=True):
    """The files in that folder have changed."""


class Open(Message, frozen=True):
    """Make a leg of a port pair that the worker has announced with `Ports`."""

    leg: int
    port: int
    family: Family
    law: Law


class Secured(msgspec.Struct, frozen=True, array_like=True):
    """SRTP for a leg. Keys are 16 bytes of master key and 14 of salt; `ours` is for what the leg is sent."""

    suite: Suite
    ours: bytes
    theirs: bytes

    def __repr__(self) -> str:
        return f"Secured({self.suite}, keys not shown)"


class Remote(Message, frozen=True):
    """What signalling says of the other end. `send` False: it holds us, nothing may be sent."""

    leg: int
    host: str
    port: int
    rtcp_port: int
    law: Law
    payload_type: int
    dtmf_payload_type: int | None
    send: bool
    secured: Secured | None = None
    "None: plain RTP."


class Belongs(Message, frozen=True):
    """The leg is one of this call: for the log."""

    leg: int
    call_id: str


class Play(Message, frozen=True):
    leg: int
    language: str
    prompts: list[str]
    "One after the other."
    loop: bool


class WatchVoice(Message, frozen=True):
    """Tell once when somebody begins to speak; `on` False: no longer."""

    leg: int
    on: bool


class StopPlaying(Message, frozen=True):
    leg: int


class Join(Message, frozen=True):
    a: int
    b: int


class Unjoin(Message, frozen=True):
    a: int
    b: int


class Hear(Message, frozen=True):
    """From now on `leg` hears the sum of `sources`."""

    leg: int
    sources: list[int]


class Record(Message, frozen=True):
    """Record `caller` on the left channel, and whom it hears on the right."""

    path: str
    caller: int


class Attach(Message, frozen=True):
    """These are on the right channel too, though the caller may not hear them."""

    caller: int
    others: list[int]


class StopRecording(Message, frozen=True):
    caller: int


class Close(Message, frozen=True):
    leg: int


class Ports(Message, frozen=True):
    """Report: these RTP ports are bound and wait for `Open`."""

    family: Family
    ports: list[int]


class Alive(Message, frozen=True):
    """Report, about every second: the worker lives. Figures are totals since its start."""

    legs: int
    packets: int
    dropped: int
    cpu_s: float
    ports_free: int = 0
    "Port pairs that a leg could have: bound and waiting for one, or free to be bound."
    ports_resting: int = 0
    "Given back a moment ago."


Command = (
    Configure
    | ReloadPrompts
    | Open
    | Remote
    | Belongs
    | Play
    | StopPlaying
    | WatchVoice
    | Join
    | Unjoin
    | Hear
    | Record
    | Attach
    | StopRecording
    | Close
)
Report = (
    Ports
    | Alive
    | Learned
    | Dtmf
    | PlayEnded
    | NoAudio
    | AudioBack
    | Stranger
    | Lossy
    | Unauthentic
    | Replayed
    | Closed
    | RecordingFailed
    | Voice
)

_encoder = msgspec.msgpack.Encoder()
decode_command = msgspec.msgpack.Decoder(Command).decode
decode_report = msgspec.msgpack.Decoder(Report).decode


class ProtocolError(Exception):
    """The other side sent what cannot be a frame; the connection is of no use any more."""


def encode_frame(message: Command | Report) -> bytes:
    body = _encoder.encode(message)
    return len(body).to_bytes(4, "big") + body


class FrameReader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Frames that are complete with `data`. Raises ProtocolError for an impossible length."""
        buffer = self._buffer
        buffer += data
        frames = []
        start = 0
        while len(buffer) - start >= 4:
            length = int.from_bytes(buffer[start : start + 4], "big")
            if length > MAX_FRAME_BYTES:
                raise ProtocolError(f"frame of {length} bytes: at most {MAX_FRAME_BYTES} are allowed")
            if len(buffer) - start - 4 < length:
                break
            frames.append(bytes(buffer[start + 4 : start + 4 + length]))
            start += 4 + length
        del buffer[:start]
        return frames
