"""Any events in any order, of few calls, callers and operators, so that they meet."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from hypothesis import strategies as st
from tests.memory.story import BUDI, SITI, T0

from ntpd112.journal import events as journal
from ntpd112.journal.events import Classification, Disposition, JournalEvent, OfferOutcome

CALLS = st.sampled_from([f"c{n}" for n in range(6)])
CALLERS = st.sampled_from([BUDI, SITI, ""])
OPERATORS = st.sampled_from(["ani", "budi"])
STATES = st.sampled_from(["ready", "ringing", "talking", "wrap-up", "break", "offline"])


def _of(kind: type[Any], /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[JournalEvent]:
    """An event without a time."""
    return st.builds(kind, at=st.just(0.0), **fields)


def _call(kind: type[Any], /, **fields: Any) -> st.SearchStrategy[JournalEvent]:
    return _of(kind, call_id=CALLS, **{k: v if hasattr(v, "map") else st.just(v) for k, v in fields.items()})


STARTED = _call(
    journal.CallStarted,
    region="35.78",
    trunk=st.sampled_from(["pbx", "telkomsel"]),
    dialled="112",
    caller=CALLERS,
    category=st.sampled_from(["", "fire"]),
    direction=st.sampled_from(["in", "in", "in", "out"]),
    location=st.sampled_from([None, {"latitude": -7.2, "longitude": 112.7}]),
)
QUEUED = _call(
    journal.CallQueued, queue=st.sampled_from(["112", "medical"]), priority=5, waited_s=st.floats(0, 90)
)
CONNECTED = _call(journal.CallConnected, offer=1, operator=OPERATORS)
ENDED = _call(
    journal.CallEnded,
    disposition=st.sampled_from(get_args(Disposition)),
    hangup_by="caller",
    sip_code=200,
    q850_cause=16,
)
CLASSIFIED = _call(
    journal.CallClassified, classification=st.sampled_from(get_args(Classification)), by=OPERATORS
)
OTHER = st.one_of(
    _call(journal.CallRequeued, queue="112", reason="operator lost"),
    _call(journal.CallScreened, result=st.sampled_from(["voice", "key", "panic", "silent"])),
    _call(
        journal.PartyJoined,
        leg=1001,
        kind=st.sampled_from(["operator", "centre"]),
        name=OPERATORS,
        purpose=st.sampled_from(["ladder", "transfer"]),
    ),
    _call(journal.OfferEnded, offer=1, operator=OPERATORS, outcome=st.sampled_from(get_args(OfferOutcome))),
    _call(journal.CallbackTried, attempt="x", operator=OPERATORS),
    _call(journal.CallbackClosed, outcome="reached", by=OPERATORS),
    _of(
        journal.CallerCorrected,
        caller=CALLERS,
        standing=st.sampled_from(["clean", "prank", "trusted"]),
        by=OPERATORS,
    ),
    _of(journal.FloodChanged, on=st.booleans(), reason=st.just("drill"), by=OPERATORS),
    _of(
        journal.TrunkMaintenance,
        trunk=st.sampled_from(["pbx", "telkom"]),
        on=st.booleans(),
        reason=st.just("new cable"),
        by=OPERATORS,
    ),
    _of(journal.OperatorChanged, operator=OPERATORS, state=STATES, previous=STATES),
    _of(journal.AgentStarted, version=st.just("1")),
    _call(journal.RecordingStarted, file="a.wav"),
)
PAUSES = st.sampled_from([0.0, 0.5, 12.0, 12.0, 200.0, 1_000.0, 90_000.0, -30.0])
"Seconds to the next event; a clock may be set back."


@st.composite
def days(draw: st.DrawFn) -> list[JournalEvent]:
    """Events in the order of a journal."""
    at, events = T0, []
    for event in draw(st.lists(STARTED | QUEUED | CONNECTED | ENDED | CLASSIFIED | OTHER, max_size=60)):
        at += draw(PAUSES)
        events.append(msgspec.structs.replace(event, at=at))
    return events
