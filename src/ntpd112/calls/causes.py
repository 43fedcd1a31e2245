"""Why calls end: the one place that maps SIP codes, Q.850 causes and dispositions onto each other.

Causes are those of ITU-T Q.850; the pairs of code and cause follow RFC 3398 §8.2 and RFC 4497 §8.4.
"""

from __future__ import annotations

from typing import Literal

from ntpd112.queue.model import CancelOutcome
from ntpd112.sip.events import Cause

NORMAL = 16
"Normal call clearing."
CALLER_LEFT = Cause(487, 16, "Caller left")
NO_PICK_UP = Cause(487, 19, "No answer")
NO_ANSWER = Cause(480, 19, "No answer")
BUSY = Cause(486, 17, "Busy")
NO_SUCH_CALL = Cause(481, 101, "No such call")
UNKNOWN_NUMBER = Cause(404, 1, "Nobody has this number")
NO_OPERATOR_OF_OURS = Cause(403, 21, "No operator of this centre")
NO_PHONE = Cause(480, 20, "No phone to ring")
PHONE_LOST = Cause(487, 20, "Phone lost")
OPERATOR_REMOVED = Cause(487, 16, "Operator removed")
TAKEN_ELSEWHERE = Cause(200, 26, "Call completed elsewhere")
TRANSFERRED = Cause(200, 16, "Transferred")
WAITS_AGAIN = Cause(200, 16, "Caller waits again")
NOT_NEEDED = Cause(487, 16, "Not needed any more")
NO_OPERATOR = Cause(503, 20, "No operator registered")
TRUNK_FULL = Cause(503, 34, "Trunk full")
NO_MEDIA_PORT = Cause(503, 34, "No media port free")
LEG_LOST = Cause(408, 41, "Leg lost")
MEDIA_LOST = Cause(500, 41, "Media worker lost")
MESSAGE_HEARD = Cause(200, 16, "Message heard")
FAULT = Cause(500, 41, "Internal error")
STOPPING = Cause(503, 41, "Agent stopping")
UNANSWERED = 480
"""What a caller whose INVITE was not answered is told when the cause has no code of a failure: the same that
`sip.uas_leg` says then."""
RETRY_AFTER_S = 5
"Seconds a refused PBX shall wait before it tries us again (Retry-After, RFC 3261 §20.33)."

STOP_RINGING: dict[CancelOutcome, Cause] = {
    "rona": NO_PICK_UP,
    "failed": PHONE_LOST,
    "withdrawn": OPERATOR_REMOVED,
}
"Why the ACD takes an offer back while the caller still waits."

DECLINE_CODES = frozenset({486, 600, 603})
"The person refused or talks elsewhere; every other failure is the phone's or the network's."


def offer_outcome(sip_code: int) -> Literal["declined", "failed"]:
    """What an operator's final response other than 2xx means for the offer."""
    return "declined" if sip_code in DECLINE_CODES else "failed"
