"""Offer and answer of one session (RFC 3264): who has offered what, and what was agreed on."""

from __future__ import annotations

from dataclasses import replace

from .body import body_parts
from .message import Message
from .sdp import (
    Direction,
    LocalMedia,
    RemoteMedia,
    SessionDescription,
    accept_answer,
    make_answer,
    make_offer,
    parse_sdp,
)

SDP = "application/sdp"


class OfferAnswer:
    """At most one offer is open at a time, ours or the peer's; who asks must look at `busy`."""

    def __init__(self) -> None:
        self.local: LocalMedia | None = None
        self.remote: RemoteMedia | None = None
        self.offered = False
        "Our offer is out and has no answer yet."
        self.received: SessionDescription | None = None
        "The peer's offer that we have not answered."
        self._written = b""

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
        local = self._local()
        body = make_offer(local, direction)
        if self._written and body != self._written:
            local = self.local = replace(local, version=local.version + 1)
            body = make_offer(local, direction)
        self._written = body
        self.offered = True
        return body

    def take_offer(self, body: bytes) -> None:
        """The peer's offer. Raises SdpError; then nothing has changed."""
        self.received = parse_sdp(body)

    def answer(self) -> tuple[bytes, bool]:
        """Our answer to the open offer, and whether it changed what was agreed on. Raises SdpError
        (NoCommonCodec); then the offer is no longer open and what was agreed on before stands."""
        offer, local = self.received, self._local()
        assert offer is not None, "answer() without an offer of the peer"
        self.received = None
        body, remote = make_answer(offer, local)
        if self._written and body != self._written:
            local = self.local = replace(local, version=local.version + 1)
            body, remote = make_answer(offer, local)
        self._written = body
        changed = remote != self.remote
        self.remote = remote
        return body, changed

    def take_answer(self, body: bytes) -> bool:
        """The peer's answer; True if it changed what was agreed on. Raises SdpError; then what was agreed on
        before stands."""
        self.offered = False
        remote = accept_answer(parse_sdp(body), self._local())
        changed = remote != self.remote
        self.remote = remote
        return changed

    def withdraw(self) -> None:
        """Our offer was refused or will get no answer: what was agreed on before stands."""
        self.offered = False

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
