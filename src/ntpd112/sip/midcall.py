"""What else passes within a call: transfers that the peer asks for (REFER), keys in INFO, and our question
whether the peer is still there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from .events import InfoDtmf, Probed, Referred
from .info import key_of
from .leg import Leg
from .message import Response
from .offer_answer import SDP
from .refer import Refer, Referral, UnsupportedScheme
from .transaction import ServerTransaction
from .transactions import OnResponse
from .uri import SipSyntaxError

if TYPE_CHECKING:
    from .events import Cause
    from .timers import Timer

PATIENCE_S = 8.0
"Seconds for an answer to OPTIONS: by then it was sent five times over UDP."
MAX_PHRASE = 200
"Characters of a refusal's reason: it may quote what the peer sent."


class MidCallLeg(Leg):
    _handlers: ClassVar[dict[str, str]] = {**Leg._handlers, "REFER": "_on_refer", "INFO": "_on_info"}

    _referral: Referral | None = None
    "Of the last REFER."
    _probing = False
    "An OPTIONS of ours has no answer yet."
    _doubt: Timer | None = None
    "Until a peer that does not answer it is asked by a refresh."
    _doubts = 0
    "OPTIONS in a row without an answer, nor one to anything else."
    _doubting = False
    "A refresh of ours asks whether the peer is there."
    _heard = False
    "Sound has answered it."

    # REFER

    def _on_refer(self, transaction: ServerTransaction, now: float) -> None:
        if not self.takes_refer or self.state == "calling":
            self._respond(transaction, 403, now)
        elif self._referral is not None and not self._referral.done:
            self._respond(transaction, 491, now)
        else:
            try:
                refer = Refer.of(transaction.request)
            except SipSyntaxError as error:
                code = 416 if isinstance(error, UnsupportedScheme) else 400
                self._respond(transaction, code, now, " ".join(str(error).split())[:MAX_PHRASE])
                return
            self._accept_refer(transaction, refer, now)

    def _accept_refer(self, transaction: ServerTransaction, refer: Refer, now: float) -> None:
        assert self.dialog is not None
        self.dialog.refresh_target(transaction.request)
        contact = self.core.contact(transaction.flow, transaction.request.uri)
        headers = {"contact": [contact], "supported": [self.policy.supported]}
        if refer.silent:
            headers["refer-sub"] = ["false"]
        self._respond(transaction, 202, now, headers=headers)
        self._referral = Referral(self.core, transaction.request, refer.silent, self._notify, now)
        self.core.emit(Referred(self, refer.target, refer.replaces, refer.referred_by))

    def refer_progress(self, now: float, code: int, phrase: str = "") -> None:
        if self._referral is not None:
            self._referral.progress(code, phrase, now)

    def _notify(
        self, headers: dict[str, list[str]], body: bytes, on_response: OnResponse, now: float
    ) -> None:
        if self.state == "ended":
            return
        assert self.dialog is not None
        headers = {"contact": [self.core.contact(self.dialog.flow, self.dialog.target)], **headers}
        self._request(self.dialog, "NOTIFY", headers, on_response, now, body)

    # INFO

    def _on_info(self, transaction: ServerTransaction, now: float) -> None:
        """Always 200: who gets an error for a body that we do not know may end the call."""
        self._respond(transaction, 200, now)
        key = key_of(transaction.request.get("content-type"), transaction.request.body)
        if key is not None:
            self.core.emit(InfoDtmf(self, key))

    # Is the peer still there?

    def probe(self, now: float) -> None:
        if self.state != "established" or self._probing:
            return
        assert self.dialog is not None
        self._probing = True
        self._doubt = self.core.timers.start(now + PATIENCE_S, self._doubted)
        self._request(self.dialog, "OPTIONS", {"accept": [SDP]}, self._on_probe_response, now)

    def _on_probe_response(self, response: Response, now: float) -> None:
        if response.code < 200:
            return
        self._probing = False
        if self.state == "ended":
            return
        # An answer without headers is none: our own transaction says that none came.
        alive = bool(response.fields) and response.code not in (408, 481)
        self.core.emit(Probed(self, alive))
        if alive:
            self._doubts = 0
            self._stop_doubt()
        elif self._doubt is not None:
            self._doubted(now)

    def _doubted(self, now: float) -> None:
        """Some who are there pass over an OPTIONS, or look for no dialog and say 481. A refresh tells: nobody
        who has the call leaves that without an answer, and its end is the leg's (RFC 3261 §12.2.1.2)."""
        self._stop_doubt()
        self._doubts += 1
        self._doubting = True
        self._refresh(now)

    def heard(self) -> None:
        self._stop_doubt()
        self._doubts = 0
        self._heard = self._doubting

    def _stop_doubt(self) -> None:
        if self._doubt is not None:
            self._doubt.cancel()
            self._doubt = None

    def _finish(self, by: Literal["remote", "local", "lost"], cause: Cause) -> None:
        if self._referral is not None:
            self._referral.stop()
            self._referral = None
        self._stop_doubt()
        super()._finish(by, cause)
