"""Session descriptions (RFC 8866) and their offer/answer exchange (RFC 3264) for one G.711 audio stream.

One codec is agreed on for both directions, the first of the offer that both sides have unless we prefer
another of it, and telephone-event (RFC 4733) beside it. It is secured by SRTP if both sides have and want it:
as RTP/SAVP, or as RTP/AVP with `a=crypto`, which says that it may be plain (RFC 8643). Every other stream of
an offer is refused with port 0. Lenient in what does not matter for reaching the peer: unknown lines and
attributes are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import ip_address
from typing import Literal, cast

from .crypto_attribute import Crypto, SecuredMedia, SrtpPolicy, UnusableCrypto

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
CodecName = Literal["PCMA", "PCMU"]
Profile = Literal["RTP/AVP", "RTP/SAVP"]

MAX_SDP = 16_384
"Bytes of a description; a browser's with every codec and candidate has about 8,000."
MAX_STREAMS = 32
"m= lines of a description; each has its line in our answer."
MAX_FORMATS = 64
"Formats of one m= line."
MAX_CRYPTO = 16
"`a=crypto` lines of a stream that are looked at; peers send one for each suite they have."
DEFAULT_PTIME = 20
"Milliseconds of sound in a packet when the peer asks for nothing (RFC 3551 §4.5)."
DTMF_PAYLOAD_TYPE = 101
"What we offer for telephone-event; most peers use the same."

SHOWN = 20
"Characters shown of a line that cannot be read at all: it might be one with a key."

_STATIC = {"0": "PCMU", "8": "PCMA"}
_PAYLOAD_TYPES: dict[str, int] = {"PCMU": 0, "PCMA": 8}
ALL_CODECS = ("PCMA", "PCMU")
_MIRROR: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_UNSPECIFIED = ("0.0.0.0", "::")
_TIME = re.compile(r"\d{1,20} \d{1,20}")


class SdpError(ValueError):
    """A description that cannot be used; the message quotes the line."""


class NoCommonCodec(SdpError):
    """No audio stream with a codec of ours: the answer is 488."""


class NotSecured(SdpError):
    """Our policy and the peer's about SRTP exclude each other: the answer is 488."""


@dataclass(frozen=True, slots=True)
class Codec:
    name: CodecName
    payload_type: int


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Where we receive. RTCP is on the next port. `version` goes up by one with every changed description."""

    address: str
    port: int
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    session_id: int = 1
    version: int = 1


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """The result of an exchange as we see it: where and what we send, and in which directions sound goes."""

    address: str
    port: int
    rtcp_port: int
    codec: Codec
    "What we send, and what the peer sends."
    dtmf_payload_type: int | None
    "None: the peer has no telephone-event."
    direction: Direction
    "Ours: `sendonly` means that we send and the peer does not."
    ptime: int = DEFAULT_PTIME
    "Milliseconds of sound in each packet that the peer wants."
    secured: SecuredMedia | None = None
    "By SRTP; None: plain."
    profile: Profile = "RTP/AVP"

    @property
    def held(self) -> bool:
        """The peer holds us: it takes nothing from us now (RFC 3264 §8.4, and 0.0.0.0 as in RFC 2543)."""
        return self.direction in ("recvonly", "inactive") or self.address in _UNSPECIFIED


@dataclass(slots=True)
class Stream:
    """One m= line and what belongs to it."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    address: str | None = None
    rtcp_port: int | None = None
    direction: Direction | None = None
    ptime: int | None = None
    max_ptime: int | None = None
    encodings: dict[str, str] = field(default_factory=dict)
    "Format to `NAME/rate`, upper case, from a=rtpmap."
    cryptos: list[Crypto] = field(default_factory=list)
    "Those that we can use, the peer's favourite first."
    unusable: list[str] = field(default_factory=list)
    "Why we cannot use the others."


@dataclass(slots=True)
class SessionDescription:
    origin: str = ""
    address: str | None = None
    direction: Direction | None = None
    ptime: int | None = None
    time: str = "0 0"
    streams: list[Stream] = field(default_factory=list)


