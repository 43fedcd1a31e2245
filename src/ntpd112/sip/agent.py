"""The SIP user agent: messages in, messages and events out (RFC 3261 §8, §16.12, §18). No I/O, no clock.

    receive(), receive_message(), handle_timer()  ->  events(), outgoing(), next_timer()

It is a server for trunks' calls and phones' registrations and a client for calls to phones; with a trunk of
all addresses and no registrar it is a phone as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .admission import Admission, unsupported
from .bindings import Binding
from .core import ALLOW, Core, UaConfig
from .events import SipEvent
from .flow import Flow, FlowTo, Outgoing
from .keepalive import Keepalive
from .leg import Leg
from .locate import Place
from .message import BadMessage, Request, Response
from .nameaddr import NameAddr
from .parser import parse
from .randomness import random_key, random_token
from .refusals import RefusalReports
from .registrar import Registrar
from .replaces import Replaces
from .reply import reply, tag_of
from .sdp import LocalMedia
from .session_policy import SUPPORTED
from .srtp_keys import NewKey
from .stateless import Stateless, stamp
from .target import Target, target_of
from .transaction import InviteServer
from .transactions import Key, OnResponse, TooManyTransactions, invite_key, reply_flow, server_key
from .trunks import Trunks
from .uac_leg import OutboundLeg
from .uri import SipSyntaxError, Uri
from .via import Via

__all__ = ["UaConfig", "UserAgent"]

IN_DIALOG = frozenset({"INVITE", "BYE", "UPDATE", "PRACK", "INFO", "OPTIONS", "REFER"})
"Methods that a leg handles."
REFUSALS = {"MESSAGE": 405, "REGISTER": 405, "SUBSCRIBE": 489, "NOTIFY": 489, "PUBLISH": 489}
"Known methods that we do not serve; every other is 501."


class UserAgent:
    """`token()` gives unguessable text for tags, branches and Call-IDs, `new_key()` keys for SRTP; tests pass
    counters."""

    def __init__(
        self,
        config: UaConfig,
        registrar: Registrar | None,
        trunks: Trunks,
        *,
        token: Callable[[], str] = random_token,
        new_key: NewKey = random_key,
    ) -> None:
        self.core = Core(config, token, new_key)
        self.traffic = self.core.transactions.traffic
        self._registrar = registrar
        self._trunks = trunks
        self._stateless = Stateless(token().encode()[:64])
        self._reports = RefusalReports(self.core)
        self._admission = Admission(self.core, trunks, registrar, self._reports)
        self._keepalive = Keepalive(registrar, trunks, self.options, self.core.usable)
        self._flow_to: FlowTo | None = None

    # Messages in

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """A datagram. Never raises, whatever it is."""
        if data.startswith(b"INVITE ") and not self._admission.knows(flow):
            refusal = self._stateless.refuse_invite(data, flow)
            if refusal is not None:
                self.traffic.received["INVITE", ""] += 1
                self._refused_unknown(refusal, flow, now)
                return
        try:
            message = parse(data)
        except BadMessage as error:
            self._receive_bad(error, flow, now)
            return
        self._receive(message, flow, now)

    def receive_message(self, message: Request | Response | BadMessage, flow: Flow, now: float) -> None:
        """A message of a connection, as `StreamParser` gives it."""
        self.core.open_flows.add(flow)
        if isinstance(message, BadMessage):
            self._receive_bad(message, flow, now)
        else:
            self._receive(message, flow, now)

    def flow_closed(self, flow: Flow, now: float, reason: str = "") -> None:
        """A connection is closed, or could not be made; `reason`: in the words of who found out."""
        self.core.open_flows.discard(flow)
        self.core.transactions.flow_closed(flow, now, reason)
        if self._registrar is not None:
            self._registrar.flow_closed(flow, now)

    def send_failed(self, outgoing: Outgoing, now: float) -> None:
        """A datagram could not be sent."""
        self.core.transactions.send_failed(outgoing.data, now)

    def _receive(self, message: Request | Response, flow: Flow, now: float) -> None:
        try:
            self.traffic.came(message)
            if isinstance(message, Response):
                self.core.transactions.receive_response(message, message.via, now)
            else:
                self._receive_request(message, flow, now)
        except SipSyntaxError as error:
            # A header that only this kind of message needs cannot be read.
            if isinstance(message, Request):
                self._receive_bad(BadMessage(str(error), message), flow, now)

    def _receive_bad(self, error: BadMessage, flow: Flow, now: float) -> None:
        self.traffic.refused["malformed"] += 1
        request = error.request
        if request is None or request.method == "ACK":
            return
        fields = request.fields
        text, via = stamp(fields["via"][0], flow)
        fields["via"] = [text, *fields["via"][1:]]
        self._reply(request, via, flow, error.code, " ".join(str(error).split()))
        if request.method == "INVITE":
            self._reports.add(flow, error.code, str(error), now)

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        vias = request.fields["via"]
        text, via = stamp(vias[0], flow)
        request.fields["via"] = [text, *vias[1:]]
        key = server_key(request, via)
        transaction = self.core.transactions.find(key)
        method = request.method
        if transaction is not None:
            transaction.receive(request, now)
            if method == "ACK" and transaction.state == "accepted":
                self._ack(request, now)
        elif method == "ACK":
            self._ack(request, now)
        elif method == "CANCEL":
            self._cancel(request, via, flow, now)
        else:
            self._new_request(request, key, via, flow, now)

    def _new_request(self, request: Request, key: Key, via: Via, flow: Flow, now: float) -> None:
        method = request.method
        refused = self.traffic.refused
        try:
            if method not in IN_DIALOG and not (method == "REGISTER" and self._registrar is not None):
                refused["method"] += 1
                self._refuse_method(request, via, flow)
            elif method not in ("INVITE", "BYE", "REGISTER") and (unknown := unsupported(request)):
                refused["extension"] += 1
                self._reply(request, via, flow, 420, headers={"unsupported": ", ".join(unknown)})
            elif method == "REGISTER":
                self._register(request, key, via, flow, now)
            elif (tag := tag_of(request.fields["to"][0])) is not None:
                self._within_dialog(request, tag, key, via, flow, now)
            elif method == "INVITE":
                self._invite(request, key, via, flow, now)
            elif method == "OPTIONS":
                self._options(request, via, flow)
            else:
                refused["no dialog"] += 1
                self._reply(request, via, flow, 481)
        except TooManyTransactions:
            self._reply(request, via, flow, 503, headers={"retry-after": "10"})

    def _within_dialog(self, request: Request, tag: str, key: Key, via: Via, flow: Flow, now: float) -> None:
        leg = self.core.legs.get((request.fields["call-id"][0], tag))
        if leg is None:
            self.traffic.refused["no dialog"] += 1
            self._reply(request, via, flow, 481)
        else:
            leg.receive(self.core.transactions.serve(request, key, via, flow), now)

    def _invite(self, request: Request, key: Key, via: Via, flow: Flow, now: float) -> None:
        transactions = self.core.transactions
        trunk = self._admission.trunk_of(flow)
        of_phone = self._admission.is_from_phone(request, flow)
        if trunk is None and not of_phone:
            response = self._stateless.response(request, 403)
            self._refused_unknown(Outgoing(reply_flow(flow, via), bytes(response)), flow, now)
        elif transactions.is_merged(request):
            self.traffic.refused["merged"] += 1
            self._reply(request, via, flow, 482, "Merged Request")
        elif of_phone:
            self._phone_invite(request, key, via, flow, now)
        elif trunk is not None:
            transaction = transactions.serve(request, key, via, flow)
            assert isinstance(transaction, InviteServer)
            self._keepalive.seen(flow)
            self._admission.admit(transaction, trunk, flow, now)

    def _phone_invite(self, request: Request, key: Key, via: Via, flow: Flow, now: float) -> None:
        """Without the right credentials nothing is kept of it, as of a REGISTER."""
        assert self._registrar is not None
        replaces = Replaces.of(request)
        user = self._registrar.authenticate(request, flow, now)
        if isinstance(user, Response):
            self.core.send(reply_flow(flow, via), bytes(user))
            if user.code == 403:
                self.traffic.refused["credentials"] += 1
                self._reports.add(flow, 403, "wrong credentials of a phone", now)
            return
        transaction = self.core.transactions.serve(request, key, via, flow)
        assert isinstance(transaction, InviteServer)
        self._admission.admit_phone(transaction, user, replaces, flow, now)

    def _ack(self, ack: Request, now: float) -> None:
        leg = self.core.legs.get((ack.fields["call-id"][0], tag_of(ack.fields["to"][0]) or ""))
        if leg is not None:
            leg.on_ack(ack, now)

    def _cancel(self, cancel: Request, via: Via, flow: Flow, now: float) -> None:
        """RFC 3261 §9.2. The answer to CANCEL has the To tag of the INVITE's."""
        invite = self.core.transactions.find(invite_key(cancel, via))
        if not isinstance(invite, InviteServer):
            self.traffic.refused["no dialog"] += 1
            self._reply(cancel, via, flow, 481)
            return
        if invite.local_tag is None:
            self._reply(cancel, via, flow, 200)
        else:
            self.core.send(reply_flow(flow, via), bytes(reply(cancel, 200, tag=invite.local_tag)))
        invite.cancel(cancel, now)

    def _register(self, request: Request, key: Key, via: Via, flow: Flow, now: float) -> None:
        """Only a registration that succeeds gets a transaction: its repetition must not count as a replay.
        Every other is refused again when it comes again, so a flood of them leaves nothing behind."""
        assert self._registrar is not None
        response = self._registrar.receive(request, flow, now)
        if response.code < 300:
            self.core.transactions.serve(request, key, via, flow).respond(response, now)
        else:
            if response.code == 403:
                self.traffic.refused["credentials"] += 1
            elif response.code != 401:  # which only asks for them
                self.traffic.refused["registration"] += 1
            self.core.send(reply_flow(flow, via), bytes(response))

    def _options(self, request: Request, via: Via, flow: Flow) -> None:
        """What we can do is told to trunks and registered phones only: to a forged source no more goes back
        than came."""
        trunk = self._admission.trunk_of(flow)
        of_trunk = trunk is not None
        of_phone = self._registrar is not None and self._registrar.user_of_flow(flow) is not None
        refuses = self._admission.draining or (trunk is not None and trunk.closed)
        self._reply(
            request, via, flow, 503 if refuses else 200, headers=_ABILITIES if of_trunk or of_phone else None
        )
        if of_trunk and not of_phone:
            self._keepalive.seen(flow)

    def _refuse_method(self, request: Request, via: Via, flow: Flow) -> None:
        code = REFUSALS.get(request.method, 501)
        self._reply(request, via, flow, code, headers={"allow": ALLOW})

    def _refused_unknown(self, refusal: Outgoing, flow: Flow, now: float) -> None:
        self.traffic.refused["unknown source"] += 1
        self.core.outgoing.append(refusal)
        self._reports.add(flow, 403, "source is no trunk", now)

    def _reply(
        self,
        request: Request,
        via: Via,
        flow: Flow,
        code: int,
        phrase: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """An answer without a transaction."""
        response = self._stateless.response(request, code, phrase)
        for name, value in (headers or {}).items():
            response.fields[name] = [value]
        self.core.send(reply_flow(flow, via), bytes(response))

    # Time, and what came out

    def next_timer(self) -> float | None:
        """Monotonic seconds at which `handle_timer` is due, or None."""
        ours, theirs = self.core.timers.next(), self._keepalive.next_timer()
        return theirs if ours is None else ours if theirs is None else min(ours, theirs)

    def handle_timer(self, now: float) -> None:
        self.core.timers.fire(now)
        self._keepalive.handle_timer(now)

    @property
    def open_transactions(self) -> int:
        """Those included that only absorb repetitions: after the last call there are none within 32 s."""
        return len(self.core.transactions)

    @property
    def open_legs(self) -> int:
        """Those included whose BYE has no answer yet."""
        return len(self.core.legs)

    def outgoing(self) -> list[Outgoing]:
        """What is to be sent, in order. Taken: the next call gives what came since."""
        taken, self.core.outgoing = self.core.outgoing, []
        for one in taken:
            self.traffic.goes(one.data)
        return taken

    def events(self) -> list[SipEvent]:
        """What happened, in order. Taken."""
        taken, self.core.events = self.core.events, []
        if self._registrar is not None:
            taken += self._registrar.events()
        return taken + self._trunks.events()

    def set_flow_to(self, flow_to: FlowTo) -> None:
        """How to find our way to an address: the endpoint knows its sockets."""
        self._flow_to = self._keepalive.flow_to = flow_to

    def target_of(self, uri: Uri, place: Place | None = None) -> Target | None:
        """Where `sip:` calls go that are for no phone of ours; `place`: where its host name leads. None:
        nobody says so, or there is no socket of its IP version and transport."""
        target = target_of(uri, self._flow_to, place) if self._flow_to is not None else None
        trunk = self._trunks.match(target.flow.remote.host) if target is not None else None
        return replace(target, policy=trunk.policy) if target is not None and trunk is not None else target

    def ways_to(self, host: str) -> list[Flow]:
        """To a peer of a trunk, by each transport."""
        return self._keepalive.ways_to(host)

    def leg_of(self, replaces: Replaces) -> Leg | None:
        """The leg, rung or answered, that a Replaces names (RFC 3891 §3). None: there is none (any more)."""
        leg = self.core.legs.get((replaces.call_id, replaces.to_tag))
        return leg if leg is not None and leg.is_named_by(replaces) else None

    # What its user asks for

    def invite(
        self,
        target: Target | Binding,
        *,
        caller: NameAddr,
        local: LocalMedia,
        now: float,
        asserted: NameAddr | None = None,
        headers: dict[str, str] | None = None,
        call_id: str | None = None,
    ) -> Leg:
        """Call `target`, offering `local`. `caller` becomes From; `asserted` goes out as P-Asserted-Identity
        (RFC 3325), for who is trusted with it; `headers` are added. Raises NoWay if its trunk is full."""
        if isinstance(target, Binding):
            target = target.target
        identity = {"p-asserted-identity": str(asserted)} if asserted is not None else {}
        core, more = self.core, {**identity, **(headers or {})}
        return OutboundLeg(core, target, caller, local, more, call_id or core.token(), now)

    def request(
        self,
        method: str,
        uri: Uri,
        flow: Flow,
        *,
        headers: dict[str, str],
        on_response: OnResponse,
        now: float,
        body: bytes = b"",
    ) -> None:
        """A request outside of dialogs, other than INVITE. `headers` may replace From, To, Call-ID and CSeq,
        which else are made here. `on_response` gets 408 or 503 without headers if no answer comes."""
        core = self.core
        own = NameAddr(Uri("sip", core.sent_by(flow).host, core.config.contact_user))
        fields = {
            "max-forwards": ["70"],
            "from": [str(own.with_tag(core.token()))],
            "to": [f"<{uri}>"],
            "call-id": [core.token()],
            "cseq": [f"1 {method}"],
            "contact": [core.contact(flow, str(uri))],
            "user-agent": [core.config.user_agent],
            **{name.lower(): [value] for name, value in headers.items()},
        }
        core.transactions.request(Request(method, str(uri), fields=fields, body=body), flow, on_response, now)

    def options(self, target: Target, on_response: OnResponse, now: float) -> None:
        """Ask whether `target` is there."""
        headers = {"Accept": "application/sdp"}
        if target.route:
            headers["Route"] = ", ".join(str(route) for route in target.route)
        self.request("OPTIONS", target.uri, target.flow, headers=headers, on_response=on_response, now=now)

    def drain(self) -> None:
        """From now on new INVITEs get 503, and OPTIONS too, so that trunks go elsewhere."""
        self._admission.draining = True


_ABILITIES = {"allow": ALLOW, "supported": SUPPORTED, "accept": "application/sdp, multipart/mixed"}
