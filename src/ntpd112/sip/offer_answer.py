"""Offer and answer of one session (RFC 3264): who has offered what, and what was agreed on."""

from __future__ import annotations

from dataclasses import replace

from .body import body_parts
from .crypto_attribute import Crypto
from .message import Message
from .sdp import (
    CodecName,
    Direction,
    LocalMedia,
    Profile,
    RemoteMedia,
    SessionDescription,
    accept_answer,
    make_answer,
    make_offer,
    parse_sdp,
)
from .srtp_keys import SrtpKeys

SDP = "application/sdp"


class OfferAnswer:
    """At most one offer is open at a time, ours or the peer's; who asks must look at `busy`."""

    def __init__(self, keys: SrtpKeys | None = None, codecs: tuple[CodecName, ...] = ()) -> None:
        self._keys = keys or SrtpKeys()
        self._codecs = codecs
        "Offered instead of those of `local`, and taken before others of an offer."
        self._crypto: Crypto | None = None
        "What our last offer said."
        self.local: LocalMedia | None = None
        self.remote: RemoteMedia | None = None
        self.offered = False
        "Our offer is out and has no answer yet."
        self.received: SessionDescription | None = None
        "The peer's offer that we have not answered."
        self._written = b""
        self._insists = False

    @property
    def busy(self) -> bool:
        return self.offered or self.received is not None

    def use(self, local: LocalMedia) -> None:
        """Receive at `local` from now on. The session's id and version go on: the version goes up when a
        description is written that differs from the last."""
        if self.local is not None:
            local = replace(local, session_id=self.local.session_id, version=self.local.version)
        self.local = local

    def offer(self, direction: Direction = "sendrecv") -> bytes:
        """Our offer as a body."""
        local = self._offering()
        crypto = self._crypto = self._keys.offer()
        body = make_offer(local, direction, crypto, self._profile)
        if self._written and body != self._written:
            self.local = replace(self._local(), version=local.version + 1)
            local = self._offering()
            body = make_offer(local, direction, crypto, self._profile)
        self._written = body
        self.offered = True
        return body

    @property
    def may_insist(self) -> bool:
        """Whether a peer that has refused our offer may take it as RTP/SAVP: those that want nothing but
        secured sound do not all know that RTP/AVP can have keys (RFC 8643)."""
        return self._keys.policy == "preferred" and not self._insists

    def offer_anew(self, *, insist: bool) -> bytes:
        """Our first offer again, for another attempt. `insist`: as RTP/SAVP, to which plain is no answer."""
        self._insists = insist
        return self.offer()

    def take_offer(self, body: bytes) -> None:
        """The peer's offer. Raises SdpError; then nothing has changed."""
        self.received = parse_sdp(body)

    def answer(self) -> tuple[bytes, bool]:
        """Our answer to the open offer, and whether it changed what was agreed on. Raises SdpError
        (NoCommonCodec, NotSecured); then the offer is no longer open and what was agreed on before stands."""
        offer, local, keys = self.received, self._local(), self._keys
        assert offer is not None, "answer() without an offer of the peer"
        self.received = None
        body, remote = make_answer(offer, local, keys.policy, keys.answer, self._codecs)
        if self._written and body != self._written:
            local = self.local = replace(local, version=local.version + 1)
            body, remote = make_answer(offer, local, keys.policy, keys.answer, self._codecs)
        self._written = body
        return body, self._agree(remote)

    def take_answer(self, body: bytes) -> bool:
        """The peer's answer; True if it changed what was agreed on. Raises SdpError; then what was agreed on
        before stands."""
        self.offered = False
        remote = accept_answer(parse_sdp(body), self._offering(), self._keys.policy, self._crypto)
        return self._agree(remote)

    def withdraw(self) -> None:
        """Our offer was refused or will get no answer: what was agreed on before stands."""
        self.offered = False

    def _agree(self, remote: RemoteMedia) -> bool:
        """True if it is not what was agreed on before."""
        changed = remote != self.remote
        self.remote = remote
        self._keys.agreed(remote.secured.theirs if remote.secured is not None else None)
        return changed

    @property
    def _profile(self) -> Profile:
        """Of our next offer: as it was agreed on. RTP/AVP with a key says that plain will do (RFC 8643)."""
        if self.remote is not None and self.remote.secured is not None:
            return self.remote.profile
        return "RTP/SAVP" if self._insists or self._keys.policy == "required" else "RTP/AVP"

    def _offering(self) -> LocalMedia:
        """With what is agreed on, whatever it is: a peer that has nothing else could not be held."""
        local, codecs = self._local(), self._codecs
        if not codecs:
            return local
        if self.remote is not None and self.remote.codec.name not in codecs:
            codecs = (*codecs, self.remote.codec.name)
        return replace(local, codecs=codecs)

    def _local(self) -> LocalMedia:
        assert self.local is not None, "no local media yet"
        return self.local


def sdp_of(message: Message) -> bytes | None:
    """The session description in a message's body, also inside a multipart one."""
    if not message.body:
        return None
    content_type = message.get("content-type")
    if content_type is not None and content_type.lower() == SDP:
        return message.body
    return body_parts(content_type, message.body).sdp
