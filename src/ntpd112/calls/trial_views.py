"""What a test call over a trunk has shown, as it is filled in and as the API sees it: plain values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

TrialState = Literal["calling", "ringing", "talking", "ending", "over"]
Verdict = Literal["fine", "note", "bad"]
"`note`: works, and is worth knowing; `bad`: calls will suffer from it."
GivenUp = Literal["", "silence", "no_answer", "lines", "asked", "stopping", "sound"]
"""Why we ended it before it was listened to: nothing came at all, nobody picked up, its line is needed by
callers, a person wanted it, the agent stops, the sound was lost with its worker."""


class TrialFacts(msgspec.Struct, kw_only=True):
    """Times are milliseconds since the INVITE; None: that has not happened. Empty texts: not said."""

    shown: str
    "From, as we sent it."
    asserted: str
    "P-Asserted-Identity, as we sent it."
    offered: list[str]
    "Codecs, our first choice first."
    srtp: str
    "The trunk's policy: `off`, `preferred`, `required`."
    session_asked_s: int
    "Of the session timer, by the trunk's policy; 0: we use none."
    first_answer_ms: float | None = None
    "Anything at all, 100 included."
    ringing_ms: float | None = None
    "180 or 183: the post-dial delay."
    answered_ms: float | None = None
    code: int = 0
    "Of the final answer; 0: none came."
    phrase: str = ""
    reason: str = ""
    "Reason headers of the final answer, or of a BYE of theirs, as they came."
    warning: str = ""
    failed: str = ""
    "Why it came to nothing without an answer of theirs, in words."
    agent: str = ""
    "What they call themselves."
    codec: str = ""
    dtmf: bool | None = None
    "They take telephone-event."
    secured: str = ""
    "The suite of SRTP that was agreed on."
    early_media: bool = False
    "Sound came before the answer."
    reliable: bool = False
    "A provisional answer of theirs was a reliable one (100rel)."
    session_s: int = 0
    "Interval of the session timer; 0: none."
    refresher: Literal["", "we", "they"] = ""
    sound_to: str = ""
    "Where their SDP wants it: `host:port`."
    sound_from: str = ""
    "Where theirs came from."
    first_sound_ms: float | None = None
    speech: bool = False
    "Somebody spoke."
    packets: int | None = None
    "RTP packets that came; None: not counted yet."
    lost: int = 0
    jitter_ms: float = 0.0
    unauthentic: int = 0
    "Packets that their key had not secured."
    their_lost: int | None = None
    "Of our packets, as they reported by RTCP; None: they never did."
    their_jitter_ms: float | None = None
    bye_code: int | None = None
    "Their answer to our BYE; 0: none; None: we sent none."
    ended_by: Literal["", "we", "they", "lost"] = ""
    given_up: GivenUp = ""


class Finding(msgspec.Struct, frozen=True):
    """One line of the table."""

    about: str
    verdict: Verdict
    says: str
    "What was found; of what is not fine with its likely cause."


class TrialView(msgspec.Struct, frozen=True, kw_only=True):
    """A test call over one gateway of a trunk. It is no call of the centre."""

    id: str
    "Of its SIP messages: `ntpd112 trace ID`."
    trunk: str
    gateway: str
    way: str
    "`udp 10.1.0.5:5060`."
    to: str
    by: str
    state: TrialState
    fine: bool | None
    "None: it is not over."
    started_at: datetime
    facts: TrialFacts
    findings: list[Finding]
    "Empty until it is over."


class UnknownTrial(LookupError):
    """No test call of this trunk has this id (any more)."""
