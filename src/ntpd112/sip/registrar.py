"""The registrar for operators' phones (RFC 3261 §10.3, RFC 3327 Path, RFC 5626 keep-alive), without I/O.

Each REGISTER is challenged (`digest.py`); an unknown user gets the same answers as a known one with a wrong
password. Requests to a phone go to where its REGISTER came from, whatever its Contact says. `now` is
monotonic seconds.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from math import ceil

from .bindings import MAX_CONTACTS, Binding, Bindings
from .digest import Credentials, DigestServer, Verdict
from .events import SipEvent, UnknownUser
from .flow import Flow
from .liveness import Liveness
from .message import Request, Response
from .nameaddr import NameAddr
from .reply import reply
from .session_policy import SessionPolicy
from .uri import SipSyntaxError, split_outside_quotes

DEFAULT_EXPIRES_S = 3_600
"What a REGISTER without any Expires asks for (RFC 3261 §10.3)."
MAX_UNKNOWN_PER_SECOND = 5
"`UnknownUser` events a second: each makes the application look into its directory."
MAX_PATH = 16
"Proxies between a phone and us."
MAX_TEXT = 200
"Characters kept of a phone's User-Agent."

_SUPPORTED = frozenset(["path"])

__all__ = ["Binding", "Registrar"]


class Registrar:
    """`lookup` gives a user's credentials from memory; `secret` is random bytes of this process.

    Expiry is in seconds; `keepalive_s` is the interval of OPTIONS to each phone, 0 for none; `policy` is for
    calls with them, in either direction."""

    def __init__(
        self,
        realm: str,
        lookup: Callable[[str], Credentials | None],
        *,
        secret: bytes,
        min_expires: int = 60,
        max_expires: int = 3_600,
        keepalive_s: float = 30.0,
        policy: SessionPolicy | None = None,
    ) -> None:
        self.policy = policy
        self._digest = DigestServer(realm, secret)
        self._lookup = lookup
        self._secret = secret
        self._min_expires = min_expires
        self._max_expires = max_expires
        self._keepalive_s = keepalive_s
        self._bindings = Bindings()
        self._unknown: list[SipEvent] = []
        self._unknown_second = -1
        self._unknown_count = 0

    # --- what a REGISTER does

    def receive(self, request: Request, flow: Flow, now: float) -> Response:
        """The final response to a REGISTER. Its Via is taken as it is: `received` was filled in before."""
        try:
            return self._receive(request, flow, now)
        except SipSyntaxError as error:
            return self._reply(request, 400, str(error)[:MAX_TEXT])

    def _receive(self, request: Request, flow: Flow, now: float) -> Response:
        unsupported = [token for token in request.tokens("require") if token not in _SUPPORTED]
        if unsupported:
            response = self._reply(request, 420)
            response.set("unsupported", ", ".join(unsupported))
            return response
        user = request.to.uri.user or ""
        if self._lookup(user) is None:
            self._report_unknown(user, now)
        name = self._authenticate(request, now)
        if isinstance(name, Response):
            return name
        return self._update(request, user, flow, now) if name == user else self._reply(request, 403)

    def authenticate(self, request: Request, flow: Flow, now: float) -> str | Response:
        """The user whose registered phone sent a request over `flow`, or the 401 or 403 to answer it with. A
        phone that was believed to be gone is back."""
        name = self._authenticate(request, now)
        if isinstance(name, Response):
            return name
        if not self._bindings.is_users(flow, name):
            return self._reply(request, 403)
        self._bindings.seen(flow, name)
        return name

    def _authenticate(self, request: Request, now: float) -> str | Response:
        verdict, name = self._digest.check(request, self._lookup, now)
        if verdict in (Verdict.MISSING, Verdict.STALE):
            response = self._reply(request, 401)
            response.fields["www-authenticate"] = self._digest.challenges(
                now, verdict is Verdict.STALE, user_agent=request.get("user-agent") or ""
            )
            return response
        return name if verdict is Verdict.RIGHT else self._reply(request, 403)

    def _update(self, request: Request, user: str, flow: Flow, now: float) -> Response:
        values = [v for line in request.all("contact") for v in split_outside_quotes(line, ",") if v.strip()]
        if any(value.strip() == "*" for value in values):
            return self._remove_all(request, user, values, now)
        asked = [self._read_contact(value, request) for value in values]
        if len(asked) > MAX_CONTACTS:
            raise SipSyntaxError(f"{len(asked)} Contacts, more than {MAX_CONTACTS}")
        if any(0 < expires < self._min_expires for _, expires in asked):
            response = self._reply(request, 423)
            response.set("min-expires", self._min_expires)
            return response
        path = NameAddr.parse_many(request.all("path"))
        if len(path) > MAX_PATH:
            raise SipSyntaxError(f"{len(path)} Path values, more than {MAX_PATH}")
        for contact, _ in asked:
            self._check_order(request, self._bindings.get(user, _key(contact)))
        for contact, expires in asked:
            self._bind(request, user, contact, min(expires, self._max_expires), flow, path, now)
        return self._listing(request, user, now)

    def _read_contact(self, value: str, request: Request) -> tuple[NameAddr, int]:
        """A Contact without its `expires`, and the seconds that are asked for it."""
        contact = NameAddr.parse(value)
        if contact.uri.scheme not in ("sip", "sips"):
            raise SipSyntaxError(f"Contact {value[:80]!r} is not a SIP address")
        params = dict(contact.params)
        text = params.pop("expires", None) or request.get("expires")
        return replace(contact, params=params), _seconds(text)

    def _bind(
        self,
        request: Request,
        user: str,
        contact: NameAddr,
        expires: int,
        flow: Flow,
        path: list[NameAddr],
        now: float,
    ) -> None:
        key = _key(contact)
        if not expires:
            old = self._bindings.get(user, key)
            if old is not None:
                self._bindings.remove(old, "removed")
            return
        known = self._bindings.get(user, key)
        binding = Binding(
            user=user,
            key=key,
            contact=contact,
            flow=flow,
            path=path,
            call_id=request.call_id,
            cseq=request.cseq[0],
            expires_at=now + expires,
            user_agent=(request.get("user-agent") or "")[:MAX_TEXT],
            liveness=Liveness.starting(
                self._keepalive_s, now, answers=known is not None and known.liveness.answers
            ),
            registered_at=now,
            policy=self.policy,
        )
        self._bindings.put(binding)

    def _remove_all(self, request: Request, user: str, values: list[str], now: float) -> Response:
        if len(values) > 1 or request.get("expires") != "0":
            raise SipSyntaxError("Contact '*' needs Expires: 0 and no other Contact")
        bindings = self._bindings.of(user)
        for binding in bindings:
            self._check_order(request, binding)
        for binding in bindings:
            self._bindings.remove(binding, "removed")
        return self._listing(request, user, now)

    def _check_order(self, request: Request, known: Binding | None) -> None:
        """A late REGISTER must not undo a newer one (RFC 3261 §10.3, step 7)."""
        if known is not None and known.call_id == request.call_id and request.cseq[0] <= known.cseq:
            raise SipSyntaxError(f"CSeq {request.cseq[0]} is not above {known.cseq}, which was seen before")

    def _listing(self, request: Request, user: str, now: float) -> Response:
        response = self._reply(request, 200)
        contacts = [
            str(replace(b.contact, params={**b.contact.params, "expires": str(ceil(b.expires_at - now))}))
            for b in self._bindings.of(user)
        ]
        if contacts:
            response.fields["contact"] = contacts
        if request.all("path"):
            response.fields["path"] = list(request.all("path"))
            response.set("supported", "path")
        return response

    def _reply(self, request: Request, code: int, phrase: str | None = None) -> Response:
        tag = hmac.digest(self._secret, request.call_id.encode("utf-8", "surrogateescape"), "sha256")
        return reply(request, code, phrase, tag.hex()[:16])

    def _report_unknown(self, user: str, now: float) -> None:
        if int(now) != self._unknown_second:
            self._unknown_second, self._unknown_count = int(now), 0
        self._unknown_count += 1
        if self._unknown_count <= MAX_UNKNOWN_PER_SECOND:
            self._unknown.append(UnknownUser(user))

    # --- who is registered

    def contacts(self, user: str) -> list[Binding]:
        """The phones of a user that answer, the one registered last first."""
        return [binding for binding in self._bindings.of(user) if binding.reachable]

    def bindings(self, user: str) -> list[Binding]:
        """All phones of a user, also those that do not answer at present."""
        return self._bindings.of(user)

    def user_of_flow(self, flow: Flow) -> str | None:
        """Whose phone this source is; None for unknown sources and for phones behind a proxy (Path)."""
        return self._bindings.user_of_flow(flow)

    def is_phone(self, flow: Flow) -> bool:
        """Whether a phone is registered from this source, by itself or by a proxy (Path)."""
        return self._bindings.is_phone(flow)

    def is_own_phone(self, flow: Flow, user: str) -> bool:
        """Whether this very source is a phone of `user`, with no proxy between."""
        return any(b.flow == flow and not b.path for b in self._bindings.of(user))

    def has_credentials(self, request: Request) -> bool:
        """Whether a request answers a challenge of our realm, rightly or not."""
        return self._digest.answers(request)

    def remove_user(self, user: str) -> None:
        """Forget a user's phones, as when it is taken out of the directory."""
        for binding in self._bindings.of(user):
            self._bindings.remove(binding, "removed")

    # --- over a restart

    @property
    def changes(self) -> int:
        """Grows with every phone that came or went: what was saved before is then out of date."""
        return self._bindings.changes

    def all_bindings(self) -> list[Binding]:
        return self._bindings.all()

    def restore(
        self,
        user: str,
        contact: NameAddr,
        flow: Flow,
        path: list[NameAddr],
        *,
        call_id: str,
        cseq: int,
        expires_at: float,
        user_agent: str,
        answers: bool,
        now: float,
    ) -> None:
        """A phone that was registered before a restart. If it `answers` OPTIONS it is asked at once and
        counts when it does, else it is believed. Passed over: expired ones, users who are gone."""
        if expires_at <= now or self._lookup(user) is None:
            return
        begin = Liveness.doubted if answers else Liveness.starting
        liveness = begin(self._keepalive_s, now)
        key = _key(contact)
        self._bindings.put(
            Binding(
                user,
                key,
                contact,
                flow,
                path,
                call_id,
                cseq,
                expires_at,
                user_agent,
                liveness,
                now,
                self.policy,
            )
        )

    def events(self) -> list[SipEvent]:
        """Registered, Unregistered and UnknownUser since the last call."""
        unknown, self._unknown = self._unknown, []
        return unknown + self._bindings.take_events()

    # --- time, keep-alive, connections

    def next_timer(self) -> float | None:
        return self._bindings.next_timer()

    def handle_timer(self, now: float) -> None:
        """Let expire what is due; afterwards `due_keepalives` tells whom to ask."""
        self._bindings.handle_timer(now)

    def due_keepalives(self, now: float) -> list[Binding]:
        """Phones to send an OPTIONS now; each has ANSWER_S (`liveness.py`) to be reported alive."""
        self._bindings.handle_timer(now)
        return self._bindings.take_due()

    def keepalive_result(self, binding: Binding, ok: bool, now: float) -> None:
        """`ok`: any response came from the phone. Late results are welcome; those of gone phones ignored."""
        self._bindings.keepalive_result(binding, ok, now)

    def doubt(self, user: str, now: float) -> None:
        """A phone of the user was lost in mid-call: ask all of theirs by OPTIONS at once, so that no call is
        offered to one that is gone."""
        self._bindings.doubt(user, now)

    def flow_closed(self, flow: Flow, now: float) -> None:
        """A TCP connection ended: its phones are not reachable until they register again."""
        self._bindings.close_flow(flow)


def _key(contact: NameAddr) -> tuple[object, ...]:
    """What makes two Contacts one phone: instance and reg-id (RFC 5626 §6), else the URI's essentials."""
    instance, reg_id = contact.params.get("+sip.instance"), contact.params.get("reg-id")
    if instance and reg_id:
        return instance, reg_id
    uri = contact.uri
    return uri.scheme, uri.user, uri.host.lower(), uri.port, uri.transport


def _seconds(text: str | None) -> int:
    """Expires of a Contact or header; what is no number counts as the default (RFC 3261 §10.2.1.1)."""
    if text is None or not (text.isascii() and text.isdigit()):
        return DEFAULT_EXPIRES_S
    return int(text) if len(text) < 10 else 2**31
