"""One session of ours with one peer: an INVITE, its dialog, and what happens in it (RFC 3261 §12 to §15).

`Leg` holds what both directions share: the requests within the dialog, BYE and the end. Changing the session
is in `modify.py`, what else passes within it in `midcall.py`; how it begins in `uas_leg.py` (the peer called)
and `uac_leg.py` (we called).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from .account import CHALLENGES, Account, Answers, Refused
from .core import ALLOW, Core
from .dialog import Dialog
from .events import Cause, Ended, Failed, MediaChanged
from .message import Request, Response
from .offer_answer import OfferAnswer
from .reason import cause_of, reason_headers
from .repeats import UnackedAnswer
from .reply import reply, tag_of
from .sdp import Direction, LocalMedia, RemoteMedia, SessionDescription
from .session_policy import SessionPolicy
from .session_timer import SessionTimer
from .srtp_keys import SrtpKeys
from .transaction import ClientTransaction, InviteServer, ServerTransaction
from .transactions import OnResponse

if TYPE_CHECKING:
    from .body import Part
    from .flow import Flow
    from .replaces import Replaces
    from .trunks import Trunk

State = Literal["calling", "answered", "established", "ended"]
Witness = Callable[[str, Response, float], None]
"Called with the method of our request, the answer (without headers: it is our own, since none came), now."
NO_TAG = "0"
"What a Replaces says for the tag of a peer that has none (RFC 2543)."
LOST = Cause(408, 102)
"The peer does not answer any more: Q.850 102, recovery on timer expiry."


class Leg:
    """`state`: `calling` until a 2xx; `answered` while our 2xx has no ACK; `established`; `ended`.

    Methods have no effect on a leg that has ended, since its end may cross what its user asks for."""

    inbound: ClassVar[bool]
    answered = False
    "A 2xx to its INVITE went, or came. Ours waits for a PRACK that is due."
    _handlers: ClassVar[dict[str, str]] = {
        "BYE": "_on_bye",
        "OPTIONS": "_on_options",
        "PRACK": "_on_prack",
    }

    def __init__(self, core: Core, call_id: str, local_tag: str, policy: SessionPolicy | None) -> None:
        self.core = core
        self.policy = policy = policy or core.config.policy
        self.id = core.next_leg_id()
        self.call_id = call_id
        self.local_tag = local_tag
        self.state: State = "calling"
        self.dialog: Dialog | None = None
        self.offer: SessionDescription | None = None
        "The offer of an inbound leg's INVITE."
        self.parts: list[Part] = []
        "The other body parts of an inbound leg's INVITE."
        self.trunk: Trunk | None = None
        self.account: Account | None = None
        "With which requests are answered for when the peer asks for a password."
        self._credentials: dict[str, list[str]] = {}
        "Of the last INVITE; its ACK carries them too (RFC 3261 §22.1)."
        self.remote_user_agent: str | None = None
        self.peer_allows: frozenset[str] = frozenset()
        "Methods of the peer's last Allow, upper case."
        self.takes_refer = False
        "The peer may transfer this call by REFER; else it gets 403."
        self.media = OfferAnswer(SrtpKeys(policy.srtp, core.new_key), policy.codecs)
        self.session = SessionTimer(core.timers, policy, self._refresh, self._session_expired)
        self._unacked: UnackedAnswer | None = None
        self._bye_due: Cause | None = None
        "We hung up before our 2xx had its ACK: BYE goes when it comes (RFC 3261 §15)."
        self._closing = False
        "A BYE of ours is out."
        self.witness: Witness | None = None
        "Sees every answer to our first INVITE and to our BYE, for who tests a trunk."

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.state} {self.call_id}>"

    @property
    def remote(self) -> RemoteMedia | None:
        """What the last completed offer and answer agreed on."""
        return self.media.remote

    @property
    def audible(self) -> bool:
        """Sound of the peer is to be heard: it said where from, and has answered or may be heard before."""
        early = not self.inbound and self.state == "calling"
        return self.remote is not None and not (early and self.policy.early_media == "off")

    @property
    def flow(self) -> Flow:
        """The way to the peer: the one its last request in this dialog came by, or that we called by."""
        assert self.dialog is not None, "an inbound leg has its dialog from the start"
        return self.dialog.flow

    # What call control asks for

    def ring(self, now: float, code: int = 180) -> None:
        """Inbound: send a provisional response."""
        raise TypeError("an outbound leg cannot ring")

    def progress(self, now: float, local: LocalMedia) -> None:
        """Inbound: send 183 with our session description, for early media."""
        raise TypeError("an outbound leg cannot send progress")

    def answer(self, now: float, local: LocalMedia) -> None:
        """Inbound: answer the call. An offer that `local` cannot meet ends the leg with 488."""
        raise TypeError("an outbound leg cannot be answered by us")

    def reject(self, now: float, code: int, headers: dict[str, str] | None = None) -> None:
        """Inbound, before `answer`: refuse the call with a final response from 300 to 699."""
        raise TypeError("an outbound leg cannot be rejected; hang it up")

    def hang_up(self, now: float, cause: Cause) -> None:
        """End the leg as its state asks: BYE, CANCEL or a rejection with `cause`. Any number of times."""
        if self.state == "established":
            self._finish("local", cause)
            self._send_bye(cause, now)
        elif self.state == "answered":
            self._bye_due = cause
            self._finish("local", cause)

    def modify(self, now: float, local: LocalMedia | None = None, direction: Direction = "sendrecv") -> bool:
        """Offer the peer a change by re-INVITE: other `local` media, or `sendonly` to hold. `MediaChanged`
        tells the result. While something else goes on it waits; of several that wait the last counts. False
        on a leg that is not answered or has ended."""
        raise NotImplementedError

    def refer_progress(self, now: float, code: int, phrase: str = "") -> None:
        """After `Referred`: tell the peer how its transfer goes, by SIP codes; a final one (200 and above) is
        the last, and the next REFER may come."""
        raise NotImplementedError

    def probe(self, now: float) -> None:
        """Ask an established leg's peer whether it is still there, by OPTIONS. `Probed` tells; without an
        answer a refresh asks again, and without one to that (within 40 s of the first question) the leg is
        lost. Without effect while a question is out."""
        raise NotImplementedError

    def heard(self) -> None:
        """Sound comes from the peer again: it is there, whatever `probe` gets no answer to."""
        raise NotImplementedError

    # What comes from the peer

    def receive(self, transaction: ServerTransaction, now: float) -> None:
        """A request within the dialog, other than ACK and CANCEL."""
        request = transaction.request
        dialog = self._dialog_of(request)
        if dialog is None or (self.state == "ended" and request.method != "BYE"):
            self._respond(transaction, 481, now)
        elif not dialog.accepts_seq(request):
            self._respond(transaction, 500, now, "CSeq Out Of Order")
        else:
            getattr(self, self._handlers[request.method])(transaction, now)

    def on_ack(self, ack: Request, now: float) -> None:
        """The ACK for a 2xx of ours. One that repeats or belongs to nothing is passed over."""
        unacked = self._unacked
        if unacked is None or unacked.seq != ack.cseq[0]:
            return
        unacked.stop()
        self._unacked = None
        if self._bye_due is not None:
            self._send_bye(self._bye_due, now)
        elif self.state != "ended":
            self._acknowledged(ack, now)

    def _acknowledged(self, ack: Request, now: float) -> None:
        raise NotImplementedError

    def _dialog_of(self, request: Request) -> Dialog | None:
        """The dialog a request is for. A peer without tags (RFC 2543) is known by Call-ID and our tag."""
        dialog = self.dialog
        if dialog is not None and dialog.remote_tag in (None, tag_of(request.fields["from"][0])):
            return dialog
        return None

    def is_named_by(self, replaces: Replaces) -> bool:
        """Whether a Replaces with our tag is about this leg (RFC 3891 §3)."""
        if self.state == "ended" or (replaces.early_only and self.state != "calling"):
            return False
        return self._has_peer(None if replaces.from_tag == NO_TAG else replaces.from_tag)

    def _has_peer(self, tag: str | None) -> bool:
        """Whether we have a dialog with the peer of that tag."""
        return self.dialog is not None and self.dialog.remote_tag == tag

    def _on_bye(self, transaction: ServerTransaction, now: float) -> None:
        self._respond(transaction, 200, now)
        if self._unacked is not None:
            self._unacked.stop()
            self._unacked = None
        if self.state != "ended":
            self._finish("remote", cause_of(transaction.request, 0))
        if not self._closing:
            self._forget()

    def _on_options(self, transaction: ServerTransaction, now: float) -> None:
        self._respond(transaction, 200, now, headers={"allow": [ALLOW], "supported": [self.policy.supported]})

    def _on_prack(self, transaction: ServerTransaction, now: float) -> None:
        """It confirms nothing: who called sends no provisional responses (RFC 3262 §3)."""
        self._respond(transaction, 481, now)

    # What the parts of a leg have in common

    def _refresh(self, now: float) -> None:
        raise NotImplementedError

    def _session_expired(self, now: float) -> None:
        self._lose(Cause(408, 102, "Session expired"), now)

    def _lose(self, cause: Cause, now: float) -> None:
        """The session cannot go on. The peer is told by BYE, should it still listen."""
        if self.state != "ended":
            self._finish("lost", cause)
            self._send_bye(cause, now)

    def _send_bye(self, cause: Cause, now: float) -> None:
        assert self.dialog is not None, "BYE without a dialog"
        if self._unacked is not None:
            self._unacked.stop()
            self._unacked = None
        self._closing = True
        self._request(self.dialog, "BYE", reason_headers(cause), self._on_bye_response, now)

    def _on_bye_response(self, response: Response, now: float) -> None:
        if self.witness is not None:
            self.witness("BYE", response, now)
        if response.code >= 200:
            self._forget()

    def _request(
        self,
        dialog: Dialog,
        method: str,
        headers: dict[str, list[str]],
        on_response: OnResponse,
        now: float,
        body: bytes = b"",
    ) -> ClientTransaction:
        request = dialog.request(method)
        request.fields.update(headers)
        request.body = body
        flow = dialog.next_flow(self.core.usable(dialog.flow))
        if self.account is not None:
            on_response = partial(self._unless_challenged, dialog, request, on_response)
        return self.core.transactions.request(request, flow, on_response, now)

    def _unless_challenged(
        self, dialog: Dialog, request: Request, on_response: OnResponse, response: Response, now: float
    ) -> None:
        """A telco may ask for the password of any request: an unanswered BYE would leave the line in use."""
        if response.code not in CHALLENGES:
            on_response(response, now)
            return
        answers = Answers(self.account, self.core.token)
        try:
            answers.take(response, request)
        except Refused:
            on_response(response, now)
            return
        if request.method == "INVITE":
            self._credentials = answers.headers
        again = dialog.request(request.method)
        again.fields = {**request.fields, **again.fields, **answers.headers}
        del again.fields["via"]
        again.body = request.body
        flow = dialog.next_flow(self.core.usable(dialog.flow))
        self.core.transactions.request(again, flow, on_response, now)

    def _respond(
        self,
        transaction: ServerTransaction,
        code: int,
        now: float,
        phrase: str | None = None,
        headers: dict[str, list[str]] | None = None,
        body: bytes = b"",
    ) -> None:
        response = reply(transaction.request, code, phrase, self.local_tag)
        response.fields.update(headers or {})
        response.body = body
        transaction.respond(response, now)

    def _answer_invite(
        self, transaction: InviteServer, headers: dict[str, list[str]], body: bytes, now: float
    ) -> None:
        """Send a 2xx to an INVITE, and again until its ACK comes."""
        request = transaction.request
        response = reply(request, 200, tag=self.local_tag)
        fields = response.fields
        if "record-route" in request.fields:
            fields["record-route"] = request.fields["record-route"]
        fields["contact"] = [self.core.contact(transaction.flow, request.uri)]
        fields["allow"] = [ALLOW]
        fields["supported"] = [self.policy.supported]
        fields["server"] = [self.core.config.user_agent]
        fields.update(headers)
        if body:
            fields["content-type"] = ["application/sdp"]
            response.body = body
        self._unacked = UnackedAnswer(self.core, transaction, response, self._on_no_ack, now)

    def _on_no_ack(self, now: float) -> None:
        self._unacked = None
        if self._bye_due is not None:
            self._send_bye(self._bye_due, now)
        else:
            self._lose(Cause(408, 102, "No ACK"), now)

    def _media_changed(self, changed: bool) -> None:
        if changed and self.media.remote is not None:
            self.core.emit(MediaChanged(self, self.media.remote))

    def _learn_peer(self, message: Request | Response) -> None:
        """What the peer says about itself in an INVITE or its 2xx."""
        if "allow" in message.fields:
            self.peer_allows = frozenset(method.upper() for method in message.tokens("allow"))
        self.remote_user_agent = message.get("user-agent") or message.get("server") or self.remote_user_agent

    def _finish(self, by: Literal["remote", "local", "lost"], cause: Cause) -> None:
        """The one way out: report the end, once, and stop what would go on by itself."""
        assert self.state != "ended", "a leg ends once"
        failed = not self.inbound and self.state == "calling"
        self.state = "ended"
        self.session.end()
        if self.trunk is not None:
            self.trunk.release()
        self.core.emit(Failed(self, cause) if failed else Ended(self, by, cause))

    def _remember(self) -> None:
        """Requests of the peer within this leg's dialogs reach it from now on."""
        self.core.legs[self.call_id, self.local_tag] = self

    def _forget(self) -> None:
        """No message will concern this leg any more."""
        self.core.legs.pop((self.call_id, self.local_tag), None)
