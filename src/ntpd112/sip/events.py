"""What the SIP user agent tells its user (call control). Each is one small value; a leg is named by itself.

Order per leg: inbound `IncomingCall` or `PhoneCall`, then `MediaChanged` (when the offer/answer completes),
`Established` (ACK came), `Ended`. Outbound: `Progress` any number of times, `MediaChanged`, `Answered`,
`Ended`; or `Failed`. A peer with early media (183) has its `MediaChanged` before the `Progress`, and another
with the answer if that says something else.
`Ended` or `Failed` comes exactly once for every leg and is the last event of it, also after our own
hang-up; nobody has to clean up after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .flow import Flow
    from .leg import Leg
    from .message import Request
    from .nameaddr import NameAddr
    from .replaces import Replaces
    from .sdp import RemoteMedia
    from .traffic import Refusal
    from .trunks import Trunk


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a leg ended or shall end: a SIP code and the Q.850 cause of its Reason header (RFC 3326)."""

    sip_code: int
    "0: ended by BYE without a SIP code."
    q850: int = 16
    text: str = ""


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A new INVITE from a known trunk, admitted under its limit. 100 was sent. `leg.offer` is its SDP, or
    None for a late offer; `leg.parts` are the other body parts."""

    leg: Leg
    request: Request
    trunk: Trunk


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """A registered phone of `user` calls, and has shown by its password that it is theirs. 100 was sent.
    `replaces`: the call that this one is to take the place of (RFC 3891; see `UserAgent.leg_of`)."""

    leg: Leg
    request: Request
    user: str
    replaces: Replaces | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """An outbound leg got a provisional response above 100."""

    leg: Leg
    code: int


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """An offer/answer exchange completed: from now on send to and expect from `remote`."""

    leg: Leg
    remote: RemoteMedia


@dataclass(frozen=True, slots=True)
class Answered:
    """An outbound leg was answered with 2xx; the ACK is sent."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class Established:
    """The ACK for our 2xx of an inbound leg came."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class Failed:
    """An outbound leg was refused, timed out (408), could not be sent (503), or was cancelled by us (487)."""

    leg: Leg
    cause: Cause


@dataclass(frozen=True, slots=True)
class Ended:
    """An inbound leg, or an answered outbound leg, is over. `by`: `remote` (BYE or CANCEL came), `local` (we
    hung up or rejected), `lost` (no ACK, session timer ran out, refresh failed, connection gone)."""

    leg: Leg
    by: Literal["remote", "local", "lost"]
    cause: Cause


@dataclass(frozen=True, slots=True)
class Referred:
    """The peer of a leg that takes REFER wants its call transferred to `target`, in the place of the call
    that `replaces` names, if any. It was answered 202; `leg.refer_progress` tells it how that goes. Many
    phones hang up at once: then `Ended` comes next."""

    leg: Leg
    target: NameAddr
    "`sip:` or `tel:`, as dialled by the phone; its host may be ours."
    replaces: Replaces | None
    referred_by: NameAddr | None


@dataclass(frozen=True, slots=True)
class InfoDtmf:
    """The peer pressed a key (`0` to `9`, `*`, `#`, `A` to `D`) and said so in an INFO."""

    leg: Leg
    digit: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of `leg.probe`. Not `alive`: `Ended` follows, if the peer answers no refresh either."""

    leg: Leg
    alive: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """A user has at least one reachable contact now and had none before."""

    user: str


@dataclass(frozen=True, slots=True)
class Unregistered:
    """A user has no reachable contact any more. `reason`: `expired`, `removed`, `unreachable` (OPTIONS)."""

    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnknownUser:
    """Someone asked to register a user that the directory does not have; it may have been added since."""

    user: str


@dataclass(frozen=True, slots=True)
class TrunkState:
    """A trunk's peer began or ceased to answer OPTIONS."""

    trunk: Trunk
    up: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TrunkFilling:
    """A trunk has few free lines (`Occupancy`), or enough of them again."""

    trunk: Trunk
    nearly_full: bool


@dataclass(frozen=True, slots=True)
class RegistrationState:
    """We are registered at a trunk's telco now, or are not (any more), or for another reason."""

    trunk: str
    registered: bool
    reason: str


@dataclass(frozen=True, slots=True)
class GatewayState:
    """A trunk's gateway began or ceased to answer OPTIONS."""

    trunk: str
    gateway: str
    up: bool


@dataclass(frozen=True, slots=True)
class GatewayPassed:
    """A gateway did not take a call of ours, which goes to the next one."""

    trunk: str
    gateway: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class TrunkRefused:
    """New calls of a trunk were refused by its limits, in maintenance or while we stop: `count` since the
    last such event, which there is once a minute at most for each reason."""

    trunk: Trunk
    refusal: Refusal
    reason: str
    "In words, of the last of them."
    count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An INVITE was refused before it became a call (unknown source, malformed). At most
    `MAX_REFUSED_PER_SECOND` a second are reported, so that junk costs nothing; `count` says how many."""

    flow: Flow
    code: int
    reason: str
    count: int


SipEvent = (
    IncomingCall
    | PhoneCall
    | Progress
    | MediaChanged
    | Answered
    | Established
    | Failed
    | Ended
    | Referred
    | InfoDtmf
    | Probed
    | Registered
    | Unregistered
    | UnknownUser
    | TrunkState
    | TrunkFilling
    | RegistrationState
    | GatewayState
    | GatewayPassed
    | Refused
    | TrunkRefused
)
