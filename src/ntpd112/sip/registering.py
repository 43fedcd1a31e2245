"""Sends what a registration at a telco asks for, and tells it the answers (RFC 3261 §10.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .account import CHALLENGES, Account, Answers, Refused
from .events import RegistrationState
from .gateways import label
from .locate import Place, is_address
from .message import Request, Response
from .nameaddr import NameAddr
from .registration import Ask, Registration
from .target import Target
from .timers import Timer
from .uri import Uri

if TYPE_CHECKING:
    from .agent import UserAgent


@dataclass(frozen=True, slots=True)
class Registrar:
    """One address that a SIP URI of `register` leads to. `place` None: nowhere yet."""

    uri: Uri
    place: Place | None

    def __str__(self) -> str:
        return label(self.uri, self.place)


class Registering:
    """Of one trunk. `registrars` may become others; `domain` is whose users we are one of, empty: the
    registrar's host; `contact_user` stands in what the telco sends to us."""

    def __init__(
        self,
        ua: UserAgent,
        trunk: str,
        registrars: Sequence[Registrar],
        account: Account,
        *,
        domain: str,
        contact_user: str,
        expires_s: int,
        now: float,
    ) -> None:
        self.state = Registration(registrars, expires_s, ua.core.spread, now)
        self._ua = ua
        self._trunk = trunk
        self._account = account
        self._domain = domain
        self._contact_user = contact_user
        self._call_id = ua.core.token()
        self._seq = 0
        self._told: tuple[bool | None, str] = (None, "")
        self._timer: Timer | None = None
        self._go_on(None, now)

    def use(self, account: Account, now: float) -> None:
        """The password has changed: try it at once."""
        self._account = account
        self.state.again(now)
        self._go_on(None, now)

    def look_up(self, registrars: Sequence[Registrar], now: float) -> None:
        """Where their names lead may have changed."""
        self.state.use(registrars, now)
        self._go_on(None, now)

    def leave(self, now: float) -> None:
        self._go_on(self.state.leave(now), now)

    def drop(self) -> None:
        """Send nothing more: somebody else registers the same contact."""
        self.state.drop()
        self._seq += 1
        if self._timer is not None:
            self._timer.cancel()

    def _go_on(self, ask: Ask[Registrar] | None, now: float) -> None:
        """Send what is due, tell what has changed, set the timer."""
        if ask is None:
            ask = self.state.handle_timer(now)
        if ask is not None:
            self._send(ask, Answers(self._account, self._ua.core.token), now)
        self._tell()
        if self._timer is not None:
            self._timer.cancel()
        at = self.state.next_timer()
        self._timer = None if at is None else self._ua.core.timers.start(at, partial(self._go_on, None))

    def _send(self, ask: Ask[Registrar], answers: Answers, now: float) -> None:
        registrar = ask.registrar.uri
        target = self._ua.target_of(registrar, ask.registrar.place)
        if target is None:
            nowhere = ask.registrar.place is None and not is_address(registrar.host)
            self.state.failed("its name is not resolved" if nowhere else "no socket of ours leads there", now)
            return
        self._seq += 1
        self._ua.request(
            "REGISTER",
            self._request_uri(registrar),
            target.flow,
            headers=self._headers(ask, registrar, target, answers),
            on_response=partial(self._answered, ask, answers, self._seq),
            now=now,
        )

    def _request_uri(self, registrar: Uri) -> Uri:
        """It names the domain and has no user (RFC 3261 §10.2)."""
        if self._domain:
            return Uri(registrar.scheme, self._domain)
        return Uri(registrar.scheme, registrar.host, port=registrar.port, params=registrar.params)

    def _headers(
        self, ask: Ask[Registrar], registrar: Uri, target: Target, answers: Answers
    ) -> dict[str, str]:
        core = self._ua.core
        we = NameAddr(Uri(registrar.scheme, self._domain or registrar.host, self._account.username))
        contact = NameAddr.parse(core.contact(target.flow, str(registrar))).uri
        own = Uri(contact.scheme, contact.host, self._contact_user, contact.port, contact.params)
        return {
            "From": str(we.with_tag(core.token())),
            "To": str(we),
            "Call-ID": self._call_id,
            "CSeq": f"{self._seq} REGISTER",
            "Contact": f"<{own}>;expires={ask.expires_s}",
            "Expires": str(ask.expires_s),
            **{name: values[0] for name, values in answers.headers.items()},
        }

    def _answered(
        self, ask: Ask[Registrar], answers: Answers, seq: int, response: Response, now: float
    ) -> None:
        if response.code < 200 or seq != self._seq:
            return
        following = None
        try:
            if response.code in CHALLENGES:
                uri = self._request_uri(ask.registrar.uri)
                answers.take(response, Request("REGISTER", str(uri)))
                self._send(ask, answers, now)
            elif response.code == 403 and answers.headers:
                raise answers.wrong()
            else:
                following = self.state.answered(response, now)
        except Refused as problem:
            self.state.wrong(str(problem), now)
        self._go_on(following, now)

    def _tell(self) -> None:
        """To be registered again and again is no news; another reason why we are not is."""
        state = self.state
        news = (state.registered, state.reason)
        if news != self._told and state.registered is not None and state.state not in ("leaving", "left"):
            self._ua.core.emit(RegistrationState(self._trunk, state.registered, state.reason))
        self._told = news
