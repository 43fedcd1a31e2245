"""Which INVITEs become calls: those of trunks, as many as a trunk may have, and those of registered phones
(RFC 3261 §8.2, §13.3).

A phone may stand within a trunk's network, or be the PBX itself. There an INVITE is a phone's only if it
comes from the very address and port of a phone that registered with no proxy between, and From names that
phone's user; or if it brings credentials for our realm. All else is the trunk's: better a phone that cannot
dial than an emergency call that is asked for a password.

What an emergency call brings that we do not know is passed over, not refused: an unknown option tag in
Require gets no 420 here, an unreadable Contact or Record-Route no 400.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from weakref import WeakSet

from .core import MAX_LEGS, Core
from .events import IncomingCall, PhoneCall
from .flow import Flow
from .message import Request
from .modify import warning_of
from .refusals import RefusalReports, TrunkRefusals
from .registrar import Registrar
from .replaces import Replaces
from .reply import reply
from .sdp import SdpError
from .session_policy import EXTENSIONS, SessionPolicy
from .session_timer import TooSmall
from .traffic import Refusal
from .transaction import InviteServer
from .trunks import Trunk, Trunks
from .uas_leg import InboundLeg

MAX_PHONE_CALLS = 8
"""Calls that the phones of one user may have begun at once: two or three in use, and some whose end is on its
way. A phone gone mad must not take the legs that callers need."""
MAINTENANCE_RETRY_S = 60
"Seconds that a trunk in maintenance shall wait: long enough to stay on its other route."
RETRY_AFTER_S = 5
"Seconds that a refused trunk shall wait: calls end that often."


class Admission:
    def __init__(
        self, core: Core, trunks: Trunks, registrar: Registrar | None, reports: RefusalReports
    ) -> None:
        self.draining = False
        self._core = core
        self._trunks = trunks
        self._registrar = registrar
        self._phones_policy = registrar.policy if registrar is not None else None
        self._begun: dict[str, WeakSet[InboundLeg]] = {}
        "What each user's phones have begun; of registered users only, so no more than there are."
        self._reports = reports
        self._of_trunks: dict[tuple[Trunk, Refusal], TrunkRefusals] = {}
        "So no more than trunks are configured, for each reason."

    def trunk_of(self, flow: Flow) -> Trunk | None:
        return self._trunks.match(flow.remote.host)

    def knows(self, flow: Flow) -> bool:
        """Whether an INVITE from there can become a call at all."""
        return self.trunk_of(flow) is not None or self._has_phone(flow)

    def is_from_phone(self, request: Request, flow: Flow) -> bool:
        """Whether an INVITE is to be taken as a registered phone's, who then has to show its password."""
        registrar = self._registrar
        if registrar is None or not registrar.is_phone(flow):
            return False
        if self.trunk_of(flow) is None or registrar.has_credentials(request):
            return True
        return registrar.is_own_phone(flow, request.from_.uri.user or "")

    def _has_phone(self, flow: Flow) -> bool:
        return self._registrar is not None and self._registrar.is_phone(flow)

    def admit_phone(
        self, transaction: InviteServer, user: str, replaces: Replaces | None, flow: Flow, now: float
    ) -> None:
        """Make the leg of an INVITE of a user's phone, or refuse it. Also while draining: what phones dial
        steers the calls that still run."""
        begun = self._begun.setdefault(user, WeakSet())
        later = {"retry-after": RETRY_AFTER_S}
        if len(self._core.legs) >= MAX_LEGS:
            reason = f"more than {MAX_LEGS} legs"
            self._refuse(transaction, flow, 503, "out of memory", reason, later, now)
        elif sum(leg.state != "ended" for leg in begun) >= MAX_PHONE_CALLS:
            reason = f"phones of {user!r} have begun {MAX_PHONE_CALLS} calls"
            self._refuse(transaction, flow, 486, "phone full", reason, {}, now)
        elif (leg := self._make_leg(transaction, self._phones_policy, flow, now)) is not None:
            assert leg.dialog is not None
            leg.dialog.pinned = True
            begun.add(leg)
            self._core.emit(PhoneCall(leg, transaction.request, user, replaces))

    def admit(self, transaction: InviteServer, trunk: Trunk, flow: Flow, now: float) -> None:
        """Make the leg of a new INVITE, or refuse it."""
        if self.draining:
            self._refuse_trunk(transaction, trunk, "draining", "agent is stopping", RETRY_AFTER_S, now)
        elif len(self._core.legs) >= MAX_LEGS:
            reason = f"more than {MAX_LEGS} legs"
            self._refuse_trunk(transaction, trunk, "out of memory", reason, RETRY_AFTER_S, now)
        elif trunk.closed:
            reason = f"trunk {trunk.name!r} is in maintenance"
            self._refuse_trunk(transaction, trunk, "maintenance", reason, MAINTENANCE_RETRY_S, now)
        elif (wait_s := trunk.pace.wait(now)) > 0:
            reason = f"trunk {trunk.name!r} has begun its {trunk.pace.rate:g} calls a second"
            self._refuse_trunk(transaction, trunk, "trunk too fast", reason, ceil(wait_s), now)
        elif not trunk.admit(now):
            reason = f"trunk {trunk.name!r} has its {trunk.max_calls} calls"
            self._refuse_trunk(transaction, trunk, "trunk full", reason, RETRY_AFTER_S, now)
        else:
            leg = self._make_leg(transaction, trunk.policy, flow, now)
            if leg is None:
                trunk.release()
                return
            leg.trunk = trunk
            self._core.emit(IncomingCall(leg, transaction.request, trunk))

    def _refuse_trunk(
        self,
        transaction: InviteServer,
        trunk: Trunk,
        refusal: Refusal,
        reason: str,
        retry_after_s: int,
        now: float,
    ) -> None:
        """503: the trunk shall take its other route."""
        self._answer(transaction, 503, refusal, {"retry-after": retry_after_s}, now)
        key = trunk, refusal
        if key not in self._of_trunks:
            self._of_trunks[key] = TrunkRefusals(self._core, trunk, refusal)
        self._of_trunks[key].add(reason, now)

    def _make_leg(
        self, transaction: InviteServer, policy: SessionPolicy | None, flow: Flow, now: float
    ) -> InboundLeg | None:
        core = self._core
        transaction.respond(reply(transaction.request, 100), now)
        try:
            return InboundLeg(core, transaction, core.token(), policy)
        except TooSmall as error:
            minimum = (policy or core.config.policy).min_session_s
            self._refuse(transaction, flow, 422, "not acceptable", str(error), {"min-se": minimum}, now)
        except SdpError as error:
            warning = {"warning": warning_of(core, error)}
            self._refuse(transaction, flow, 488, "not acceptable", str(error), warning, now)
        return None

    def _refuse(
        self,
        transaction: InviteServer,
        flow: Flow,
        code: int,
        refusal: Refusal,
        reason: str,
        headers: Mapping[str, object],
        now: float,
    ) -> None:
        self._answer(transaction, code, refusal, headers, now)
        self._reports.add(flow, code, reason, now)

    def _answer(
        self,
        transaction: InviteServer,
        code: int,
        refusal: Refusal,
        headers: Mapping[str, object],
        now: float,
    ) -> None:
        self._core.transactions.traffic.refused[refusal] += 1
        response = reply(transaction.request, code, tag=self._core.token())
        for name, value in headers.items():
            response.set(name, value)
        transaction.respond(response, now)


def unsupported(request: Request) -> list[str]:
    """Option tags in Require that we do not know (RFC 3261 §8.2.2.3)."""
    return [token for token in request.tokens("require") if token not in EXTENSIONS]
