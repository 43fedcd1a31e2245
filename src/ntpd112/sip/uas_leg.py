"""A leg that the peer began: from its INVITE to our answer or refusal (RFC 3261 §13.3, RFC 3262 §3)."""

from __future__ import annotations

from .body import body_parts
from .core import ALLOW, Core
from .dialog import Dialog
from .events import Cause, Established
from .message import Request
from .modify import ModifiableLeg, warning_of
from .offer_answer import SDP
from .reason import cause_of, q850_of, reason_headers
from .repeats import ReliableProvisionals
from .reply import phrase_of, reply
from .sdp import ALL_CODECS, LocalMedia, SdpError, choose
from .session_policy import SessionPolicy
from .timers import Timer
from .transaction import InviteServer, ServerTransaction


class InboundLeg(ModifiableLeg):
    """Made by the agent for an admitted INVITE. Raises SdpError for an offer that no answer of ours can meet,
    and TooSmall for a session interval below our minimum, before anything else has changed."""

    inbound = True

    def __init__(self, core: Core, transaction: InviteServer, tag: str, policy: SessionPolicy | None) -> None:
        request = transaction.request
        super().__init__(core, request.call_id, tag, policy)
        self._transaction = transaction
        self._answer_at: LocalMedia | None = None
        "Where to answer once a PRACK came."
        self._last_provisional: tuple[int, bytes] | None = None
        self._unreliable_sdp = b""
        "The answer in a 183 that has no PRACK: only a preview of the one that the 2xx must repeat."
        self._keep_ringing: Timer | None = None
        self._read_invite(request)
        supported, required = request.tokens("supported"), request.tokens("require")
        self._timer_headers = self.session.accept_request(request, "timer" in supported + required)
        self._needs_reliable = "100rel" in required
        self._takes_reliable = self._needs_reliable or (
            self.policy.reliable != "off" and "100rel" in supported
        )
        self._reliable = ReliableProvisionals(core, transaction)
        self.dialog = Dialog.of_server(request, tag, transaction.flow)
        transaction.on_cancel = self._on_cancel
        transaction.local_tag = tag
        self._remember()

    def _read_invite(self, request: Request) -> None:
        body = body_parts(request.get("content-type"), request.body)
        self.parts = body.parts
        if body.sdp is not None:
            self.media.take_offer(body.sdp)
            self.offer = self.media.received
            assert self.offer is not None
            choose(self.offer, ALL_CODECS, self.policy.srtp)
        self._learn_peer(request)

    # What call control asks for

    def ring(self, now: float, code: int = 180) -> None:
        """Send a provisional response from 101 to 199. A caller who insists on reliable ones and made no
        offer hears nothing until `progress` or `answer`: the first reliable one would need our offer."""
        no_sdp_yet = self.offer is None and self.media.local is None
        if self.state != "calling" or (self._needs_reliable and no_sdp_yet):
            return
        self._send_provisional(code, b"", now)

    def progress(self, now: float, local: LocalMedia) -> None:
        """183 with our answer; with our offer to a caller who made none, if it takes it reliably."""
        if self.state != "calling":
            return
        media = self.media
        media.use(local)
        if media.received is not None:
            body = self._make_answer(now)
            if body is not None:
                self._send_provisional(183, body, now)
        elif media.remote is None and not media.offered and self._takes_reliable:
            self._send_provisional(183, media.offer(), now)
        else:
            self._send_provisional(183, b"", now)

    def answer(self, now: float, local: LocalMedia) -> None:
        if self.state != "calling" or self._answer_at is not None:
            return
        if self._reliable.sdp_unacknowledged:
            self._answer_at = local
            return
        media = self.media
        if media.local is None or self._unreliable_sdp:
            media.use(local)
        body: bytes | None = b""
        if media.received is not None:
            body = self._make_answer(now)
        elif self._unreliable_sdp:
            body = self._unreliable_sdp
        elif media.remote is None and not media.offered:
            body = media.offer()
        if body is None:
            return
        self._stop_provisional()
        self.state, self.answered = "answered", True
        self._answer_invite(self._transaction, self._timer_headers, body, now)
        self.session.restart(now)

    def reject(self, now: float, code: int, headers: dict[str, str] | None = None) -> None:
        if self.state == "calling":
            extra = {name.lower(): [value] for name, value in (headers or {}).items()}
            self._refuse(code, extra, now)
            self._finish("local", Cause(code, q850_of(code)))

    def hang_up(self, now: float, cause: Cause) -> None:
        if self.state == "calling":
            code = cause.sip_code if 300 <= cause.sip_code < 700 else 480
            self._refuse(code, reason_headers(cause), now)
            self._finish("local", cause)
        else:
            super().hang_up(now, cause)

    # Provisional responses

    def _send_provisional(self, code: int, body: bytes, now: float) -> None:
        response = reply(self._transaction.request, code, tag=self.local_tag)
        request, fields = self._transaction.request.fields, response.fields
        if "record-route" in request:
            fields["record-route"] = request["record-route"]
        fields["contact"] = [self.core.contact(self._transaction.flow, self._transaction.request.uri)]
        fields["allow"] = [ALLOW]
        fields["supported"] = [self.policy.supported]
        if body:
            fields["content-type"] = [SDP]
            response.body = body
        if self._is_reliable(body):
            self._reliable.send(response, self._on_no_prack, now)
        else:
            self._unreliable_sdp = body or self._unreliable_sdp
            self._transaction.respond(response, now)
        self._last_provisional = code, body
        self._start_keep_ringing(now)

    def _is_reliable(self, body: bytes) -> bool:
        """The first reliable one has our offer if the caller made none (RFC 3262 §5): a ringing without it is
        reliable only to who insists."""
        if self._needs_reliable or not self._takes_reliable:
            return self._needs_reliable
        return bool(body) or (self.policy.reliable == "required" and self.offer is not None)

    def _start_keep_ringing(self, now: float) -> None:
        if self._keep_ringing is not None:
            self._keep_ringing.cancel()
        self._keep_ringing = self.core.timers.start(now + self.core.durations.keep_ringing, self._ring_on)

    def _ring_on(self, now: float) -> None:
        """Repeat the last provisional response, as a proxy gives up after three minutes without one."""
        assert self._last_provisional is not None
        code, body = self._last_provisional
        self._send_provisional(code, body if self._unreliable_sdp else b"", now)

    def _make_answer(self, now: float) -> bytes | None:
        """Our answer to the offer. None: it cannot be met; the call was refused with 488."""
        try:
            body, changed = self.media.answer()
        except SdpError as error:
            self._refuse(488, {"warning": [warning_of(self.core, error)]}, now)
            self._finish("local", Cause(488, q850_of(488), str(error)))
            return None
        self._media_changed(changed)
        return body

    def _on_prack(self, transaction: ServerTransaction, now: float) -> None:
        if not self._reliable.acknowledge(transaction.request):
            self._respond(transaction, 481, now)
            return
        self._answer_prack(transaction, now)
        self._reliable.proceed(self._on_no_prack, now)
        if self._answer_at is not None and not self._reliable.sdp_unacknowledged:
            local, self._answer_at = self._answer_at, None
            self.answer(now, local)

    def _answer_prack(self, transaction: ServerTransaction, now: float) -> None:
        """What it describes while the INVITE's offer has no answer yet is no offer (RFC 3262 §5): it is
        passed over, since that answer is still to come."""
        body, changed = b"", False
        if self.media.offered:
            self._take_answer(transaction.request)
        elif self.media.received is None:
            try:
                body, changed = self._answer_offer_in(transaction.request)
            except SdpError as error:
                self._respond(transaction, 488, now, headers={"warning": [warning_of(self.core, error)]})
                return
        self._respond(transaction, 200, now, headers={"content-type": [SDP]} if body else None, body=body)
        self._media_changed(changed)

    def _on_no_prack(self, now: float) -> None:
        """Nobody confirms our provisional response: refuse (RFC 3262 §3). But if somebody has answered
        meanwhile, the caller gets its 200: whether it still is there, the ACK will tell."""
        self._reliable.forget()
        local, self._answer_at = self._answer_at, None
        if local is not None:
            self.answer(now, local)
        elif self.state == "calling":
            self._refuse(504, {}, now)
            self._finish("lost", Cause(504, 102, "No PRACK"))

    # How the beginning ends

    def _acknowledged(self, ack: Request, now: float) -> None:
        if self.state != "answered":
            super()._acknowledged(ack, now)
            return
        if self.media.offered and not self._take_answer(ack):
            self.state = "established"
            self._lose(Cause(488, q850_of(488), f"ACK cannot be used: {self._unusable}"), now)
            return
        self.state = "established"
        self.core.emit(Established(self))

    def _on_cancel(self, cancel: Request, now: float) -> None:
        if self.state == "calling":
            self._refuse(487, {}, now)
            self._finish("remote", cause_of(cancel, 487))

    def _on_bye(self, transaction: ServerTransaction, now: float) -> None:
        """A caller may end what is not yet answered by BYE too (RFC 3261 §15)."""
        if self.state == "calling":
            self._respond(transaction, 200, now)
            self._refuse(487, {}, now)
            self._finish("remote", cause_of(transaction.request, 487))
        else:
            super()._on_bye(transaction, now)

    def _refuse(self, code: int, headers: dict[str, list[str]], now: float) -> None:
        self._stop_provisional()
        self._respond(self._transaction, code, now, phrase_of(code), headers)
        self._forget()

    def _stop_provisional(self) -> None:
        self._reliable.stop()
        if self._keep_ringing is not None:
            self._keep_ringing.cancel()
            self._keep_ringing = None
