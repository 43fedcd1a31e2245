"""Which INVITEs become calls: those of trunks, as many as a trunk may have (RFC 3261 §8.2, §13.3).

What an emergency call brings that we do not know is passed over, not refused: an unknown option tag in
Require gets no 420 here, an unreadable Contact or Record-Route no 400.
"""

from __future__ import annotations

from .core import MAX_LEGS, Core
from .events import IncomingCall, Refused
from .flow import Flow
from .message import Request
from .modify import warning_of
from .reply import reply
from .sdp import SdpError
from .session_timer import TooSmall
from .transaction import InviteServer
from .trunks import Trunk, Trunks
from .uas_leg import InboundLeg

MAX_REFUSED_PER_SECOND = 1
"Refused INVITEs reported one by one; the others of a second are counted in the next report."
RETRY_AFTER_S = 5
"Seconds that a refused trunk shall wait: calls end that often."


class RefusalReports:
    """`Refused` events at a bounded rate."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._second = -1
        self._reported = 0
        self._unreported = 0

    def add(self, flow: Flow, code: int, reason: str, now: float) -> None:
        if int(now) != self._second:
            self._second, self._reported = int(now), 0
        if self._reported >= MAX_REFUSED_PER_SECOND:
            self._unreported += 1
            return
        self._reported += 1
        self._core.emit(Refused(flow, code, reason, 1 + self._unreported))
        self._unreported = 0


class Admission:
    def __init__(self, core: Core, trunks: Trunks, reports: RefusalReports) -> None:
        self.draining = False
        self._core = core
        self._trunks = trunks
        self._reports = reports

    def trunk_of(self, flow: Flow) -> Trunk | None:
        return self._trunks.match(flow.remote.host)

    def admit(self, transaction: InviteServer, trunk: Trunk, flow: Flow, now: float) -> None:
        """Make the leg of a new INVITE, or refuse it."""
        request = transaction.request
        if self.draining:
            self._refuse(transaction, flow, 503, "agent is stopping", {"retry-after": RETRY_AFTER_S}, now)
        elif len(self._core.legs) >= MAX_LEGS:
            reason = f"more than {MAX_LEGS} legs"
            self._refuse(transaction, flow, 503, reason, {"retry-after": RETRY_AFTER_S}, now)
        elif not trunk.admit():
            reason = f"trunk {trunk.name!r} has its {trunk.max_calls} calls"
            self._refuse(transaction, flow, 503, reason, {"retry-after": RETRY_AFTER_S}, now)
        else:
            leg = self._make_leg(transaction, flow, now)
            if leg is None:
                trunk.release()
                return
            leg.trunk = trunk
            self._core.emit(IncomingCall(leg, request, trunk))

    def _make_leg(self, transaction: InviteServer, flow: Flow, now: float) -> InboundLeg | None:
        core = self._core
        transaction.respond(reply(transaction.request, 100), now)
        try:
            return InboundLeg(core, transaction, core.token())
        except TooSmall as error:
            minimum = core.config.min_session_expires
            self._refuse(transaction, flow, 422, str(error), {"min-se": minimum}, now)
        except SdpError as error:
            self._refuse(transaction, flow, 488, str(error), {"warning": warning_of(core, error)}, now)
        return None

    def _refuse(
        self,
        transaction: InviteServer,
        flow: Flow,
        code: int,
        reason: str,
        headers: dict[str, object],
        now: float,
    ) -> None:
        response = reply(transaction.request, code, tag=self._core.token())
        for name, value in headers.items():
            response.set(name, value)
        transaction.respond(response, now)
        self._reports.add(flow, code, reason, now)


def unsupported(request: Request) -> list[str]:
    """Option tags in Require that we do not know (RFC 3261 §8.2.2.3)."""
    return [token for token in request.tokens("require") if token not in ("100rel", "timer")]