def parse_sdp(body: bytes) -> SessionDescription:
    """Raises SdpError naming the line."""
    if len(body) > MAX_SDP:
        raise SdpError(f"session description has {len(body)} bytes, more than {MAX_SDP}")
    session = SessionDescription()
    stream: Stream | None = None
    for line in body.decode("utf-8", "surrogateescape").split("\n"):
        kind, value = line[:2], line[2:].strip()
        if kind == "a=":
            _read_attribute(stream or session, value)
        elif kind == "m=":
            stream = _read_stream(value)
            session.streams.append(stream)
            if len(session.streams) > MAX_STREAMS:
                raise SdpError(f"session description has more than {MAX_STREAMS} m= lines")
        elif kind == "c=":
            (stream or session).address = _read_connection(value)
        elif kind == "o=":
            session.origin = value
        elif kind == "t=" and _TIME.fullmatch(value):
            session.time = value
        elif kind[1:] != "=" and line.strip():
            raise SdpError(f"line {line.strip()[:SHOWN]!r} does not start with a letter and '='")
    return session


def make_offer(
    local: LocalMedia,
    direction: Direction = "sendrecv",
    crypto: Crypto | None = None,
    profile: Profile = "RTP/AVP",
) -> bytes:
    """All codecs of `local` in its order, and telephone-event. With `crypto` SRTP is offered: as RTP/SAVP
    plain RTP is no answer to it."""
    codecs = [Codec(cast(CodecName, name), _PAYLOAD_TYPES[name]) for name in local.codecs]
    head = _head(local, profile, crypto)
    return _write(local, "0 0", _audio(head, codecs, DTMF_PAYLOAD_TYPE, direction, DEFAULT_PTIME))


def make_answer(
    offer: SessionDescription,
    local: LocalMedia,
    srtp: SrtpPolicy = "off",
    answer_to: Callable[[Crypto], Crypto] | None = None,
    preferred: tuple[str, ...] = (),
) -> tuple[bytes, RemoteMedia]:
    """The answer mirrors the offer's direction. `answer_to` gives our line for the peer's, if `srtp` is not
    off. Of what `preferred` names the first that is offered is taken, in its order. Raises NoCommonCodec,
    NotSecured, or SdpError for a stream without an address."""
    stream, codec, theirs = choose(offer, local.codecs, srtp, preferred)
    remote = _remote(offer, stream, codec)
    ours = answer_to(theirs) if answer_to is not None and theirs is not None else None
    head = _head(local, remote.profile, ours)
    answer = _audio(head, [codec], remote.dtmf_payload_type, remote.direction, remote.ptime)
    lines = [answer if one is stream else _refused(one) for one in offer.streams]
    return _write(local, offer.time, "".join(lines)), _secured(remote, ours, theirs)


def accept_answer(
    answer: SessionDescription,
    local: LocalMedia,
    srtp: SrtpPolicy = "off",
    offered: Crypto | None = None,
) -> RemoteMedia:
    """What the peer made of our offer. Raises NoCommonCodec when it refused the sound, NotSecured, or
    SdpError."""
    stream, codec, theirs = choose(answer, local.codecs, srtp if offered is not None else "off")
    if (
        offered is not None
        and theirs is not None
        and (theirs.tag, theirs.suite) != (offered.tag, offered.suite)
    ):
        raise NotSecured(
            f"a=crypto:{theirs.tag} {theirs.suite} is no answer to {offered.tag} {offered.suite}"
        )
    return _secured(_remote(answer, stream, codec), offered, theirs)


def preferred_codec(offer: SessionDescription, preferred: tuple[str, ...] = ()) -> CodecName | None:
    """The G.711 law that will be agreed on, so that the other leg can be asked for the same."""
    codecs = (_codec(stream, ALL_CODECS, preferred) for stream in offer.streams)
    return next((codec.name for codec in codecs if codec is not None), None)


