"""What all events share, and the words in them."""

from __future__ import annotations

from typing import Literal

import msgspec

Disposition = Literal["answered", "abandoned", "overflowed", "rejected", "failed", "interrupted"]
Classification = Literal["emergency", "information", "ghost", "prank"]
OfferOutcome = Literal["answered", "rona", "declined", "failed", "withdrawn"]
HangupBy = Literal["caller", "operator", "system"]
Lane = Literal["lifted", "normal", "quiet", "held"]
PartyKind = Literal["caller", "operator", "agency", "centre", "supervisor", "phone"]
"""Who a leg is with. `agency`, `centre` and `phone` are destinations outside: an OPD, another call centre (a
neighbour, police 110), any other telephone."""
PartyMode = Literal["talk", "listen", "whisper", "hold"]
Purpose = Literal["ladder", "transfer", "conference", "callback", "supervision"]
"Why a party other than the operators of the queue was rung."
Direction = Literal["in", "out", "internal"]
"""`out`: an operator calls somebody back, who is the `caller` of the record. `internal`: an operator calls a
colleague or a destination."""
SoundKind = Literal["one_way", "no_rtp", "silence", "nat", "stranger", "loss", "wrong_key", "replay"]
"""What is wrong with a party's sound. `one_way`: not one packet came from this one, but from others of the
call; `no_rtp`: from nobody; `silence`: none comes any more; `nat`: it comes from another host than its SDP
said, and is taken; `stranger`: a second source sends, which is thrown away; `loss`: too much is lost;
`wrong_key`: it comes plain or with another SRTP key than was agreed on, and is thrown away;
`replay`: SRTP packets come again, or with numbers that were used, and are thrown away."""
CallbackOutcome = Literal["reached", "no_answer", "wrong_number", "not_needed"]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """`call_id` is empty for events that belong to no call."""

    at: float
    call_id: str = ""
