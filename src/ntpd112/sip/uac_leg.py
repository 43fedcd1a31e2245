"""A leg that we began: from our INVITE to its answer, refusal or cancellation (RFC 3261 §13.2, RFC 3262 §4).

Answers may come from several phones behind one address (forking): the first 2xx makes the leg; every later
one is acknowledged and ended at once. A telco may ask for a password first, and have other gateways that are
asked when one does not take the call: all of that is one leg.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from .abandoned import AbandonedInvite
from .account import CHALLENGES, Answers, Refused
from .core import ALLOW, Core
from .dialog import Dialog
from .events import Answered, Cause, Progress
from .flow import Outgoing
from .message import Request, Response
from .modify import ModifiableLeg
from .nameaddr import NameAddr
from .offer_answer import SDP, sdp_of
from .reason import cause_of, q850_of, reason_headers
from .reply import tag_of
from .sdp import LocalMedia
from .target import Target
from .timers import Timer
from .transaction import InviteClient, ServerTransaction

MAX_FORKS = 8
"Phones behind one address that are kept apart while they ring."
GATEWAY_S = 4.0
"Seconds a gateway has for a first answer, if there is another: by then it was asked four times over UDP."
TAKEN_BY_ANOTHER = Cause(200, 26, "Call completed elsewhere")
SILENT = Cause(408, 102, f"No answer within {GATEWAY_S:.0f} s")


class OutboundLeg(ModifiableLeg):
    """Sends its INVITE when made. Requests go over the target's flow for as long as it is open. Raises NoWay
    if its trunk is full, before anything else has changed."""

    inbound = False

    def __init__(
        self,
        core: Core,
        target: Target,
        caller: NameAddr,
        local: LocalMedia,
        headers: dict[str, str],
        call_id: str,
        now: float,
    ) -> None:
        policy = target.policy if target.line is None else target.line.trunk.policy
        super().__init__(core, call_id, core.token(), policy)
        self._target = replace(target, others=target.usable_others()) if target.others else target
        self._local = local
        self._early: dict[str | None, Dialog] = {}
        self._pracked: dict[str | None, int] = {}
        "RSeq of the last reliable provisional response, by To tag."
        self._sdp_tag: str | None = None
        "To tag of the reliable provisional response whose answer stands."
        self._acks: dict[str | None, Outgoing] = {}
        "The ACK for the 2xx to the INVITE, by To tag."
        self._cancelled: Cause | None = None
        self._cancel_sent = False
        self._limit: Timer | None = None
        self._gateway_limit: Timer | None = None
        self._answers: Answers | None = None
        "To the peer's questions for a password about this INVITE."
        self.media.use(local)
        if target.line is not None:
            caller, asserted, more = target.line.identity(caller)
            headers = {**more, **headers}
            if asserted is not None:
                headers = {"p-asserted-identity": str(asserted), **headers}
            self.account = target.line.account
            target.line.take(now)
            self.trunk = target.line.trunk
        self._remember()
        self._invite = self._send_invite(self._first_invite(caller, headers), now)

    def _first_invite(self, caller: NameAddr, headers: dict[str, str]) -> Request:
        target = self._target
        fields = {
            "max-forwards": ["70"],
            "from": [str(caller.with_tag(self.local_tag))],
            "to": [f"<{target.uri}>"],
            "call-id": [self.call_id],
            "cseq": ["1 INVITE"],
            "contact": [self.core.contact(target.flow, str(target.uri))],
            "allow": [ALLOW],
            "supported": [self.policy.supported],
            "user-agent": [self.core.config.user_agent],
            **self.session.request_headers(),
            **{name.lower(): [value] for name, value in headers.items()},
            "content-type": [SDP],
        }
        if self.policy.reliable == "required":
            fields["require"] = ["100rel"]
        if target.route:
            fields["route"] = [str(route) for route in target.route]
        return Request("INVITE", str(target.uri), fields=fields, body=self.media.offer())

    def _send_invite(self, request: Request, now: float) -> InviteClient:
        transaction = self.core.transactions.request(request, self._target.flow, self._on_response, now)
        assert isinstance(transaction, InviteClient)
        self._start_limit(now)
        if self._target.others:
            self._gateway_limit = self.core.timers.start(now + GATEWAY_S, self._on_silent_gateway)
        return transaction

    def hang_up(self, now: float, cause: Cause) -> None:
        if self.state != "calling":
            super().hang_up(now, cause)
        elif self._cancelled is None:
            self._cancel(cause, Cause(487, cause.q850, cause.text), now)

    # Cancelling

    def _cancel(self, reason: Cause, report: Cause, now: float) -> None:
        """End the INVITE. The peer learns `reason`, our user gets `report`. Before the first provisional
        response a CANCEL could overtake the INVITE, so it waits for one (RFC 3261 §9.1)."""
        self._cancelled = report
        self._cancel_reason = reason
        self._stop_limit()
        self._stop_gateway_limit()
        if self._invite.state == "proceeding":
            self._send_cancel(now)

    def _send_cancel(self, now: float) -> None:
        if not self._cancel_sent:
            self._cancel_sent = True
            self.core.transactions.cancel(self._invite, reason_headers(self._cancel_reason), now)
            self._limit = self.core.timers.start(now + self.core.durations.cancelled, self._on_no_final)

    def _on_no_final(self, now: float) -> None:
        self._invite.abandon(now)
        self._fail(Cause(408, 102, "No answer to CANCEL"))

    def _on_no_decision(self, now: float) -> None:
        """Timer C: the peer rings and rings."""
        cause = Cause(408, 19, "No answer")
        self._cancel(cause, cause, now)

    # Responses to the INVITE

    def _on_response(self, response: Response, now: float) -> None:
        if self.witness is not None:
            self.witness("INVITE", response, now)
        if response.code < 200:
            self._on_provisional(response, now)
        elif response.code < 300:
            self._on_success(response, now)
        else:
            self._on_failure(response, now)

    def _on_provisional(self, response: Response, now: float) -> None:
        if self._cancelled is not None:
            self._send_cancel(now)
            return
        self._stop_gateway_limit()
        self._start_limit(now)
        if response.code == 100:
            return
        tag = tag_of(response.fields["to"][0])
        if tag is not None and not self._take_early(tag, response, now):
            return
        if self.media.offered:
            self._take_answer_if_any(response)
        self.core.emit(Progress(self, response.code))

    def _take_early(self, tag: str, response: Response, now: float) -> bool:
        """Keep the early dialog and confirm a reliable response. False: it repeats or is out of order."""
        dialog = self._early.get(tag)
        if dialog is None:
            if len(self._early) >= MAX_FORKS:
                return True
            dialog = self._early[tag] = self._make_dialog(response)
            self.dialog = self.dialog or dialog
        rseq = response.get("rseq")
        if rseq is None or "100rel" not in response.tokens("require"):
            return True
        last = self._pracked.get(tag)
        if not (rseq.isascii() and rseq.isdigit()) or (last is not None and int(rseq) != last + 1):
            return False
        self._pracked[tag] = int(rseq)
        headers = {"rack": [f"{rseq} {self._invite.request.fields['cseq'][0]}"]}
        self._request(dialog, "PRACK", headers, self._on_prack_response, now)
        if self.media.offered and response.body:
            self._sdp_tag = tag
        return True

    def _on_prack_response(self, response: Response, now: float) -> None:
        """Nothing depends on it: a peer that missed the PRACK repeats its response or refuses the INVITE."""

    def _make_dialog(self, response: Response) -> Dialog:
        return Dialog.of_client(self._invite.request, response, self._target.flow, self._target.pinned)

    def _take_answer_if_any(self, response: Response) -> None:
        if sdp_of(response) is not None:
            self._take_answer(response)

    def _on_success(self, response: Response, now: float) -> None:
        tag = tag_of(response.fields["to"][0])
        known = self._acks.get(tag)
        if known is not None:
            self.core.outgoing.append(known)
            return
        dialog = self._make_dialog(response)
        early = self._early.get(tag)
        if early is not None:
            dialog.local_seq, dialog.remote_seq = early.local_seq, early.remote_seq
        ack = self._make_ack(dialog, self._invite.request.cseq[0])
        if len(self._acks) < MAX_FORKS:
            self._acks[tag] = ack
        self.core.outgoing.append(ack)
        if self.state != "calling":
            self._request(dialog, "BYE", reason_headers(TAKEN_BY_ANOTHER), _ignore, now)
            return
        self._stop_limit()
        self._stop_gateway_limit()
        self.dialog = dialog
        if self._cancelled is not None:
            # The 200 crossed our CANCEL (RFC 3261 §9.1): what was not cancelled is ended.
            self._end_answered(self._cancelled, self._cancel_reason, now)
        else:
            self._answered(tag, response, now)

    def _answered(self, tag: str | None, response: Response, now: float) -> None:
        if self._sdp_tag is None or self._sdp_tag != tag:
            # A description that came unreliably, or from another phone, was no more than a preview.
            self.media.offered = True
            self._take_answer_if_any(response)
        if self.media.remote is None:
            cause = Cause(488, q850_of(488), f"200 cannot be used: {self._unusable}")
            self._end_answered(cause, cause, now)
            return
        self.media.withdraw()
        self._learn_peer(response)
        self.state, self.answered = "established", True
        self.session.accept_response(response)
        self.session.restart(now)
        self.core.emit(Answered(self))

    def _end_answered(self, report: Cause, reason: Cause, now: float) -> None:
        self._finish("local", report)
        self._send_bye(reason, now)

    def _on_failure(self, response: Response, now: float) -> None:
        if self.state != "calling":
            return
        self._stop_gateway_limit()
        cause = self._cancelled or cause_of(response, response.code)
        try:
            if self._cancelled is None and self._goes_on(response, cause, now):
                return
        except Refused as problem:
            cause = Cause(cause.sip_code, cause.q850, str(problem))
        self._fail(cause)

    def _goes_on(self, response: Response, cause: Cause, now: float) -> bool:
        """Whether the INVITE was sent again, as the failure asks for or elsewhere. Raises Refused."""
        if response.code == 422 and self.session.raise_to(response):
            # The same call with a longer session interval (RFC 4028 §7.3).
            self._invite_again(now, self.session.request_headers())
        elif response.code == 420 and self._invite.request.fields.pop("require", None) is not None:
            # Better a call without what its trunk asks for than none.
            self._invite_again(now, {})
        elif response.code in CHALLENGES and self._target.line is not None:
            if self._answers is None:
                self._answers = Answers(self.account, self.core.token)
            self._answers.take(response, self._invite.request)
            self._credentials = self._answers.headers
            self._invite_again(now, self._credentials)
        elif response.code == 488 and self.media.may_insist:
            self._invite_again(now, {}, self.media.offer_anew(insist=True))
        elif self._target.others and (response.code == 408 or 500 <= response.code < 600):
            self._next_gateway(cause, now)
        else:
            return False
        return True

    def _invite_again(self, now: float, changed: dict[str, list[str]], body: bytes = b"") -> None:
        """The same call, with other headers or another offer."""
        old = self._invite.request
        fields = {name: values for name, values in old.fields.items() if name != "via"}
        fields["cseq"] = [f"{old.cseq[0] + 1} INVITE"]
        fields.update(changed)
        self._early.clear()
        self._pracked.clear()
        self._sdp_tag = None
        self.media.offered = True
        self.dialog = None
        uri = str(self._target.uri)
        self._invite = self._send_invite(Request("INVITE", uri, fields=fields, body=body or old.body), now)

    def _on_silent_gateway(self, now: float) -> None:
        AbandonedInvite(self.core, self._invite, self._target)
        self._next_gateway(SILENT, now)

    def _next_gateway(self, cause: Cause, now: float) -> None:
        """RFC 3263 §4.3: the same request, to the next place."""
        passed, line = self._target, self._target.line
        following, *others = passed.others
        self._target = replace(following, line=line, others=tuple(others))
        for name in self._credentials:
            del self._invite.request.fields[name]
        self._credentials, self._answers = {}, None
        contact = [self.core.contact(following.flow, str(following.uri))]
        changed = {"to": [f"<{following.uri}>"], "contact": contact}
        self.media.use(following.local or self._local)
        self._invite_again(now, changed, self.media.offer_anew(insist=False))
        if line is not None:
            line.passed_over(passed, cause, now)

    def _fail(self, cause: Cause) -> None:
        self._finish("local", cause)
        self._forget()

    def _finish(self, by: Literal["remote", "local", "lost"], cause: Cause) -> None:
        self._stop_limit()
        self._stop_gateway_limit()
        super()._finish(by, cause)

    # Requests of the peer before its 2xx

    def _dialog_of(self, request: Request) -> Dialog | None:
        if self.state == "calling":
            return self._early.get(tag_of(request.fields["from"][0]))
        return super()._dialog_of(request)

    def _has_peer(self, tag: str | None) -> bool:
        return tag in self._early if self.state == "calling" else super()._has_peer(tag)

    def _on_bye(self, transaction: ServerTransaction, now: float) -> None:
        """Before its 2xx a peer has no right to BYE; one that does so all the same does not want the call."""
        if self.state == "calling":
            self._respond(transaction, 200, now)
            self.hang_up(now, cause_of(transaction.request, 0))
        else:
            super()._on_bye(transaction, now)

    def _start_limit(self, now: float) -> None:
        self._stop_limit()
        self._limit = self.core.timers.start(now + self.core.durations.c, self._on_no_decision)

    def _stop_gateway_limit(self) -> None:
        if self._gateway_limit is not None:
            self._gateway_limit.cancel()
            self._gateway_limit = None

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def _ignore(response: Response, now: float) -> None:
    """For answers that change nothing."""