def choose(
    session: SessionDescription, codecs: tuple[str, ...], srtp: SrtpPolicy, preferred: tuple[str, ...] = ()
) -> tuple[Stream, Codec, Crypto | None]:
    """The stream to take, the codec in it, and the peer's key if it is to be secured: a secured one rather
    than a plain one, if there are both. Raises NoCommonCodec or NotSecured."""
    found = [(stream, _codec(stream, codecs, preferred)) for stream in session.streams]
    audio = [(stream, codec) for stream, codec in found if codec is not None]
    if not audio:
        seen = [f"{s.kind} {s.port} {s.protocol} {' '.join(s.formats[:8])}"[:80] for s in session.streams[:4]]
        raise NoCommonCodec(f"no RTP/AVP audio with {' or '.join(codecs)} among {seen}")
    if srtp != "off":
        for stream, codec in audio:
            if stream.cryptos:
                return stream, codec, stream.cryptos[0]
    if srtp != "required":
        for stream, codec in audio:
            if _profile(stream) == "RTP/AVP":
                return stream, codec, None
        if srtp == "off":
            raise NotSecured("RTP/SAVP is all that is offered, and SRTP is off here")
    reasons = [reason for stream, _ in audio for reason in stream.unusable[:4]]
    wanted = "SRTP is required here" if srtp == "required" else "RTP/SAVP is offered"
    raise NotSecured(
        f"{wanted}, and there is no a=crypto that can be used: {'; '.join(reasons) or 'none at all'}"
    )


def _codec(stream: Stream, codecs: tuple[str, ...], preferred: tuple[str, ...]) -> Codec | None:
    """The stream's codec that we prefer, else the first that we have too, if it is one of sound that we can
    carry at all."""
    if stream.kind.lower() != "audio" or _profile(stream) is None or not stream.port:
        return None
    best, best_rank = None, len(preferred) + 1
    for payload in stream.formats:
        name = _encoding(stream, payload)
        if name in codecs:
            rank = preferred.index(name) if name in preferred else len(preferred)
            if rank < best_rank:
                best, best_rank = Codec(cast(CodecName, name), int(payload)), rank
            if best_rank == 0 or not preferred:
                break
    return best


def _profile(stream: Stream) -> Profile | None:
    name = stream.protocol.upper()
    return cast(Profile, name) if name in ("RTP/AVP", "RTP/SAVP") else None


def _encoding(stream: Stream, payload: str) -> str | None:
    """`PCMA`, `TELEPHONE-EVENT`, ... if it has a clock of 8000 Hz and a number that RTP can carry."""
    named = stream.encodings.get(payload)
    if named is None:
        return _STATIC.get(payload)
    if not (payload.isascii() and payload.isdigit() and len(payload) <= 3 and int(payload) < 128):
        return None
    name, _, rate = named.partition("/")
    return name if rate in ("8000", "8000/1") else None


def _secured(remote: RemoteMedia, ours: Crypto | None, theirs: Crypto | None) -> RemoteMedia:
    if ours is None or theirs is None:
        return remote
    return replace(remote, secured=SecuredMedia(theirs.suite, ours.key, theirs.key))


def _remote(session: SessionDescription, stream: Stream, codec: Codec) -> RemoteMedia:
    address = stream.address or session.address
    if address is None:
        raise SdpError(f"m={stream.kind} {stream.port} has no c= line, nor has the session")
    dtmf = next((p for p in stream.formats if _encoding(stream, p) == "TELEPHONE-EVENT"), None)
    ptime = stream.ptime or session.ptime or DEFAULT_PTIME
    return RemoteMedia(
        address=_ip(address),
        port=stream.port,
        rtcp_port=stream.rtcp_port or min(stream.port + 1, 65_535),
        codec=codec,
        dtmf_payload_type=None if dtmf is None else int(dtmf),
        direction=_MIRROR[stream.direction or session.direction or "sendrecv"],
        ptime=min(ptime, stream.max_ptime or ptime),
        profile=_profile(stream) or "RTP/AVP",
    )


