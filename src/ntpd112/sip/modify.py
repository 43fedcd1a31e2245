"""Changing and refreshing an established session: re-INVITE (RFC 3261 §14), UPDATE (RFC 3311), glare, and
the refreshes of session timers (RFC 4028)."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from .core import ALLOW, Core
from .dialog import Dialog
from .events import Cause
from .flow import Outgoing
from .leg import LOST
from .message import Request, Response
from .midcall import MidCallLeg
from .offer_answer import SDP, sdp_of
from .sdp import Direction, LocalMedia, SdpError
from .session_timer import TooSmall
from .timers import Timer
from .transaction import InviteClient, InviteServer, ServerTransaction

MAX_DOUBTS = 2
"Questions to a silent peer that could not even be sent until it is lost: a network may be away for a moment."
MAX_RETRY_AFTER = 10.0
"Seconds: the longest Retry-After for a request that overlaps another (RFC 3261 §14.2)."


class ModifiableLeg(MidCallLeg):
    """A leg whose session can be changed by either side."""

    _handlers: ClassVar[dict[str, str]] = {
        **MidCallLeg._handlers,
        "INVITE": "_on_invite",
        "UPDATE": "_on_update",
    }

    _unusable = "no session description"
    "Why the peer's last answer could not be used."
    _asking = False
    "A re-INVITE or UPDATE of ours has no final answer yet."
    _ack: tuple[int, Outgoing] | None = None
    "Number of our last re-INVITE or INVITE, and the ACK for its 2xx."
    _patience: Timer | None = None
    "Until a re-INVITE of ours that gets no final answer is given up."
    _again: Timer | None = None
    "Until we repeat what met a request of the peer."
    _direction: Direction = "sendrecv"
    "What our last offer asked for."
    _wanted: tuple[LocalMedia | None, Direction] | None = None
    "What `modify` asked for and could not be sent yet."

    # The peer changes the session

    def _on_invite(self, transaction: InviteServer, now: float) -> None:
        if self.state == "calling":
            self._refuse_overlap(transaction, now)
        elif self._asking or self.media.busy or self._unacked is not None:
            self._respond(transaction, 491, now)
        else:
            settled = self._settle(transaction, now, offer_if_none=True)
            if settled is not None:
                headers, body, changed = settled
                self._answer_invite(transaction, headers, body, now)
                self._media_changed(changed)

    def _on_update(self, transaction: ServerTransaction, now: float) -> None:
        offers = sdp_of(transaction.request) is not None
        if offers and (self._asking or self.media.offered):
            self._respond(transaction, 491, now)
        elif offers and (self.media.received is not None or self.media.local is None):
            self._refuse_overlap(transaction, now)
        else:
            settled = self._settle(transaction, now, offer_if_none=False)
            if settled is not None:
                headers, body, changed = settled
                headers = {
                    "contact": [self.core.contact(transaction.flow, transaction.request.uri)],
                    "allow": [ALLOW],
                    "supported": [self.policy.supported],
                    **headers,
                }
                if body:
                    headers["content-type"] = [SDP]
                self._respond(transaction, 200, now, headers=headers, body=body)
                self._media_changed(changed)

    def _settle(
        self, transaction: ServerTransaction, now: float, offer_if_none: bool
    ) -> tuple[dict[str, list[str]], bytes, bool] | None:
        """Headers and body of the 2xx, and whether the session changed. None: it was refused, and all stays
        as it was (RFC 3261 §14.2)."""
        request = transaction.request
        try:
            headers = self.session.accept_request(request, "timer" in request.tokens("supported"))
        except TooSmall:
            minimum = str(self.policy.min_session_s)
            self._respond(transaction, 422, now, headers={"min-se": [minimum]})
            return None
        try:
            body, changed = self._answer_offer_in(request)
            if not body and offer_if_none:
                body = self.media.offer()
        except SdpError as error:
            self._respond(transaction, 488, now, headers={"warning": [warning_of(self.core, error)]})
            return None
        assert self.dialog is not None
        self.dialog.refresh_target(request)
        self._learn_peer(request)
        if self.state == "established":
            self.session.restart(now)
        return headers, body, changed

    def _answer_offer_in(self, request: Request) -> tuple[bytes, bool]:
        """Our answer to the offer in a request, if it has one, and whether the session changed. Raises
        SdpError."""
        offer = sdp_of(request)
        if offer is None:
            return b"", False
        self.media.take_offer(offer)
        return self.media.answer()

    def _refuse_overlap(self, transaction: ServerTransaction, now: float) -> None:
        after = round(self.core.spread(0, MAX_RETRY_AFTER))
        self._respond(transaction, 500, now, "Request Overlaps", {"retry-after": [str(after)]})

    def on_ack(self, ack: Request, now: float) -> None:
        super().on_ack(ack, now)
        self._change(now)

    def _acknowledged(self, ack: Request, now: float) -> None:
        """The ACK of a re-INVITE; it has the answer if the offer was ours; without one all stays."""
        if self.media.offered:
            self._take_answer(ack)

    def _take_answer(self, message: Request | Response) -> bool:
        """The peer's answer to our offer. False if there is none that can be used; `_unusable` says why."""
        body = sdp_of(message)
        try:
            if body is None:
                self.media.withdraw()
                return False
            self._media_changed(self.media.take_answer(body))
        except SdpError as problem:
            self._unusable = str(problem)
            return False
        return True

    # We change or refresh the session

    def modify(self, now: float, local: LocalMedia | None = None, direction: Direction = "sendrecv") -> bool:
        if self.state not in ("answered", "established"):
            return False
        if local is None and self._wanted is not None:
            local = self._wanted[0]
        self._wanted = local, direction
        self._change(now)
        return True

    def _change(self, now: float) -> None:
        """Send what is wanted, unless something goes on; whatever ends that calls this again."""
        if self._wanted is None or self.state != "established" or self._busy:
            return
        (local, self._direction), self._wanted = self._wanted, None
        if local is not None:
            self.media.use(local)
        self._reinvite(now)

    @property
    def _busy(self) -> bool:
        """A change or refresh is under way, or waits to be repeated."""
        waiting = self._again is not None or self._unacked is not None
        return waiting or self._asking or self.media.busy

    def _refresh(self, now: float) -> None:
        """The session timer asks us to refresh: by UPDATE without an offer if the peer knows it."""
        if self._busy:
            self.session.retry(now)
        elif "UPDATE" in self.peer_allows:
            self._asking = True
            assert self.dialog is not None
            self._request(self.dialog, "UPDATE", self._change_headers(), self._on_change_response, now)
        else:
            self._reinvite(now)

    def _reinvite(self, now: float) -> None:
        assert self.dialog is not None
        self._asking = True
        headers = self._change_headers()
        headers["content-type"] = [SDP]
        body = self.media.offer(self._direction)
        invite = self._request(self.dialog, "INVITE", headers, self._on_reinvite_response, now, body)
        assert isinstance(invite, InviteClient)
        give_up = partial(self._give_up, invite)
        self._patience = self.core.timers.start(now + self.core.durations.c, give_up)

    def _give_up(self, invite: InviteClient, now: float) -> None:
        """A proxy said 100 and who is behind it nothing (timer C): all stays as it was, as if refused. Also
        of a leg that has ended meanwhile, or the transaction would stay."""
        invite.abandon(now)
        self._patience = None
        if self.state != "ended":
            self.media.withdraw()
            self._asking = False
            self.session.retry(now)
            self._change(now)

    def _change_headers(self) -> dict[str, list[str]]:
        assert self.dialog is not None
        return {
            "contact": [self.core.contact(self.dialog.flow, self.dialog.target)],
            "allow": [ALLOW],
            "supported": [self.policy.supported],
            **self.session.request_headers(),
        }

    def _on_reinvite_response(self, response: Response, now: float) -> None:
        if response.code < 200:
            return
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if response.code < 300:
            repeated = self._acknowledge(response, now)
            if repeated or self.state == "ended":
                return
            self._take_answer(response)
        else:
            self.media.withdraw()
        self._on_change_response(response, now)

    def _acknowledge(self, response: Response, now: float) -> bool:
        """Send the ACK for a 2xx; True if that 2xx came before: it repeats until an ACK reaches the peer."""
        dialog, seq = self.dialog, response.cseq[0]
        assert dialog is not None
        repeated = self._ack is not None and self._ack[0] == seq
        if self._ack is None or not repeated:
            dialog.refresh_target(response)
            self._ack = seq, self._make_ack(dialog, seq)
        self.core.outgoing.append(self._ack[1])
        return repeated

    def _make_ack(self, dialog: Dialog, seq: int) -> Outgoing:
        flow = dialog.next_flow(self.core.usable(dialog.flow))
        ack = dialog.request("ACK", seq)
        ack.fields.update(self._credentials)
        return self.core.transactions.without_state(ack, flow)

    def _on_change_response(self, response: Response, now: float) -> None:
        """The final answer to a re-INVITE or UPDATE of ours (RFC 3261 §14.1, RFC 4028 §10)."""
        code = response.code
        if code < 200 or self.state == "ended":
            return
        self._asking = False
        self._doubts = 0 if response.fields else self._doubts
        over = self._is_over(response)
        self._doubting = self._heard = False
        if code < 300:
            assert self.dialog is not None
            self.dialog.refresh_target(response)
            self._learn_peer(response)
            self.session.accept_response(response)
            self.session.restart(now)
        elif over:
            self._lose(Cause(481, 41, "Peer lost the call") if code == 481 else LOST, now)
        elif code == 491:
            self._try_again(response, now)
        elif code == 422 and self.session.raise_to(response):
            self._refresh(now)
        else:
            self.session.retry(now)
        self._change(now)

    def _is_over(self, response: Response) -> bool:
        """Whether what ends is the dialog itself (RFC 3261 §12.2.1.2). Without headers it is a response of
        our own: none came. That ends nothing if it was a silent peer that we asked, which is heard again."""
        if response.fields:
            return response.code in (408, 481)
        return not self._heard and (response.code == 408 or self._doubts >= MAX_DOUBTS)

    def _try_again(self, response: Response, now: float) -> None:
        """Glare: who owns the Call-ID waits longer (RFC 3261 §14.1)."""
        low, high = (0.0, 2.0) if self.inbound else (2.1, 4.0)
        again = self._change_again
        if response.cseq[1] == "INVITE":
            self._wanted = self._wanted or (None, self._direction)
        else:
            again = self._refresh_again
        self._again = self.core.timers.start(now + self.core.spread(low, high), again)

    def _change_again(self, now: float) -> None:
        self._again = None
        self._change(now)

    def _refresh_again(self, now: float) -> None:
        self._again = None
        self._refresh(now)

    def _finish(self, by: Literal["remote", "local", "lost"], cause: Cause) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        super()._finish(by, cause)


def warning_of(core: Core, error: SdpError) -> str:
    """A Warning header value that says why a description cannot be used (RFC 3261 §20.43)."""
    text = str(error).replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
    return f'399 {core.config.user_agent.split("/")[0]} "{text[:200]}"'
