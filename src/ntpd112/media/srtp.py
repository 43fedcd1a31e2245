"""SRTP and SRTCP of one leg (RFC 3711), by libsrtp.

What a leg hears is secured by its peer's key, what it is sent by ours (RFC 4568 §6.1). Packets that are not
authentic, or that came before, are refused here, before anything looks at them. What it is sent is one stream
of ours (`onestream.py`): a key stream is never used twice, however often the voices change.
"""

from __future__ import annotations

from typing import Final

from pylibsrtp import Error, Policy, Session

from .onestream import OneStream
from .protocol import Secured, Suite
from .rtp import RTCP_TYPES

MAX_SSRCS: Final = 256
"Streams of one peer under one key, each of which libsrtp keeps some 500 bytes of; a PBX has one a transfer."

_PROFILES: Final[dict[Suite, int]] = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


class Refused(OSError):
    """A packet that shall go no further. An OSError, since to who reads a socket it is as if none came."""


class Srtp:
    """Both directions. `rekey` takes over what a new offer and answer agreed on."""

    def __init__(self, keys: Secured) -> None:
        self.keys = keys
        self.stream = OneStream()
        self.unauthentic = 0
        "Packets refused because nobody with the peer's key has sent them."
        self.replayed = 0
        "Packets refused because they came before, or are too old to know (RFC 3711 §3.3.2)."
        self._outbound = _session(keys.suite, keys.ours, Policy.SSRC_ANY_OUTBOUND)
        self._inbound: tuple[Inbound, ...] = (Inbound(keys.suite, keys.theirs),)

    def rekey(self, keys: Secured) -> None:
        """The same key goes on with its counters (RFC 4568 §7.1.4). A new one of the peer's is tried first;
        what is still on its way with the old one is heard until the first packet comes with the new."""
        old, self.keys = self.keys, keys
        if (keys.suite, keys.ours) != (old.suite, old.ours):
            self._outbound = _session(keys.suite, keys.ours, Policy.SSRC_ANY_OUTBOUND)
        if (keys.suite, keys.theirs) != (old.suite, old.theirs):
            self._inbound = (Inbound(keys.suite, keys.theirs), self._inbound[-1])

    def protect(self, packet: bytes) -> bytes:
        """An RTP packet of any stream, as one of ours. Raises Refused for one that libsrtp does not take: too
        long, or its number was used."""
        try:
            return self._outbound.protect(self.stream.renumbered(packet))
        except (Error, ValueError) as problem:
            raise Refused(str(problem)) from None

    def protect_rtcp(self, packet: bytes) -> bytes:
        """Raises Refused."""
        try:
            return self._outbound.protect_rtcp(packet)
        except (Error, ValueError) as problem:
            raise Refused(str(problem)) from None

    def unprotect(self, packet: bytes) -> bytes:
        """An RTP packet, or an RTCP packet on its port (RFC 5761). Raises Refused."""
        if len(packet) > 1 and packet[1] in RTCP_TYPES:
            return self.unprotect_rtcp(packet)
        try:
            return self._inbound[0].rtp(packet) if len(self._inbound) == 1 else self._either(packet)
        except Error as problem:
            raise self._counted(problem) from None

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """Raises Refused."""
        try:
            return self._inbound[0].rtcp(packet)
        except Error as problem:
            raise self._counted(problem) from None

    def _either(self, packet: bytes) -> bytes:
        new, old = self._inbound
        try:
            plain = new.rtp(packet)
        except Error:
            return old.rtp(packet)
        self._inbound = (new,)
        return plain

    def _counted(self, problem: Error) -> Refused:
        if str(problem).startswith("replay"):
            self.replayed += 1
        else:
            self.unauthentic += 1
        return Refused(str(problem))


class Inbound:
    """The peer's packets under one of its keys. Raises `pylibsrtp.Error` for those that are not."""

    def __init__(self, suite: Suite, key: bytes) -> None:
        self._session = _session(suite, key, Policy.SSRC_ANY_INBOUND)
        self._ssrcs: set[bytes] = set()

    def rtp(self, packet: bytes) -> bytes:
        self._check(ssrc := packet[8:12])
        plain = self._session.unprotect(packet)
        self._ssrcs.add(ssrc)
        return plain

    def rtcp(self, packet: bytes) -> bytes:
        self._check(ssrc := packet[4:8])
        plain = self._session.unprotect_rtcp(packet)
        self._ssrcs.add(ssrc)
        return plain

    def _check(self, ssrc: bytes) -> None:
        if ssrc not in self._ssrcs and len(self._ssrcs) >= MAX_SSRCS:
            raise Error(f"more than {MAX_SSRCS} streams under one key")


def _session(suite: Suite, key: bytes, ssrcs: int) -> Session:
    """`key`: 16 bytes of master key and 14 of salt. Raises ValueError for fewer."""
    return Session(Policy(key=key, ssrc_type=ssrcs, srtp_profile=_PROFILES[suite]))