@lru_cache(maxsize=1_024)
def _ip(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        raise SdpError(f"c= line has {address[:80]!r} where an IP address is needed") from None


def _read_stream(value: str) -> Stream:
    kind, port, protocol, *formats = (*value.split(), "", "", "")
    port = port.partition("/")[0]
    formats = [one for one in formats if one]
    if not formats or not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65_536):
        raise SdpError(f"line {'m=' + value[:80]!r} is not a medium, a port, a protocol and formats")
    if len(formats) > MAX_FORMATS:
        raise SdpError(f"line {'m=' + value[:80]!r} has more than {MAX_FORMATS} formats")
    return Stream(kind, int(port), protocol, formats)


def _read_connection(value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[0].upper() != "IN":
        raise SdpError(f"line {'c=' + value[:80]!r} is not IN, IP4 or IP6 and an address")
    return parts[2].partition("/")[0]


def _read_attribute(owner: Stream | SessionDescription, value: str) -> None:
    """The attributes that matter to us; what is wrong with one is passed over, as if it were not there."""
    name, colon, text = value.partition(":")
    if not colon:
        if name in _MIRROR:
            owner.direction = name
    elif name == "ptime":
        owner.ptime = _milliseconds(text)
    elif isinstance(owner, Stream):
        if name == "rtpmap":
            payload, _, encoding = text.strip().partition(" ")
            owner.encodings[payload] = encoding.strip().upper()
        elif name == "rtcp":
            port = text.split()[0] if text.strip() else ""
            if port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65_536:
                owner.rtcp_port = int(port)
        elif name == "maxptime":
            owner.max_ptime = _milliseconds(text)
        elif name == "crypto":
            _read_crypto(owner, text)


def _read_crypto(stream: Stream, text: str) -> None:
    if len(stream.cryptos) + len(stream.unusable) < MAX_CRYPTO:
        try:
            stream.cryptos.append(Crypto.parse(text))
        except UnusableCrypto as problem:
            stream.unusable.append(str(problem))


def _milliseconds(text: str) -> int | None:
    """A packet time that G.711 packets can have: 5 to 200 ms, else None."""
    whole = text.strip().partition(".")[0]
    return (
        int(whole)
        if whole.isascii() and whole.isdigit() and len(whole) <= 3 and 5 <= int(whole) <= 200
        else None
    )


def _head(local: LocalMedia, profile: Profile, crypto: Crypto | None) -> tuple[str, str]:
    """The m= line up to its formats, and the line with our key."""
    return f"m=audio {local.port} {profile}", f"a=crypto:{crypto}\r\n" if crypto is not None else ""


def _audio(
    head: tuple[str, str], codecs: list[Codec], dtmf: int | None, direction: Direction, ptime: int
) -> str:
    payloads = [str(codec.payload_type) for codec in codecs]
    maps = "".join(f"a=rtpmap:{codec.payload_type} {codec.name}/8000\r\n" for codec in codecs)
    if dtmf is not None:
        payloads.append(str(dtmf))
        maps += f"a=rtpmap:{dtmf} telephone-event/8000\r\na=fmtp:{dtmf} 0-15\r\n"
    medium, crypto = head
    return f"{medium} {' '.join(payloads)}\r\n{crypto}{maps}a=ptime:{ptime}\r\na={direction}\r\n"


def _refused(stream: Stream) -> str:
    return f"m={stream.kind} 0 {stream.protocol} {' '.join(stream.formats)}\r\n"


def _write(local: LocalMedia, time: str, streams: str) -> bytes:
    address = f"IN {'IP6' if ':' in local.address else 'IP4'} {local.address}"
    origin = f"o=- {local.session_id} {local.version} {address}"
    text = f"v=0\r\n{origin}\r\ns=-\r\nc={address}\r\nt={time}\r\n{streams}"
    return text.encode("utf-8", "surrogateescape")
